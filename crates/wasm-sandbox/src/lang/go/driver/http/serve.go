//go:build go1.22

// Package wasm_sandbox_http has a handler of net/http answer a request of the host's, and sends requests through the host.
package wasm_sandbox_http

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"
)

// Bytes of a body that are kept back: an answer that has no more says its length.
const keptLen = 4096

// What the host tells of a request. Characters of values are bytes.
type asked struct {
	Method    string      `json:"method"`
	Scheme    string      `json:"scheme"`
	Authority string      `json:"authority"`
	Path      string      `json:"path"`
	Headers   [][2]string `json:"headers"`
	// Whether a body comes.
	Body bool `json:"body"`
}

// Serve gives a function that has the handler answer the request that it is told of.
func Serve(handler http.HandlerFunc) func(asked) error {
	return func(asked asked) (failed error) {
		ended, end := context.WithCancel(context.Background())
		defer end()
		request, err := asked.request(ended)
		if err != nil {
			handler, request = badRequest, &http.Request{Method: asked.Method}
		}
		answer := &answer{header: http.Header{}, isHead: asked.Method == http.MethodHead}
		defer func() {
			if why := recover(); why != nil {
				if why != http.ErrAbortHandler {
					log.Printf("http: panic serving %q: %v\n%s", asked.Path, why, debug.Stack())
				}
				failed = fmt.Errorf("%v", why)
			}
		}()
		handler(answer, request)
		return answer.finish()
	}
}

func badRequest(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "400 Bad Request", http.StatusBadRequest)
}

func (asked *asked) request(context context.Context) (*http.Request, error) {
	target, err := url.ParseRequestURI(asked.Path)
	if err != nil {
		return nil, err
	}
	request := &http.Request{
		Method: asked.Method, URL: target, Host: asked.Authority, RequestURI: asked.Path,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: http.NoBody,
	}
	for _, field := range asked.Headers {
		value := make([]byte, 0, len(field[1]))
		for _, character := range field[1] {
			value = append(value, byte(character))
		}
		request.Header.Add(field[0], string(value))
	}
	if asked.Body {
		request.Body, request.ContentLength = &body{}, length(request.Header)
	}
	return request.WithContext(context), nil
}

// How long a body is, or -1 where nobody has said it.
func length(header http.Header) int64 {
	length, err := strconv.ParseInt(header.Get("Content-Length"), 10, 64)
	if err != nil {
		return -1
	}
	return length
}

// The body of the request, as it comes.
type body struct{ closed bool }

func (body *body) Read(into []byte) (int, error) {
	if body.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	if len(into) == 0 {
		return 0, nil
	}
	read := frame{kind: 'h', asks: 'r', wanted: min(len(into), pieceLen), also: reads}
	status, came, err := read.ask(context.Background())
	switch {
	case err != nil:
		return 0, err
	case status < 0:
		return 0, io.ErrUnexpectedEOF
	case status == 0:
		return 0, io.EOF
	}
	return copy(into, came), nil
}

func (body *body) Close() error {
	body.closed = true
	return nil
}

// The answer, as the handler says it. Its head goes out with the first bytes that are not kept back.
type answer struct {
	header, said http.Header
	isHead       bool
	// 0 until it is said.
	status int
	kept   []byte
	// Whether the head has gone out.
	sent   bool
	failed error
}

func (answer *answer) Header() http.Header { return answer.header }

func (answer *answer) WriteHeader(status int) {
	switch {
	case status < 100 || status > 999:
		panic(fmt.Sprintf("invalid WriteHeader code %v", status))
	case status < 200:
		// Informational answers do not go out.
	case answer.status != 0:
		log.Printf("http: superfluous response.WriteHeader call with the status %d", status)
	default:
		answer.status, answer.said = status, answer.header.Clone()
	}
}

