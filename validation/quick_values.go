package validation

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

// unary and binary are the functions on values of JSON. What they return unknown for is for the library's function.
var unary = map[string]func(a any) any{
	operators.LogicalNot: negate,
	"size":               size,
	"dyn":                func(a any) any { return a },
	"int":                whole,
	"string":             text,
}

var binary = map[string]func(a, b any) any{
	operators.Equals:        equal,
	operators.NotEquals:     func(a, b any) any { return negate(equal(a, b)) },
	operators.Less:          func(a, b any) any { return compare(a, b, func(c int) bool { return c < 0 }) },
	operators.LessEquals:    func(a, b any) any { return compare(a, b, func(c int) bool { return c <= 0 }) },
	operators.Greater:       func(a, b any) any { return compare(a, b, func(c int) bool { return c > 0 }) },
	operators.GreaterEquals: func(a, b any) any { return compare(a, b, func(c int) bool { return c >= 0 }) },
	operators.Add:           add,
	operators.In:            in,
	"split":                 splitText,
	"contains":              ofTexts(strings.Contains),
	"startsWith":            ofTexts(strings.HasPrefix),
	"endsWith":              ofTexts(strings.HasSuffix),
	"indexOf":               func(a, b any) any { return indexOf(a, b, false) },
	"lastIndexOf":           func(a, b any) any { return indexOf(a, b, true) },
}

// equal compares texts, truth values, numbers and a library's own values with their like. All else is unknown.
func equal(a, b any) any {
	switch left := a.(type) {
	case string:
		if right, ok := b.(string); ok {
			return left == right
		}
	case bool:
		if right, ok := b.(bool); ok {
			return left == right
		}
	case int64:
		if right, ok := b.(int64); ok {
			return left == right
		}
	case float64:
		if right, ok := b.(float64); ok {
			return left == right
		}
	case ref.Val:
		if right, ok := b.(ref.Val); ok {
			return fromCEL(types.Equal(left, right))
		}
	}
	return unknown
}

func negate(value any) any {
	if v, ok := value.(bool); ok {
		return !v
	}
	return unknown
}

func compare(a, b any, holds func(int) bool) any {
	left, ok := a.(int64)
	right, okToo := b.(int64)
	if !ok || !okToo {
		return unknown
	}
	return holds(cmp.Compare(left, right))
}

func add(a, b any) any {
	switch left := a.(type) {
	case int64:
		const far = math.MaxInt64 / 4
		if right, ok := b.(int64); ok && -far < left && left < far && -far < right && right < far {
			return left + right
		}
	case string:
		if right, ok := b.(string); ok {
			return left + right
		}
	case []any:
		if right, ok := b.([]any); ok {
			return slices.Concat(left, right)
		}
	}
	return unknown
}

func in(a, b any) any {
	switch container := b.(type) {
	case []any:
		found := any(false)
		for _, value := range container {
			switch equal(value, a) {
			case true:
				return true
			case unknown:
				found = unknown
			}
		}
		return found
	case map[string]any:
		if name, ok := a.(string); ok {
			_, found := container[name]
			return found
		}
	}
	return unknown
}

func size(a any) any {
	switch v := a.(type) {
	case string:
		return int64(utf8.RuneCountInString(v))
	case []any:
		return int64(len(v))
	case map[string]any:
		return int64(len(v))
	default:
		return unknown
	}
}

func whole(a any) any {
	if _, ok := a.(int64); ok {
		return a
	}
	return unknown
}

func text(a any) any {
	if _, ok := a.(string); ok {
		return a
	}
	return unknown
}

func splitText(a, b any) any {
	whole, ok := a.(string)
	separator, okToo := b.(string)
	if !ok || !okToo || separator == "" {
		return unknown
	}
	parts := make([]any, 0, 1+strings.Count(whole, separator))
	for part := range strings.SplitSeq(whole, separator) {
		parts = append(parts, part)
	}
	return parts
}

func ofTexts(holds func(a, b string) bool) func(a, b any) any {
	return func(a, b any) any {
		left, ok := a.(string)
		right, okToo := b.(string)
		if !ok || !okToo {
			return unknown
		}
		return holds(left, right)
	}
}

// indexOf is for lists; the like of texts counts characters and is the library's.
func indexOf(a, b any, last bool) any {
	list, ok := a.([]any)
	if !ok {
		return unknown
	}
	found := int64(-1)
	for i, value := range list {
		switch equal(value, b) {
		case true:
			if found = int64(i); !last {
				return found
			}
		case unknown:
			return unknown
		}
	}
	return found
}
