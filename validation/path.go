package validation

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

const everyItem = "[*]"

// scope is a parsed place in an object: field names and everyItem.
type scope []string

// parseScope reads "spec.volumes[*].imageName".
func parseScope(text string) (scope, error) {
	var s scope
	for part := range strings.SplitSeq(text, ".") {
		name, lists := part, 0
		for strings.HasSuffix(name, everyItem) {
			name, lists = strings.TrimSuffix(name, everyItem), lists+1
		}
		if name == "" || strings.ContainsAny(name, "[]* ") {
			return nil, fmt.Errorf("scope %q: %q is not a field name", text, part)
		}
		s = append(s, name)
		for range lists {
			s = append(s, everyItem)
		}
	}
	return s, nil
}

// place is one value of an object and where it lies.
type place struct {
	path  string
	value any
}

// misfit is a value on the way to a scope that is neither an object nor a list as the scope needs it.
type misfit struct {
	path   string
	wanted string
}

// find calls visit for every place of the object that the scope stands for, in order. Where a value has the wrong
// form it calls wrong instead. Missing values are passed over.
func (s scope) find(object map[string]any, visit func(place), wrong func(misfit)) {
	s.descend(place{value: object}, visit, wrong)
}

func (s scope) descend(at place, visit func(place), wrong func(misfit)) {
	if len(s) == 0 {
		visit(at)
		return
	}
	step, rest := s[0], s[1:]
	if step == everyItem {
		items, ok := at.value.([]any)
		if !ok {
			wrong(misfit{path: at.path, wanted: "a list"})
			return
		}
		for i, item := range items {
			rest.descend(place{path: at.path + "[" + strconv.Itoa(i) + "]", value: item}, visit, wrong)
		}
		return
	}
	fields, ok := at.value.(map[string]any)
	if !ok {
		wrong(misfit{path: at.path, wanted: "an object"})
		return
	}
	if value, ok := fields[step]; ok {
		rest.descend(place{path: joinPath(at.path, step), value: value}, visit, wrong)
	}
}

func joinPath(path, field string) string {
	switch {
	case path == "":
		return field
	case field == "":
		return path
	default:
		return path + "." + field
	}
}

// lookUp returns the value at an exact path such as "spec.volumes[1].imageName".
func lookUp(object map[string]any, path string) (any, bool) {
	var value any = object
	for _, step := range splitPath(path) {
		switch container := value.(type) {
		case map[string]any:
			next, ok := container[step]
			if !ok {
				return nil, false
			}
			value = next
		case []any:
			index, err := strconv.Atoi(step)
			if err != nil || index < 0 || index >= len(container) {
				return nil, false
			}
			value = container[index]
		default:
			return nil, false
		}
	}
	return value, true
}

func splitPath(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' })
}

// comparePaths orders paths step by step, list indices by number, so that volumes[2] comes before volumes[10].
func comparePaths(a, b string) int {
	left, right := splitPath(a), splitPath(b)
	for i := 0; i < len(left) && i < len(right); i++ {
		if c := compareSteps(left[i], right[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(left), len(right))
}

func compareSteps(a, b string) int {
	x, errX := strconv.Atoi(a)
	y, errY := strconv.Atoi(b)
	if errX == nil && errY == nil {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(a, b)
}
