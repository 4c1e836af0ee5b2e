package main

import (
	"fmt"
	"go/ast"
	"go/types"
	"strings"
)

// What the section `wasm-sandbox.signatures` says, but for its version.
type description struct {
	Functions []signature `json:"functions"`
	LeftOut   []leftOut   `json:"left_out"`
	// Whether functions export themselves.
	own bool
	// Whether there is one that answers HTTP requests.
	handles bool
}

type signature struct {
	Name   string      `json:"name"`
	Export string      `json:"export"`
	Doc    string      `json:"doc,omitempty"`
	Abi    string      `json:"abi"`
	Params []parameter `json:"params"`
	Result any         `json:"result,omitempty"`
	// Whether the function exports itself.
	own bool
	// Go's own types of what travels directly.
	passed   []*types.Basic
	returned *types.Basic
}

type parameter struct {
	Name string `json:"name"`
	Type any    `json:"type"`
}

type leftOut struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// Describes the exported functions. What packages export that are imported is asked for only if a function needs it.
func (root *rootPackage) describe() *description {
	if !root.whole {
		return &description{Functions: []signature{}, LeftOut: []leftOut{}}
	}
	checked := root.check(nil, nil)
	described, known := root.describeAs(checked)
	if !known && len(root.imports) > 0 {
		checked = root.check(exportFiles(root.imports), nil)
		described, _ = root.describeAs(checked)
	}
	return described
}

// Describes the functions by checked types; false if some are not known.
func (root *rootPackage) describeAs(checked *types.Package) (*description, bool) {
	all := &description{Functions: []signature{}, LeftOut: []leftOut{}}
	kinds := newKinds(checked)
	for _, file := range root.syntax {
		for _, declaration := range file.Decls {
			function, is := declaration.(*ast.FuncDecl)
			if !is || function.Recv != nil {
				continue
			}
			name, own := exportedAs(function)
			if !own && !function.Name.IsExported() {
				continue
			}
			all.own = all.own || own
			object, found := checked.Scope().Lookup(function.Name.Name).(*types.Func)
			if !found {
				continue
			}
			if !own {
				name = function.Name.Name
			}
			if name == handlerName && isHandler(object.Signature()) {
				all.handles = true
				all.LeftOut = append(all.LeftOut, leftOut{name, "it answers HTTP requests, which `wasm-sandbox serve` has it do"})
				continue
			}
			one, reason := kinds.function(object.Signature())
			one.Name, one.Export, one.own = name, name, own
			one.Doc = strings.TrimSpace(function.Doc.Text())
			switch {
			case own && (reason != "" || one.Abi != "direct" || !one.plain()):
				// Its export says itself what it takes.
			case reason != "":
				all.LeftOut = append(all.LeftOut, leftOut{name, reason})
			default:
				all.Functions = append(all.Functions, one)
			}
		}
	}
	return all, !kinds.unknown
}

// The name of the function that answers HTTP requests.
const handlerName = "ServeHTTP"

// Whether a function has the type of `http.HandlerFunc`.
func isHandler(function *types.Signature) bool {
	passed := function.Params()
	if function.TypeParams().Len() > 0 || function.Results().Len() > 0 || passed.Len() != 2 {
		return false
	}
	request, is := types.Unalias(passed.At(1).Type()).(*types.Pointer)
	return is && isOfHTTP(passed.At(0).Type(), "ResponseWriter") && isOfHTTP(request.Elem(), "Request")
}

func isOfHTTP(given types.Type, name string) bool {
	named, is := types.Unalias(given).(*types.Named)
	return is && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == "net/http" && named.Obj().Name() == name
}

// Describes a function, or says why it cannot be called.
func (kinds *kinds) function(function *types.Signature) (signature, string) {
	one := signature{Abi: "direct", Params: []parameter{}}
	if function.TypeParams().Len() > 0 {
		return one, "it is generic"
	}
	for index := range function.Params().Len() {
		passed := function.Params().At(index)
		name := passed.Name()
		if name == "" || name == "_" {
			name = fmt.Sprintf("p%d", index)
		}
		kind, travels := kinds.of(passed.Type(), true)
		if !travels {
			return one, fmt.Sprintf("its parameter `%s` has the type `%s`, which does not travel", name, kinds.name(passed.Type()))
		}
		one.Params = append(one.Params, parameter{name, kind})
		one.passed = append(one.passed, direct(passed.Type()))
	}
	results, fails := function.Results(), false
	count := results.Len()
	if count > 0 && types.Identical(results.At(count-1).Type(), types.Universe.Lookup("error").Type()) {
		count, fails = count-1, true
	}
	values := []any{}
	for index := range count {
		returned := results.At(index).Type()
		kind, travels := kinds.of(returned, false)
		if !travels {
			return one, fmt.Sprintf("its result has the type `%s`, which does not travel", kinds.name(returned))
		}
		values = append(values, kind)
		one.returned = direct(returned)
	}
	switch len(values) {
	case 0:
	case 1:
		one.Result = values[0]
	default:
		one.Result = map[string]any{"tuple": values}
	}
	if fails {
		one.Result = map[string]any{"result": map[string]any{"ok": one.Result, "err": "string"}}
	}
	if fails || len(values) > 1 || function.Variadic() || !one.isDirect() {
		one.Abi = "json"
	}
	return one, ""
}

func (one *signature) isDirect() bool {
	for _, passed := range one.passed {
		if passed == nil {
			return false
		}
	}
	return one.Result == nil || one.returned != nil
}

// Whether it takes and gives only what Go itself passes as WebAssembly does.
func (one *signature) plain() bool {
	is := func(basic *types.Basic) bool { return basic == nil || carrier(basic) == basic.Name() }
	for _, passed := range one.passed {
		if !is(passed) {
			return false
		}
	}
	return is(one.returned)
}

// The type, if it is one of Go's own that travel as one value of WebAssembly.
func direct(of types.Type) *types.Basic {
	basic, is := types.Unalias(of).(*types.Basic)
	if is && carrier(basic) != "" {
		return basic
	}
	return nil
}

// The type of Go's that an export has for one that it cannot have.
func carrier(basic *types.Basic) string {
	switch basic.Kind() {
	case types.Bool:
		return "bool"
	case types.Int8, types.Int16, types.Int32:
		return "int32"
	case types.Uint8, types.Uint16, types.Uint32:
		return "uint32"
	case types.Int, types.Int64:
		return "int64"
	case types.Uint, types.Uint64:
		return "uint64"
	case types.Float32:
		return "float32"
	case types.Float64:
		return "float64"
	}
	return ""
}
