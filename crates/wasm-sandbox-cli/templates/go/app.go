// Package app answers requests with how many words a text has: what is posted, or what the query says.
package app

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// ServeHTTP answers one request.
func ServeHTTP(w http.ResponseWriter, r *http.Request) {
	posted, err := io.ReadAll(r.Body)
	text := string(posted)
	if err == nil && text == "" {
		text, err = url.QueryUnescape(r.URL.RawQuery)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	fmt.Fprintln(w, Count(text))
}
