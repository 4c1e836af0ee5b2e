package plugin

import "testing"

func TestDocumentsAreSummarized(t *testing.T) {
	for text, expected := range map[string]Summary{
		"trust nobody": {"motto", 2, "nobody"},
		" \n":          {"motto", 0, ""},
	} {
		if found := Summarize(Document{"motto", text}); found != expected {
			t.Errorf("%q: %v", text, found)
		}
	}
}
