package main

import (
	"go/types"
	"reflect"
	"strings"
)

// Bounds on what is described; what goes beyond them is shown by its name alone. Types that hold one another can be written
// in a few lines and have more fields than there is memory.
const (
	maxDepth = 24
	maxKinds = 2000
	maxTuple = 16
)

// Types of Go in the words of signatures.
type kinds struct {
	own *types.Package
	// Types that are being described, those of them that have names, and how many were.
	depth  int
	within []*types.Named
	count  int
	// Whether there was one of a package that is not known.
	unknown bool
}

func newKinds(own *types.Package) *kinds { return &kinds{own: own} }

var scalars = map[types.BasicKind]string{
	types.Bool: "bool", types.String: "string",
	types.Int: "s64", types.Int8: "s8", types.Int16: "s16", types.Int32: "s32", types.Int64: "s64",
	types.Uint: "u64", types.Uint8: "u8", types.Uint16: "u16", types.Uint32: "u32", types.Uint64: "u64",
	types.Float32: "f32", types.Float64: "f64",
}

// Methods of types that have a form of their own in JSON.
var custom = []string{
	"MarshalJSON", "UnmarshalJSON", "MarshalJSONTo", "UnmarshalJSONFrom", "MarshalText", "UnmarshalText", "AppendText",
}

// How a type travels into a function or out of it, if it does.
func (kinds *kinds) of(given types.Type, in bool) (any, bool) {
	given = types.Unalias(given)
	kinds.count++
	kinds.depth++
	defer func() { kinds.depth-- }()
	named, isNamed := given.(*types.Named)
	if isNamed {
		if kinds.hasOwnForm(named) || kinds.isWithin(named) {
			return kinds.any(given), true
		}
		kinds.within = append(kinds.within, named)
		defer func() { kinds.within = kinds.within[:len(kinds.within)-1] }()
	}
	switch kind := given.Underlying().(type) {
	case *types.Basic:
		if kind.Kind() == types.Invalid {
			kinds.unknown = true
		}
		scalar, travels := scalars[kind.Kind()]
		return scalar, travels
	case *types.Pointer:
		return kinds.holding("option", kind.Elem(), in)
	case *types.Slice:
		if element, is := kind.Elem().Underlying().(*types.Basic); is && element.Kind() == types.Uint8 {
			if _, plain := types.Unalias(kind.Elem()).(*types.Basic); isNamed || !plain {
				return "string", true // in base64
			}
		}
		return kinds.holding("list", kind.Elem(), in)
	case *types.Array:
		return kinds.array(kind, in)
	case *types.Map:
		if key, is := kind.Key().Underlying().(*types.Basic); is && key.Info()&(types.IsString|types.IsInteger) != 0 {
			return kinds.holding("map", kind.Elem(), in)
		}
	case *types.Struct:
		if kinds.beyond() {
			return kinds.any(given), true
		}
		return kinds.record(given, kind, in)
	case *types.Interface:
		return kinds.any(given), !in || kind.Empty()
	}
	return nil, false
}

func (kinds *kinds) holding(what string, inner types.Type, in bool) (any, bool) {
	if kinds.beyond() {
		return kinds.any(inner), true
	}
	kind, travels := kinds.of(inner, in)
	return map[string]any{what: kind}, travels
}

func (kinds *kinds) array(array *types.Array, in bool) (any, bool) {
	if array.Len() > maxTuple || array.Len() == 0 {
		return kinds.holding("list", array.Elem(), in)
	}
	if kinds.beyond() {
		return kinds.any(array), true
	}
	all := []any{}
	for range array.Len() {
		kind, travels := kinds.of(array.Elem(), in)
		if !travels {
			return nil, false
		}
		all = append(all, kind)
	}
	return map[string]any{"tuple": all}, true
}

func (kinds *kinds) record(given types.Type, fields *types.Struct, in bool) (any, bool) {
	all, names := []parameter{}, map[string]bool{}
	for index := range fields.NumFields() {
		field := fields.Field(index)
		name, options, _ := strings.Cut(reflect.StructTag(fields.Tag(index)).Get("json"), ",")
		if name == "-" && options == "" {
			continue
		}
		if field.Embedded() && name == "" || options != "" && !isOptional(options) {
			// Its form in JSON is another.
			return kinds.any(given), true
		}
		if !field.Exported() {
			continue
		}
		if name == "" {
			name = field.Name()
		}
		kind, travels := kinds.of(field.Type(), in)
		if !travels {
			return nil, false
		}
		if isOptional(options) {
			kind = map[string]any{"option": kind}
		}
		if names[name] {
			return kinds.any(given), true
		}
		names[name] = true
		all = append(all, parameter{name, kind})
	}
	name := "struct"
	if _, isNamed := given.(*types.Named); isNamed {
		name = kinds.name(given)
	}
	return map[string]any{"record": map[string]any{"name": name, "fields": all}}, true
}

// Whether a field may be missing, and nothing else is said of it.
func isOptional(options string) bool {
	for option := range strings.SplitSeq(options, ",") {
		if option != "omitempty" && option != "omitzero" {
			return false
		}
	}
	return true
}

// JSON of a form that is not described.
func (kinds *kinds) any(given types.Type) any { return map[string]any{"any": kinds.name(given)} }

func (kinds *kinds) name(given types.Type) string {
	short := func(other *types.Package) string {
		if other == kinds.own {
			return ""
		}
		return other.Name()
	}
	name := types.TypeString(given, short)
	if runes := []rune(name); len(runes) > 100 {
		return string(runes[:100]) + "..."
	}
	return name
}

func (kinds *kinds) beyond() bool { return kinds.depth > maxDepth || kinds.count > maxKinds }

func (kinds *kinds) isWithin(named *types.Named) bool {
	for _, one := range kinds.within {
		if types.Identical(one, named) {
			return true
		}
	}
	return false
}

func (kinds *kinds) hasOwnForm(named *types.Named) bool {
	if object := named.Obj(); object.Pkg() != nil && object.Pkg().Path() == "encoding/json" && object.Name() == "Number" {
		return true
	}
	if types.IsInterface(named) {
		return false
	}
	methods := types.NewMethodSet(types.NewPointer(named))
	for _, name := range custom {
		if methods.Lookup(nil, name) != nil {
			return true
		}
	}
	return false
}
