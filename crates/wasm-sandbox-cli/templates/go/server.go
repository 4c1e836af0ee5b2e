// An MCP server: reads messages from standard input, a line each, and writes what it replies to standard output.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"log"
	"os"
)

func main() {
	input, output := bufio.NewReader(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		line, ended := input.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			if reply := answer(line); reply != nil {
				if err := output.Encode(reply); err != nil {
					log.Fatal(err)
				}
			}
		}
		if ended != nil {
			return
		}
	}
}
