package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"strconv"
	"strings"
)

// The package at the root of the module.
type rootPackage struct {
	name    string
	imports []string
	files   *token.FileSet
	syntax  []*ast.File
	// Whether all of it could be read. What could not is for the compiler to complain of.
	whole bool
}

func readPackage() (*rootPackage, error) {
	found, err := target().ImportDir(".", 0)
	var none *build.NoGoError
	if errors.As(err, &none) {
		if err := refuseCgo(none.Dir, found.IgnoredGoFiles); err != nil {
			return nil, err
		}
		return nil, errors.New("there is no Go file for GOOS=wasip1 in the module's folder")
	}
	var several *build.MultiplePackageError
	if errors.As(err, &several) {
		return nil, fmt.Errorf("%s is of the package %s, and %s of %s", several.Files[0], several.Packages[0],
			several.Files[1], several.Packages[1])
	}
	if err := refuseCgo(".", found.IgnoredGoFiles); err != nil {
		return nil, err
	}
	root := &rootPackage{name: found.Name, imports: found.Imports, files: token.NewFileSet(), whole: err == nil}
	for _, name := range found.GoFiles {
		file, err := parser.ParseFile(root.files, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		root.whole = root.whole && err == nil
		if file != nil {
			root.syntax = append(root.syntax, file)
		}
	}
	return root, nil
}

func target() *build.Context {
	context := build.Default
	context.GOOS, context.GOARCH, context.CgoEnabled = "wasip1", "wasm", false
	return &context
}

// Files that need a C compiler are left out without a word by the go command.
func refuseCgo(folder string, names []string) error {
	for _, name := range names {
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, name, nil, parser.ImportsOnly)
		if err != nil {
			continue
		}
		for _, one := range file.Imports {
			if one.Path.Value == `"C"` {
				return fmt.Errorf("%s: `import \"C\"` needs cgo, which there is not for guests", files.Position(one.Pos()))
			}
		}
	}
	return nil
}

func (root *rootPackage) declares(name string) bool {
	for _, file := range root.syntax {
		for _, declaration := range file.Decls {
			function, is := declaration.(*ast.FuncDecl)
			if is && function.Recv == nil && function.Name.Name == name {
				return true
			}
		}
	}
	return false
}

// Checks the types of the package, with those of what it imports if these are known.
func (root *rootPackage) check(exports map[string]string, info *types.Info) *types.Package {
	lookup := func(path string) (io.ReadCloser, error) {
		if file, found := exports[path]; found {
			return os.Open(file)
		}
		return nil, errors.New("it is not known")
	}
	config := types.Config{
		Importer:         importer.ForCompiler(root.files, "gc", lookup),
		Error:            func(error) {},
		IgnoreFuncBodies: info == nil,
		Sizes:            types.SizesFor("gc", "wasm"),
	}
	// What is wrong is for the compiler to say.
	checked, _ := config.Check(root.name, root.files, root.syntax, info)
	return checked
}

// The name that `//go:wasmexport` gives a function.
func exportedAs(function *ast.FuncDecl) (string, bool) {
	if function.Doc == nil {
		return "", false
	}
	for _, line := range function.Doc.List {
		if name, found := strings.CutPrefix(line.Text, "//go:wasmexport "); found {
			return strings.TrimSpace(name), true
		}
	}
	return "", false
}

func unquoted(text string) string {
	plain, err := strconv.Unquote(text)
	if err != nil {
		return text
	}
	return plain
}
