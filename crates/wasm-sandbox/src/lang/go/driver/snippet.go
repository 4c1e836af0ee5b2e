package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Gives the one file of a source the name that it goes by, if the go command takes it by that name, and makes a program of
// it if it is a snippet.
func stage(name string) error {
	text, err := os.ReadFile("source.go")
	if err != nil {
		return err
	}
	if !hasPackage(text) {
		text = program(string(text), name)
		if err := os.WriteFile("source.go", text, 0o644); err != nil {
			return err
		}
	}
	if name == "source.go" {
		return nil
	}
	if err := os.Rename("source.go", name); err != nil {
		return err
	}
	// `x_linux.go` and `x_test.go` mean something to the go command.
	if fits, err := target().MatchFile(".", name); err == nil && !fits || strings.HasSuffix(name, "_test.go") {
		return os.Rename(name, "source.go")
	}
	return nil
}

func hasPackage(text []byte) bool {
	var words scanner.Scanner
	files := token.NewFileSet()
	words.Init(files.AddFile("", -1, len(text)), text, nil, 0)
	_, first, _ := words.Scan()
	return first == token.PACKAGE
}

// Makes a program of declarations, statements or an expression, with the imports that it leaves out.
func program(text, name string) []byte {
	body := strings.TrimSpace(text)
	declarations := fmt.Sprintf("//line %s:1:1\n%s\n", name, text)
	statements := fmt.Sprintf("func main() {\n//line %s:1:1\n%s\n}\n", name, text)
	const value = "wasm_sandbox_value"
	printed := fmt.Sprintf("func main() {\n%s :=\n//line %s:1:1\n%s\nfmt.Println(%s)\n}\n", value, name, body, value)
	if _, err := parser.ParseExpr(body); err == nil {
		if isValue(body) {
			return withImports(printed)
		}
		return withImports(statements)
	}
	files := token.NewFileSet()
	if _, err := parser.ParseFile(files, name, "package main\n"+declarations, 0); err == nil {
		return withImports(declarations)
	}
	return withImports(statements)
}

// Whether an expression has one value, which somebody may want to see.
func isValue(text string) bool {
	source := withImports("func main() {\n" + text + "\n}\n")
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "source.go", source, 0)
	if err != nil {
		return false
	}
	root := &rootPackage{name: "main", files: files, syntax: []*ast.File{file}}
	for _, one := range file.Imports {
		root.imports = append(root.imports, unquoted(one.Path.Value))
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	root.check(exportFiles(root.imports), info)
	main := file.Decls[len(file.Decls)-1].(*ast.FuncDecl)
	statement, is := main.Body.List[0].(*ast.ExprStmt)
	if !is {
		return false
	}
	found := info.Types[statement.X]
	_, several := found.Type.(*types.Tuple)
	return found.IsValue() && !several
}

// Adds a package clause, and an import for each package of the standard library that is used without one.
func withImports(text string) []byte {
	const clause = "package main\n"
	files := token.NewFileSet()
	file, _ := parser.ParseFile(files, "source.go", clause+text, 0)
	paths := []string{}
	if file != nil {
		unresolved := map[*ast.Ident]bool{}
		for _, name := range file.Unresolved {
			unresolved[name] = true
		}
		for node := range ast.Preorder(file) {
			selector, is := node.(*ast.SelectorExpr)
			if !is {
				continue
			}
			name, is := selector.X.(*ast.Ident)
			if path := ""; is && unresolved[name] && !imports(file, name.Name) {
				if path = standard(name.Name); path != "" && !slices.Contains(paths, path) {
					paths = append(paths, path)
				}
			}
		}
	}
	lines := ""
	for _, path := range paths {
		lines += fmt.Sprintf("import %q\n", path)
	}
	return []byte(clause + lines + text)
}

func imports(file *ast.File, name string) bool {
	for _, one := range file.Imports {
		if one.Name != nil && one.Name.Name == name || filepath.Base(unquoted(one.Path.Value)) == name {
			return true
		}
	}
	return false
}

// Folders of the standard library in which a package is looked for by its name.
var folders = []string{
	"", "encoding", "math", "container", "text", "unicode", "path", "io", "os", "log", "hash", "crypto", "regexp", "sync",
	"compress", "archive", "html", "image", "index", "net", "mime", "runtime", "go",
}

func standard(name string) string {
	for _, folder := range folders {
		path := filepath.Join(folder, name)
		if files, _ := filepath.Glob(filepath.Join(os.Getenv("GOROOT"), "src", path, "*.go")); len(files) > 0 {
			return path
		}
	}
	return ""
}
