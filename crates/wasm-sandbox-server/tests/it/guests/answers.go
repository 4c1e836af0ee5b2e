// Answers requests in the way that their path says; `guests/http`, `answers.js` and `answers.py` do the same. What only this one has is
// for `go.rs`.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

var answered int

func ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.RawQuery
	switch r.URL.Path {
	case "/hello":
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprintln(w, "hello")
	case "/count":
		answered++
		fmt.Fprintln(w, answered)
	case "/echo":
		echo(w, r.Body)
	case "/sum":
		sum(w, r.Body)
	case "/status":
		status, _ := strconv.Atoi(query)
		w.WriteHeader(status)
	case "/said":
		said, written, _ := strings.Cut(query, ",")
		count, _ := strconv.Atoi(written)
		w.Header().Set("Content-Length", said)
		io.WriteString(w, strings.Repeat("x", count))
	case "/says":
		w.Header().Set("Content-Length", query)
	case "/flood":
		nothing := make([]byte, 4096)
		for err := error(nil); err == nil; _, err = w.Write(nothing) {
		}
	case "/slow":
		slow(w, query)
	case "/files":
		if text, err := os.ReadFile(query); err != nil {
			fmt.Fprintf(w, "Err(%v)\n", err)
		} else {
			fmt.Fprintf(w, "Ok(%q)\n", text)
		}
	case "/print":
		fmt.Println("printed", query)
		fmt.Fprintln(os.Stderr, "complained", query)
		fmt.Fprintln(w, "printed")
	case "/outgoing":
		if _, err := http.Get("http://" + query + "/"); err != nil {
			fmt.Fprintf(w, "Err(%v)\n", err)
		}
	case "/part":
		read, _ := io.ReadFull(r.Body, make([]byte, 10))
		fmt.Fprintln(w, read == 10)
	case "/trap":
		panic("no answer")
	case "/nothing":
		panic(http.ErrAbortHandler)
	case "/loop":
		if query != "" {
			os.WriteFile(query, []byte("begun"), 0o644)
		}
		for {
		}
	case "/memory":
		for held := [][]byte{}; ; {
			held = append(held, []byte(strings.Repeat("1", 1<<20)))
		}
	default:
		more.ServeHTTP(w, r)
	}
}

func echo(w http.ResponseWriter, body io.Reader) {
	piece := make([]byte, 64<<10)
	for {
		read, err := body.Read(piece)
		w.Write(piece[:read])
		w.(http.Flusher).Flush()
		if err != nil {
			return
		}
	}
}

func sum(w io.Writer, body io.Reader) {
	piece, bytes, sum := make([]byte, 64<<10), 0, 0
	for {
		read, err := body.Read(piece)
		bytes += read
		for _, one := range piece[:read] {
			sum += int(one)
		}
		if err != nil {
			fmt.Fprintf(w, "%d %d %v\n", bytes, sum, err == io.EOF)
			return
		}
	}
}

func slow(w http.ResponseWriter, millis string) {
	pause, _ := time.ParseDuration(millis + "ms")
	for piece := 0; ; piece++ {
		if _, err := fmt.Fprintln(w, piece); err != nil || http.NewResponseController(w).Flush() != nil {
			return
		}
		time.Sleep(pause)
	}
}

var more = http.NewServeMux()

var alone = &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}

func init() {
	more.HandleFunc("GET /told/{name}", told)
	more.HandleFunc("/beside", beside)
	more.HandleFunc("/proxy", proxy)
	more.HandleFunc("/forward/{rest...}", func(w http.ResponseWriter, r *http.Request) {
		target := &url.URL{Scheme: "http", Host: r.URL.Query().Get("to")}
		(&httputil.ReverseProxy{Rewrite: func(one *httputil.ProxyRequest) { one.SetURL(target) }}).ServeHTTP(w, r)
	})
	more.HandleFunc("/patience", func(w http.ResponseWriter, r *http.Request) {
		limited, end := context.WithTimeout(r.Context(), 50*time.Millisecond)
		defer end()
		request, _ := http.NewRequestWithContext(limited, "GET", "http://"+r.URL.RawQuery+"/", nil)
		_, err := http.DefaultClient.Do(request)
		fmt.Fprintln(w, err)
	})
	more.HandleFunc("/alone", func(w http.ResponseWriter, r *http.Request) {
		_, err := alone.Get("http://" + r.URL.RawQuery + "/")
		fmt.Fprintln(w, err)
	})
	more.HandleFunc("/long", func(w http.ResponseWriter, r *http.Request) {
		request, _ := http.NewRequest("GET", "http://"+r.URL.RawQuery+"/", nil)
		request.Header.Set("X-Long", strings.Repeat("x", 200_000))
		_, err := http.DefaultClient.Do(request)
		fmt.Fprintln(w, err)
	})
	more.HandleFunc("/late", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "some")
		w.(http.Flusher).Flush()
		panic("too late")
	})
	more.HandleFunc("/never", func(http.ResponseWriter, *http.Request) { select {} })
	more.HandleFunc("/exit", func(http.ResponseWriter, *http.Request) { os.Exit(3) })
	more.HandleFunc("/field", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Lines", "a\r\nb: c")
		w.Header().Set("X-Latin", "\xe9")
		w.Header()["Content-Type"] = nil
		w.Header().Set("Connection", "close")
		io.WriteString(w, "<html>")
	})
	more.HandleFunc("/sniffed", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "<html>") })
}

func told(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintln(w, r.Method, r.URL, r.PathValue("name"), r.Host, r.RequestURI, r.ContentLength, r.Proto, r.Context().Err())
	for _, name := range []string{"X-Many", "X-Latin", "Proxy-Authorization", "Host"} {
		fmt.Fprintf(w, "%s: %q\n", name, r.Header[name])
	}
}

// Goroutines go on while the body is waited for, and timers end.
func beside(w http.ResponseWriter, r *http.Request) {
	steps := make(chan int)
	go func() {
		for step := range 3 {
			steps <- step
			time.Sleep(time.Millisecond)
		}
		close(steps)
	}()
	read := make(chan string)
	go func() {
		text, _ := io.ReadAll(r.Body)
		read <- string(text)
	}()
	for step := range steps {
		fmt.Fprintln(w, step)
		w.(http.Flusher).Flush()
	}
	fmt.Fprintln(w, <-read)
}

func proxy(w http.ResponseWriter, r *http.Request) {
	to, _ := strings.CutPrefix(r.URL.RawQuery, "http://")
	request, err := http.NewRequest(r.Method, "http://"+to, r.Body)
	if err == nil {
		request.ContentLength = r.ContentLength
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	for name, values := range answer.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.StatusCode)
	if _, err := io.Copy(w, answer.Body); err != nil {
		panic(http.ErrAbortHandler)
	}
}
