//go:build go1.22

package wasm_sandbox_http

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Bytes of an answer's head that are taken.
const maxHead = 128 << 10

// Requests of http.Get, http.Client and whoever else asks for nothing else go through the host. What http.DefaultTransport is stays what it
// is, for whoever has to do with it; one that is cloned of it reaches nobody.
func init() {
	standard := http.DefaultTransport.(*http.Transport)
	// There is no other protocol than the host's, and none to make ready.
	standard.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	standard.RegisterProtocol("http", transport{})
	standard.RegisterProtocol("https", transport{})
}

type transport struct{}

// What is the host's to say, or net/http's to say otherwise.
var ignored = map[string]bool{
	"Connection": true, "Content-Length": true, "Host": true, "Keep-Alive": true, "Te": true, "Trailer": true,
	"Transfer-Encoding": true,
}

// RoundTrip sends a request; its body goes out beside the answer that comes.
func (transport) RoundTrip(request *http.Request) (*http.Response, error) {
	asked, err := beginning(request)
	if err != nil {
		return nil, errors.Join(err, closeBody(request))
	}
	context := request.Context()
	status, came, err := asked.ask(context)
	if err = failure(status, came, err); err != nil {
		return nil, errors.Join(err, closeBody(request))
	}
	exchange := &exchange{number: binary.LittleEndian.Uint32(came), context: context}
	if hasBody(request) {
		go exchange.send(request.Body)
	}
	head := frame{kind: 'n', asks: 'a', handle: exchange.number, room: maxHead}
	status, came, err = head.ask(context)
	if err = failure(status, came, err); err != nil {
		_ = exchange.Close()
		return nil, errors.Join(exchange.unsent, err)
	}
	return exchange.response(request, came)
}

func hasBody(request *http.Request) bool { return request.Body != nil && request.Body != http.NoBody }

func closeBody(request *http.Request) error {
	if request.Body == nil {
		return nil
	}
	return request.Body.Close()
}

// The frame that begins a request, in lines.
func beginning(request *http.Request) (*frame, error) {
	target := request.URL
	port, text := 80, target.Port()
	if target.Scheme == "https" {
		port = 443
	}
	if text != "" {
		number, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			return nil, err
		}
		port = int(number)
	}
	length := "-"
	switch {
	case !hasBody(request):
	case request.ContentLength > 0:
		length = strconv.FormatInt(request.ContentLength, 10)
	default:
		length = "*"
	}
	method := request.Method
	if method == "" {
		method = http.MethodGet
	}
	lines := []string{method, target.Scheme, target.Hostname(), target.RequestURI(), length}
	if _, said := request.Header["User-Agent"]; !said {
		lines = append(lines, "User-Agent:Go-http-client/1.1")
	}
	for name, values := range request.Header {
		for _, value := range values {
			if !ignored[name] && value != "" {
				lines = append(lines, name+":"+value)
			}
		}
	}
	for _, line := range lines {
		if strings.ContainsAny(line, "\r\n") {
			return nil, errors.New("http: a part of the request has the end of a line in it")
		}
	}
	carried := []byte(strings.Join(lines, "\n"))
	if len(carried) > requestLen {
		return nil, errors.New("http: the head of the request is too long")
	}
	return &frame{kind: 'n', asks: 'h', port: uint16(port), carried: carried, room: messageLen}, nil
}

// What the host says went wrong.
func failure(status int32, message []byte, err error) error {
	if err == nil && status < 0 {
		err = errors.New(string(message))
	}
	return err
}

// A request that is under way; it is the body of its answer, too.
type exchange struct {
	number  uint32
	context context.Context
	// Why the request's body could not be sent.
	unsent        error
	ended, closed bool
}

// Sends a request's body. A server that does not want all of it answers before.
func (exchange *exchange) send(body io.ReadCloser) {
	defer body.Close()
	piece := make([]byte, pieceLen)
	for {
		read, err := body.Read(piece)
		for sent := 0; sent < read; {
			send := frame{kind: 'n', asks: 'b', handle: exchange.number, carried: piece[sent:read], room: messageLen}
			status, _, failed := send.ask(exchange.context)
			if failed != nil || status < 0 {
				return
			}
			sent += int(status)
		}
		switch err {
		case nil:
		case io.EOF:
			end := frame{kind: 'n', asks: 'e', handle: exchange.number, room: messageLen}
			_, _, _ = end.ask(exchange.context)
			return
		default:
			exchange.unsent = err
			_ = exchange.Close()
			return
		}
	}
}

// The answer whose head came, in lines.
func (exchange *exchange) response(request *http.Request, head []byte) (*http.Response, error) {
	lines := strings.Split(string(head), "\n")
	code, err := strconv.Atoi(lines[0])
	if err != nil || len(lines) < 2 {
		return nil, fmt.Errorf("http: the head of the answer cannot be read: %q", head)
	}
	header := http.Header{}
	for _, line := range lines[2:] {
		name, value, _ := strings.Cut(line, ":")
		header.Add(name, value)
	}
	response := &http.Response{
		Status: strings.TrimSpace(lines[0] + " " + lines[1]), StatusCode: code,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, ContentLength: length(header), Body: exchange, Request: request,
	}
	return response, nil
}

// Read reads some of the answer's body.
func (exchange *exchange) Read(into []byte) (int, error) {
	if exchange.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	if exchange.ended {
		return 0, io.EOF
	}
	if len(into) == 0 {
		return 0, nil
	}
	wanted := min(len(into), pieceLen)
	read := frame{kind: 'n', asks: 'g', handle: exchange.number, wanted: wanted, room: messageLen}
	status, came, err := read.ask(exchange.context)
	switch err := failure(status, came, err); {
	case err != nil:
		return 0, err
	case status == 0:
		exchange.ended = true
		return 0, io.EOF
	}
	return copy(into, came), nil
}

// Close gives up what is left.
func (exchange *exchange) Close() error {
	if !exchange.closed {
		exchange.closed = true
		quit := frame{kind: 'n', asks: 'q', handle: exchange.number}
		quit.once()
	}
	return nil
}
