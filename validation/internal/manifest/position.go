package manifest

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Position is a place in a file, both counted from 1.
type Position struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// Locator finds the positions of an object's fields. It parses the document once more, keeping positions; make one
// only for objects that something was found in.
type Locator struct {
	root   *yaml.Node
	start  Position
	within string
}

// NewLocator makes a locator for the object.
func NewLocator(o Object) *Locator {
	l := &Locator{start: Position{Line: o.chunk.line, Column: o.chunk.column}, within: o.within}
	var document yaml.Node
	if err := yaml.Unmarshal(o.chunk.text, &document); err == nil && len(document.Content) > 0 {
		l.root = document.Content[0]
	}
	return l
}

// Find returns where the value at a path such as "spec.volumes[1].imageName" stands, or where its nearest parent does
// when it is missing. Documents that only a JSON parser reads are located by their first line.
func (l *Locator) Find(path string) Position {
	if l.root == nil {
		return l.start
	}
	node := l.root
	for _, step := range steps(l.within + "." + path) {
		next := child(node, step)
		if next == nil {
			break
		}
		node = next
	}
	at := Position{Line: node.Line + l.start.Line - 1, Column: node.Column}
	if node.Line == 1 {
		at.Column += l.start.Column - 1
	}
	return at
}

func child(node *yaml.Node, step string) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if node.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == step {
				return node.Content[i+1]
			}
		}
	}
	if node.Kind == yaml.SequenceNode {
		if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(node.Content) {
			return node.Content[i]
		}
	}
	return nil
}

func steps(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' })
}
