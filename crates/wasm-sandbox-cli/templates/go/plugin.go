// Package plugin summarizes documents.
package plugin

import (
	"fmt"
	"os"
	"strings"
)

type Document struct {
	Title string `json:"title"`
	Text  string `json:"text"`
}

type Summary struct {
	Title   string `json:"title"`
	Words   int    `json:"words"`
	Longest string `json:"longest"`
}

// Summarize says how many words a document has, and which is the longest.
func Summarize(document Document) Summary {
	words, longest := strings.Fields(document.Text), ""
	for _, word := range words {
		if len(word) > len(longest) {
			longest = word
		}
	}
	fmt.Fprintf(os.Stderr, "info: %d words\n", len(words))
	return Summary{document.Title, len(words), longest}
}
