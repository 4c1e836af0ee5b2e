// Prints how many words its arguments have, or its input.
package main

import (
	"fmt"
	"io"
	"log"
	"os"
	"strings"
)

func main() {
	text := strings.Join(os.Args[1:], " ")
	if text == "" {
		input, err := io.ReadAll(os.Stdin)
		if err != nil {
			log.Fatal(err)
		}
		text = string(input)
	}
	fmt.Println(Count(text))
}
