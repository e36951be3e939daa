package cloudinit

import (
	"bytes"
	"regexp"
	"slices"
)

// A template is rendered as text before it is read as YAML, so what counts there is how the text is written. Only
// expressions can be kept through a change of the YAML around them; statements and comments cannot.
var (
	expression    = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	unmergeable   = [][]byte{[]byte("{%"), []byte("{#")}
	templateMarks = append([][]byte{[]byte("{{")}, unmergeable...)
)

func hasTemplateMarks(data []byte) bool { return containsAny(data, templateMarks) }

// mergeableTemplate tells whether a template may be taken apart as YAML at all.
func mergeableTemplate(data []byte) bool { return !containsAny(data, unmergeable) }

// sameExpressions tells whether every expression of a template is in the other text too, to the byte and in order.
func sameExpressions(before, after []byte) bool {
	return slices.EqualFunc(expression.FindAll(before, -1), expression.FindAll(after, -1), bytes.Equal)
}

func containsAny(data []byte, marks [][]byte) bool {
	return slices.ContainsFunc(marks, func(mark []byte) bool { return bytes.Contains(data, mark) })
}
