// Builds a guest from a Go module: describes the functions that it exports, adds a file that carries their calls, and has the
// go command compile it. It runs in the jail, beside the source.
//
// driver OUTPUT [NAME]: builds the module in the current folder into OUTPUT/guest.wasm and OUTPUT/signatures.json. With a
// NAME, the folder has a single `source.go` that goes by this name.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

func main() {
	if err := buildGuest(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func buildGuest(output string, name []string) error {
	if len(name) > 0 {
		if err := stage(name[0]); err != nil {
			return err
		}
	}
	module, err := modulePath()
	if err != nil {
		return err
	}
	if err := addKit(); err != nil {
		return err
	}
	root, err := readPackage()
	if err != nil {
		return err
	}
	described := root.describe()
	if err := save(filepath.Join(output, "signatures.json"), described); err != nil {
		return err
	}
	target, mode, err := root.wrap(module, described)
	if err != nil {
		return err
	}
	wasm := filepath.Join(output, "guest.wasm")
	return run("build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-buildmode="+mode, "-o", wasm, target)
}

// The module's path; a folder without a manifest gets one.
func modulePath() (string, error) {
	text, err := os.ReadFile("go.mod")
	if errors.Is(err, os.ErrNotExist) {
		// "go1.27.3" is a version of the language "1.27".
		version := strings.SplitN(strings.TrimPrefix(runtime.Version(), "go"), ".", 3)
		text = fmt.Appendf(nil, "module guest\n\ngo %s.%s\n", version[0], version[1])
		err = os.WriteFile("go.mod", text, 0o644)
	}
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "//")
		if words := strings.Fields(line); len(words) == 2 && words[0] == "module" {
			return strings.Trim(words[1], "\"`"), nil
		}
	}
	return "", errors.New("go.mod: it does not say which module this is: write `module NAME`")
}

func save(path string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}
