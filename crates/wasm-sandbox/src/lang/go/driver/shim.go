package main

import (
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	shimFile = "wasm_sandbox_exports.go"
	mainName = "wasm_sandbox_main"
	// What the packages are called that are added where they are used: "abi" carries calls, "http" answers requests.
	packagePrefix = "wasm_sandbox_"
)

//go:embed abi http
var packages embed.FS

// Adds the file that carries calls, and says what is to be built and how. A program without functions stays as it is.
func (root *rootPackage) wrap(module string, described *description) (target, mode string, err error) {
	program := root.name == "main" && root.declares("main")
	functions := []signature{}
	for _, one := range described.Functions {
		if !one.own {
			functions = append(functions, one)
		}
	}
	if !root.whole || program && len(functions) == 0 && !described.own && !described.handles {
		return ".", "default", nil
	}
	var shim strings.Builder
	carried := described.handles
	for index, one := range functions {
		carried = carried || one.Abi == "json"
		one.write(&shim, index)
	}
	clause := fmt.Sprintf("package %s\n\n", root.name)
	used := []string{}
	if carried {
		used = append(used, "abi")
	}
	if described.handles {
		used = append(used, "http")
	}
	for _, name := range used {
		clause += fmt.Sprintf("import %s%s \"%s/%s%s\"\n\n", packagePrefix, name, module, packagePrefix, name)
		if err := addPackage(name); err != nil {
			return "", "", err
		}
	}
	if described.handles {
		fmt.Fprintf(&shim, "var wasm_sandbox_handle = %shttp.Serve(%s)\n\n", packagePrefix, handlerName)
		handles := signature{Name: "wasm_sandbox_handle", Export: "wasm_sandbox_serve", Abi: "json"}
		handles.write(&shim, len(functions))
	}
	target = "."
	switch {
	case program:
		shim.WriteString("//go:wasmexport _start\nfunc wasm_sandbox_start() { main() }\n")
	case root.name == "main":
		shim.WriteString("func main() {}\n")
	default:
		target = "./" + mainName
		text := fmt.Sprintf("package main\n\nimport _ \"%s\"\n\nfunc main() {}\n", module)
		if err := create(filepath.Join(mainName, "main.go"), []byte(text)); err != nil {
			return "", "", err
		}
	}
	return target, "c-shared", create(shimFile, []byte(clause+shim.String()))
}

// Adds a package of ours to the module.
func addPackage(name string) error {
	files, err := packages.ReadDir(name)
	if err != nil {
		return err
	}
	for _, file := range files {
		text, err := packages.ReadFile(name + "/" + file.Name())
		if err != nil {
			return err
		}
		if err := create(filepath.Join(packagePrefix+name, file.Name()), text); err != nil {
			return err
		}
	}
	return nil
}

func (one *signature) write(shim *strings.Builder, index int) {
	fmt.Fprintf(shim, "//go:wasmexport %s\n", one.Export)
	if one.Abi == "json" {
		fmt.Fprintf(shim, "func wasm_sandbox_%d(pointer, len uint32) uint64 { return %sabi.Call(%s, pointer, len) }\n\n", index, packagePrefix, one.Name)
		return
	}
	taken, passed := []string{}, []string{}
	for place, basic := range one.passed {
		taken = append(taken, fmt.Sprintf("p%d %s", place, carrier(basic)))
		passed = append(passed, fmt.Sprintf("%s(p%d)", basic.Name(), place))
	}
	call := fmt.Sprintf("%s(%s)", one.Name, strings.Join(passed, ", "))
	result := ""
	if one.returned != nil {
		result = carrier(one.returned)
		call = fmt.Sprintf("return %s(%s)", result, call)
	}
	fmt.Fprintf(shim, "func wasm_sandbox_%d(%s) %s { %s }\n\n", index, strings.Join(taken, ", "), result, call)
}

// Writes a file that the module must not have.
func create(path string, text []byte) error {
	if folder := filepath.Dir(path); folder != "." {
		if err := os.Mkdir(folder, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s: the name is taken by what carries calls", path)
	}
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Close())
}
