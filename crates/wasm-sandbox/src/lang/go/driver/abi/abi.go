//go:build go1.21

// Package wasm_sandbox_abi carries arguments and results of calls, as docs/abi.md says.
package wasm_sandbox_abi

import (
	jsonv1 "encoding/json"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"fmt"
	"reflect"
	"unsafe"
)

// What is lent to the caller or was filled by it, so that it is not collected.
var buffers = map[uintptr][]byte{}

var options = json.JoinOptions(
	jsonv1.DefaultOptionsV1(),
	json.FormatNilSliceAsNull(false),
	json.FormatNilMapAsNull(false),
	json.WithMarshalers(json.MarshalToFunc(writeBytes)),
	json.WithUnmarshalers(json.UnmarshalFromFunc(readBytes)),
)

//go:wasmexport wasm_sandbox_alloc
func alloc(len uint32) unsafe.Pointer {
	return keep(make([]byte, max(len, 1)))
}

//go:wasmexport wasm_sandbox_free
func free(pointer unsafe.Pointer, len uint32) {
	delete(buffers, uintptr(pointer))
}

// Call calls a function with the arguments in a buffer; the answer is in another.
func Call(function any, pointer, len uint32) uint64 {
	buffer := buffers[uintptr(pointer)]
	delete(buffers, uintptr(pointer))
	value := reflect.ValueOf(function)
	arguments, err := decode(value.Type(), buffer[:len])
	if err != nil {
		return answer("invalid", err.Error())
	}
	if value.Type().IsVariadic() {
		return answerResults(value.CallSlice(arguments))
	}
	return answerResults(value.Call(arguments))
}

func decode(function reflect.Type, buffer []byte) ([]reflect.Value, error) {
	var words []jsontext.Value
	if err := json.Unmarshal(buffer, &words); err != nil {
		return nil, err
	}
	if len(words) != function.NumIn() {
		return nil, fmt.Errorf("expected %d arguments, got %d", function.NumIn(), len(words))
	}
	arguments := make([]reflect.Value, len(words))
	for index, word := range words {
		argument := reflect.New(function.In(index))
		if err := json.Unmarshal(word, argument.Interface(), options); err != nil {
			return nil, fmt.Errorf("argument %d: %w", index+1, err)
		}
		arguments[index] = argument.Elem()
	}
	return arguments, nil
}

var errorType = reflect.TypeFor[error]()

func answerResults(results []reflect.Value) uint64 {
	if last := len(results) - 1; last >= 0 && results[last].Type() == errorType {
		if err, failed := results[last].Interface().(error); failed {
			return answer("err", err.Error())
		}
		results = results[:last]
	}
	switch len(results) {
	case 0:
		return answer("ok", nil)
	case 1:
		return answer("ok", results[0].Interface())
	}
	values := make([]any, len(results))
	for index, result := range results {
		values[index] = result.Interface()
	}
	return answer("ok", values)
}

func answer(kind string, value any) uint64 {
	text, err := json.Marshal(map[string]any{kind: value}, options)
	if err != nil {
		text, _ = json.Marshal(map[string]any{"invalid": err.Error()}, options)
	}
	return uint64(uintptr(keep(text)))<<32 | uint64(len(text))
}

func keep(buffer []byte) unsafe.Pointer {
	pointer := unsafe.Pointer(unsafe.SliceData(buffer))
	buffers[uintptr(pointer)] = buffer
	return pointer
}

func writeBytes(encoder *jsontext.Encoder, bytes []byte) error {
	numbers := make([]uint16, len(bytes))
	for index, one := range bytes {
		numbers[index] = uint16(one)
	}
	return json.MarshalEncode(encoder, numbers)
}

func readBytes(decoder *jsontext.Decoder, bytes *[]byte) error {
	var numbers []uint16
	if err := json.UnmarshalDecode(decoder, &numbers); err != nil {
		return err
	}
	*bytes = make([]byte, len(numbers))
	for index, number := range numbers {
		if number > 255 {
			return errors.New("a byte is at most 255")
		}
		(*bytes)[index] = byte(number)
	}
	return nil
}