func (answer *answer) Write(data []byte) (int, error) {
	if answer.status == 0 {
		answer.WriteHeader(http.StatusOK)
	}
	if !answer.hasBody() {
		return 0, http.ErrBodyNotAllowed
	}
	if answer.failed != nil {
		return 0, answer.failed
	}
	if len(answer.kept)+len(data) <= keptLen && !answer.sent {
		answer.kept = append(answer.kept, data...)
		return len(data), nil
	}
	answer.begin(data)
	return len(data), answer.write(data)
}

func (answer *answer) WriteString(text string) (int, error) { return answer.Write([]byte(text)) }

// FlushError has what was written go out.
func (answer *answer) FlushError() error {
	if answer.status == 0 {
		answer.WriteHeader(http.StatusOK)
	}
	answer.begin(nil)
	return answer.failed
}

func (answer *answer) Flush() { _ = answer.FlushError() }

// EnableFullDuplex is what http.ResponseController asks for; bodies go both ways at the same time anyhow.
func (answer *answer) EnableFullDuplex() error { return nil }

func (answer *answer) hasBody() bool {
	return answer.status != http.StatusNoContent && answer.status != http.StatusNotModified
}

// Sends the head and what was kept back; next is what comes behind that.
func (answer *answer) begin(next []byte) {
	if answer.sent || answer.failed != nil {
		return
	}
	answer.sent = true
	kept := answer.kept
	answer.kept = nil
	start := kept
	if len(start) < 512 {
		start = append(start[:len(start):len(start)], next[:min(len(next), 512)]...)
	}
	_, typed := answer.said["Content-Type"]
	if !typed && answer.said.Get("Content-Encoding") == "" && len(start) > 0 {
		answer.said.Set("Content-Type", http.DetectContentType(start))
	}
	answer.failed = answer.say()
	_ = answer.write(kept)
}

// Says status and fields.
func (answer *answer) say() error {
	fields := [][2]string{}
	for name, values := range answer.said {
		if name == "Trailer" || strings.HasPrefix(name, http.TrailerPrefix) {
			continue
		}
		for _, value := range values {
			fields = append(fields, [2]string{name, characters(value)})
		}
	}
	text, err := json.Marshal(map[string]any{"status": answer.status, "headers": fields})
	if err != nil {
		return err
	}
	say := frame{kind: 'h', asks: 's', carried: text, room: messageLen}
	if status, why, err := say.ask(context.Background()); err != nil || status < 0 {
		return errors.Join(err, fmt.Errorf("http: the answer cannot be said: %s", why))
	}
	return nil
}

// Bytes as characters, without ends of lines.
func characters(value string) string {
	all := make([]rune, len(value))
	for index := range len(value) {
		all[index] = rune(value[index])
		if value[index] == '\r' || value[index] == '\n' {
			all[index] = ' '
		}
	}
	return string(all)
}

// Writes some of the body, which is not sent in answer to HEAD.
func (answer *answer) write(data []byte) error {
	for len(data) > 0 && !answer.isHead && answer.failed == nil {
		write := frame{kind: 'h', asks: 'w', carried: data[:min(len(data), pieceLen)], also: writes}
		status, _, err := write.ask(context.Background())
		if err == nil && status < 0 {
			err = errors.New("http: nobody reads the answer any more, or it is longer than was said")
		}
		answer.failed = err
		data = data[max(status, 0):]
	}
	return answer.failed
}

func (answer *answer) finish() error {
	if answer.status == 0 {
		answer.WriteHeader(http.StatusOK)
	}
	_, told := answer.said["Content-Length"]
	if !told && !answer.sent && answer.hasBody() && (!answer.isHead || len(answer.kept) > 0) {
		answer.said.Set("Content-Length", strconv.Itoa(len(answer.kept)))
	}
	answer.begin(nil)
	if answer.failed != nil {
		return answer.failed
	}
	finish := frame{kind: 'h', asks: 'f'}
	status, _, err := finish.ask(context.Background())
	if err == nil && status < 0 {
		err = errors.New("http: the body of the answer is not as long as was said")
	}
	return err
}
