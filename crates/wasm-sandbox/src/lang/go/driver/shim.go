package main

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	shimFile = "wasm_sandbox_exports.go"
	abiName  = "wasm_sandbox_abi"
	mainName = "wasm_sandbox_main"
)

//go:embed abi/abi.go
var abi []byte

// Adds the file that carries calls, and says what is to be built and how. A program without functions stays as it is.
func (root *rootPackage) wrap(module string, described *description) (target, mode string, err error) {
	program := root.name == "main" && root.declares("main")
	functions := []signature{}
	for _, one := range described.Functions {
		if !one.own {
			functions = append(functions, one)
		}
	}
	if !root.whole || program && len(functions) == 0 && !described.own {
		return ".", "default", nil
	}
	var shim strings.Builder
	fmt.Fprintf(&shim, "package %s\n\n", root.name)
	carried := false
	for index, one := range functions {
		carried = carried || one.Abi == "json"
		one.write(&shim, index)
	}
	if carried {
		text := strings.Replace(shim.String(), "\n", fmt.Sprintf("\n\nimport %s \"%s/%s\"\n", abiName, module, abiName), 1)
		shim.Reset()
		shim.WriteString(text)
		if err := create(filepath.Join(abiName, "abi.go"), abi); err != nil {
			return "", "", err
		}
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
	return target, "c-shared", create(shimFile, []byte(shim.String()))
}

func (one *signature) write(shim *strings.Builder, index int) {
	fmt.Fprintf(shim, "//go:wasmexport %s\n", one.Export)
	if one.Abi == "json" {
		fmt.Fprintf(shim, "func wasm_sandbox_%d(pointer, len uint32) uint64 { return %s.Call(%s, pointer, len) }\n\n", index, abiName, one.Name)
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
