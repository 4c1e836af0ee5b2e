// Package wasmsandbox is for guests of wasm-sandbox. Modules that wasm-sandbox compiles import it as "wasmsandbox", and need no
// line of their go.mod for that.
//
// Functions need nothing of it to be called: each that is exported can be. Functions that the host has registered are imported
// by Go's own directive; a text is a pointer and a length to the host:
//
//	//go:wasmimport env look
//	func look(text string) int32
package wasmsandbox

import (
	"fmt"
	"os"
)

// Error tells what went wrong, in a line on standard error, which the host keeps with the result.
func Error(format string, values ...interface{}) { tell("error", format, values) }

// Warn tells what may be wrong.
func Warn(format string, values ...interface{}) { tell("warning", format, values) }

// Info tells what is done.
func Info(format string, values ...interface{}) { tell("info", format, values) }

// Each line is written by one call, so that those of several goroutines do not mix.
func tell(level, format string, values []interface{}) {
	fmt.Fprintf(os.Stderr, level+": "+format+"\n", values...)
}
