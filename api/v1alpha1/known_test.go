package v1alpha1_test

import (
	"reflect"
	"strings"
	"testing"
)

// known tells which paths of JSON fields a kind has. Inside a map or a list every path is known.
func known(t *testing.T, object object) func(path string) bool {
	t.Helper()
	return func(path string) bool {
		kind := reflect.TypeOf(object).Elem()
		for name := range strings.SplitSeq(path, ".") {
			for kind.Kind() == reflect.Pointer {
				kind = kind.Elem()
			}
			if kind.Kind() != reflect.Struct {
				return true
			}
			field, found := fieldOf(kind, name)
			if !found {
				return false
			}
			kind = field.Type
		}
		return true
	}
}

func fieldOf(kind reflect.Type, name string) (reflect.StructField, bool) {
	for i := range kind.NumField() {
		if tag, _, _ := strings.Cut(kind.Field(i).Tag.Get("json"), ","); tag == name {
			return kind.Field(i), true
		}
	}
	return reflect.StructField{}, false
}
