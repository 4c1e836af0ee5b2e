package main

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	kitModule  = "wasmsandbox"
	kitVersion = "v0.0.0"
	kitFolder  = "wasm_sandbox_kit"
)

//go:embed kit/wasmsandbox.go
var kit []byte

// Adds the package for guests to a module that imports it and does not say where to find it.
func addKit() error {
	manifest, err := os.ReadFile("go.mod")
	if err != nil {
		return err
	}
	if slices.Contains(strings.Fields(string(manifest)), kitModule) || !importsKit() {
		return nil
	}
	if err := create(filepath.Join(kitFolder, "wasmsandbox.go"), kit); err != nil {
		return err
	}
	if err := create(filepath.Join(kitFolder, "go.mod"), []byte("module "+kitModule+"\n")); err != nil {
		return err
	}
	found := fmt.Sprintf("%s %s => ./%s", kitModule, kitVersion, kitFolder)
	manifest = fmt.Appendf(manifest, "\n\nrequire %s %s\n\nreplace %s\n", kitModule, kitVersion, found)
	if err := os.WriteFile("go.mod", manifest, 0o644); err != nil {
		return err
	}
	return addVendoredKit(found)
}

// Adds it to the packages that a module has with it, where there are such: no others are looked for then.
func addVendoredKit(found string) error {
	list := filepath.Join("vendor", "modules.txt")
	listed, err := os.ReadFile(list)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := create(filepath.Join("vendor", kitModule, "wasmsandbox.go"), kit); err != nil {
		return err
	}
	return os.WriteFile(list, fmt.Appendf(listed, "\n# %s\n## explicit\n%s\n", found, kitModule), 0o644)
}

// Whether a file of the module may import the package. It is no mistake to add it in vain.
func importsKit() bool {
	quoted, imported := []byte(`"`+kitModule+`"`), false
	_ = filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() && filepath.Ext(path) == ".go" {
			text, err := os.ReadFile(path)
			imported = imported || err == nil && bytes.Contains(text, quoted)
		}
		if imported {
			return fs.SkipAll
		}
		return nil
	})
	return imported
}
