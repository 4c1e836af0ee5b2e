// The Model Context Protocol, as far as a server with tools speaks it.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// The newest first.
var versions = []string{"2025-06-18", "2024-11-05"}

// What a model may call: what it is told of it, and the function.
type tool struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	InputSchema any    `json:"inputSchema"`
	run         func(given json.RawMessage) (string, error)
}

var tools = []tool{{
	Name:        "count_words",
	Description: "Counts the words of a text.",
	InputSchema: json.RawMessage(`{"type":"object","properties":{"text":{"type":"string"}},"required":["text"]}`),
	run:         countWords,
}}

func countWords(given json.RawMessage) (string, error) {
	var words struct{ Text *string }
	if err := json.Unmarshal(given, &words); err != nil || words.Text == nil {
		return "", errors.New("`text` must be a string")
	}
	return strconv.Itoa(Count(*words.Text)), nil
}

type request struct {
	JSONRPC string          `json:"jsonrpc"`
	Method  *string         `json:"method"`
	ID      json.RawMessage `json:"id"`
	Params  json.RawMessage `json:"params"`
}

type reply struct {
	Error   *refusal        `json:"error,omitempty"`
	ID      json.RawMessage `json:"id"`
	JSONRPC string          `json:"jsonrpc"`
	Result  any             `json:"result,omitempty"`
}

// A request that is answered with an error.
type refusal struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// The reply to a message; nil to a notification.
func answer(line []byte) *reply {
	if !json.Valid(line) {
		return &reply{Error: &refusal{-32700, "this is no JSON"}, JSONRPC: "2.0"}
	}
	var asked request
	if err := json.Unmarshal(line, &asked); err != nil || !asked.isWhole() {
		return &reply{Error: &refusal{-32600, "this is no request"}, JSONRPC: "2.0"}
	}
	if asked.ID == nil {
		return nil
	}
	result, refused := asked.result()
	return &reply{refused, asked.ID, "2.0", result}
}

func (asked *request) isWhole() bool {
	var id any
	if asked.ID != nil && json.Unmarshal(asked.ID, &id) != nil {
		return false
	}
	switch id.(type) {
	case string, float64:
	default:
		if asked.ID != nil {
			return false
		}
	}
	return asked.JSONRPC == "2.0" && asked.Method != nil
}

func (asked *request) result() (any, *refusal) {
	var params struct {
		ProtocolVersion string          `json:"protocolVersion"`
		Name            string          `json:"name"`
		Arguments       json.RawMessage `json:"arguments"`
	}
	if asked.Params != nil && json.Unmarshal(asked.Params, &params) != nil {
		return nil, &refusal{-32602, "the parameters are not what they should be"}
	}
	switch *asked.Method {
	case "initialize":
		version := params.ProtocolVersion
		if !slices.Contains(versions, version) {
			version = versions[0]
		}
		return map[string]any{
			"capabilities":    map[string]any{"tools": struct{}{}},
			"protocolVersion": version,
			"serverInfo":      map[string]string{"name": "{name}", "version": "0.1.0"},
		}, nil
	case "ping":
		return struct{}{}, nil
	case "tools/list":
		return map[string]any{"tools": tools}, nil
	case "tools/call":
		return call(params.Name, params.Arguments)
	}
	return nil, &refusal{-32601, fmt.Sprintf("there is no method %s", *asked.Method)}
}

// What a tool says, or why it failed: the model reads both.
func call(wanted string, given json.RawMessage) (any, *refusal) {
	index := slices.IndexFunc(tools, func(one tool) bool { return one.Name == wanted })
	if index < 0 {
		return nil, &refusal{-32602, fmt.Sprintf("there is no tool %s", wanted)}
	}
	said, err := tools[index].run(given)
	if err != nil {
		said = err.Error()
	}
	return map[string]any{"content": []any{map[string]string{"text": said, "type": "text"}}, "isError": err != nil}, nil
}
