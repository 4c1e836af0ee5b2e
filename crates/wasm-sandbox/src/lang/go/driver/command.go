package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Runs the go command, which says itself what is wrong.
func run(arguments ...string) error {
	command := goCommand(arguments)
	command.Stdout = os.Stdout
	command.Stderr = os.Stderr
	err := command.Run()
	if exit, failed := err.(*exec.ExitError); failed && exit.Exited() {
		os.Exit(exit.ExitCode())
	}
	return err
}

// The files with the exported types of packages and of all that they import.
func exportFiles(imports []string) map[string]string {
	format := "-f={{.ImportPath}}\t{{.Export}}"
	command := goCommand(append([]string{"list", "-trimpath", "-export", "-deps", format, "--"}, imports...))
	var stdout bytes.Buffer
	command.Stdout = &stdout
	// What it cannot compile is what the build will complain of.
	_ = command.Run()
	files := map[string]string{}
	for line := range strings.Lines(stdout.String()) {
		if path, file, found := strings.Cut(strings.TrimSpace(line), "\t"); found && file != "" {
			files[path] = file
		}
	}
	return files
}

func goCommand(arguments []string) *exec.Cmd {
	command := exec.Command(filepath.Join(os.Getenv("GOROOT"), "bin", "go"), arguments...)
	command.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	return command
}
