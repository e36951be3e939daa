package harvestertypes

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every field of upstream's types is in ours, under the same JSON name, with the same options and the same JSON type; and
// the other way round.
func TestFieldByField(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			theirs := fieldsOf(reflect.TypeOf(k.theirs).Elem())
			require.NotEmpty(t, theirs)
			assert.Equal(t, theirs, fieldsOf(reflect.TypeOf(k.ours).Elem()))
			assert.Equal(t, fieldsOf(reflect.TypeOf(k.theirL).Elem()), fieldsOf(reflect.TypeOf(k.oursL).Elem()))
		})
	}
}

// The comparison itself must notice a field that is missing, renamed, retyped or optional on one side only.
func TestFieldByFieldNotices(t *testing.T) {
	t.Parallel()
	type base struct {
		A string            `json:"a"`
		B map[string][]uint `json:"b,omitempty"`
	}
	for name, other := range map[string]any{
		"missing": struct {
			A string `json:"a"`
		}{},
		"renamed": struct {
			A string            `json:"x"`
			B map[string][]uint `json:"b,omitempty"`
		}{},
		"retyped": struct {
			A string             `json:"a"`
			B map[string][]int64 `json:"b,omitempty"`
		}{},
		"required": struct {
			A string            `json:"a"`
			B map[string][]uint `json:"b"`
		}{},
		"pointer": struct {
			A *string           `json:"a"`
			B map[string][]uint `json:"b,omitempty"`
		}{},
	} {
		assert.NotEqual(t, fieldsOf(reflect.TypeFor[base]()), fieldsOf(reflect.TypeOf(other)), name)
	}
	type named string
	assert.Equal(t, fieldsOf(reflect.TypeFor[base]()), fieldsOf(reflect.TypeOf(struct {
		A named             `json:"a"`
		B map[string][]uint `json:"b,omitempty"`
	}{})), "a name for a string makes no difference in JSON")
}

// fieldsOf lists the JSON fields of a struct by path, each with its options and type.
func fieldsOf(t reflect.Type) map[string]string {
	fields := map[string]string{}
	collect(t, "", fields)

	return fields
}

func collect(t reflect.Type, path string, fields map[string]string) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		collect(t.Elem(), path+"[]", fields)
		return
	case reflect.Struct:
	default:
		return
	}
	if isShared(t) {
		return
	}
	for i := range t.NumField() {
		field := t.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.Anonymous && name == "" {
			fields[path+"."+field.Type.String()] = "inline"
			collect(field.Type, path, fields)
			continue
		}
		fields[path+"."+name] = fmt.Sprintf("%s %s", describe(field.Type), options)
		collect(field.Type, path+"."+name, fields)
	}
}

// isShared is true for types that both sides take from Kubernetes.
func isShared(t reflect.Type) bool { return strings.HasPrefix(t.PkgPath(), "k8s.io/") }

// describe names a type as JSON sees it: a named string is a string.
func describe(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return "*" + describe(t.Elem())
	case reflect.Slice:
		return "[]" + describe(t.Elem())
	case reflect.Map:
		return "map[" + describe(t.Key()) + "]" + describe(t.Elem())
	case reflect.Struct:
		if isShared(t) {
			return t.String()
		}
		return "struct"
	default:
		return t.Kind().String()
	}
}
