package main

import (
	"encoding/json"
	"fmt"
	"testing"
)

// The reply to a message, as its client reads it.
func ask(method, params string) string {
	line := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":%s}`, method, params)
	text, _ := json.Marshal(answer([]byte(line)))
	return string(text)
}

func expect(t *testing.T, found, expected string) {
	t.Helper()
	if found != expected {
		t.Errorf("%s\nis not\n%s", found, expected)
	}
}

func TestItSpeaksTheVersionOfItsClientIfItCan(t *testing.T) {
	for asked, spoken := range map[string]string{"2024-11-05": "2024-11-05", "2999-01-01": "2025-06-18"} {
		expect(t, ask("initialize", fmt.Sprintf(`{"protocolVersion":%q}`, asked)), fmt.Sprintf(
			`{"id":1,"jsonrpc":"2.0","result":{"capabilities":{"tools":{}},"protocolVersion":%q,"serverInfo":{"name":"{name}","version":"0.1.0"}}}`, spoken))
	}
}

func TestToolsAreCalled(t *testing.T) {
	for text, result := range map[string]string{
		`"trust nobody"`: `{"content":[{"text":"2","type":"text"}],"isError":false}`,
		`5`:              "{\"content\":[{\"text\":\"`text` must be a string\",\"type\":\"text\"}],\"isError\":true}",
	} {
		found := ask("tools/call", fmt.Sprintf(`{"name":"count_words","arguments":{"text":%s}}`, text))
		expect(t, found, fmt.Sprintf(`{"id":1,"jsonrpc":"2.0","result":%s}`, result))
	}
}

func TestWhatIsUnknownIsRefused(t *testing.T) {
	for line, code := range map[string]int{
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"other"}}`: -32602,
		`{"jsonrpc":"2.0","id":1,"method":"other"}`:                                -32601,
		`[]`: -32600,
		`{`:  -32700,
	} {
		if reply := answer([]byte(line)); reply.Error == nil || reply.Error.Code != code {
			t.Errorf("%s is answered with %+v", line, reply)
		}
	}
}

func TestNotificationsAreNotAnswered(t *testing.T) {
	if reply := answer([]byte(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)); reply != nil {
		t.Error(reply)
	}
}
