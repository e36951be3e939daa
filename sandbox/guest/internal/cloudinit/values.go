package cloudinit

import "fmt"

// text is a scalar as a string; empty for anything else.
func text(value any) string {
	switch typed := value.(type) {
	case string:
		return typed
	case bool, int, int64, uint64, float64:
		return fmt.Sprint(typed)
	default:
		return ""
	}
}

// list is a sequence's items; nil for anything else.
func list(value any) []any {
	items, _ := value.([]any)
	return items
}

// mapping is a mapping with string keys; nil for anything else.
func mapping(value any) map[string]any {
	entries, _ := value.(map[string]any)
	return entries
}

// texts are the scalars of a sequence, or a single scalar.
func texts(value any) []string {
	if single := text(value); single != "" {
		return []string{single}
	}
	var all []string
	for _, item := range list(value) {
		if scalar := text(item); scalar != "" {
			all = append(all, scalar)
		}
	}
	return all
}
