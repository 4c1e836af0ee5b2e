package app

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestATextIsPostedOrAskedFor(t *testing.T) {
	for _, one := range []struct{ query, posted, expected string }{
		{"?trust+no%62ody", "", "2\n"},
		{"?trust", "trust nobody at all", "4\n"},
		{"", "", "0\n"},
	} {
		answer := httptest.NewRecorder()
		ServeHTTP(answer, httptest.NewRequest("POST", "/"+one.query, strings.NewReader(one.posted)))
		if answer.Code != 200 || answer.Body.String() != one.expected {
			t.Errorf("%v: %d %q", one, answer.Code, answer.Body)
		}
	}
}
