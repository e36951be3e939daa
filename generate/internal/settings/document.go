package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// entry is one value of a file.
type entry struct {
	key   string
	value *yaml.Node
	line  int
}

// errNoMapping is the only thing that is told of a file that cannot be read: the parser's own words may quote it.
var errNoMapping = errors.New("is not a YAML mapping of flags' names to values, each name once")

// entries returns the keys of a file's mapping, in the file's order. An empty file has none.
func entries(content []byte) ([]entry, error) {
	if line := SecondDocument(content); line != 0 {
		return nil, fmt.Errorf("line %d: begins a second YAML document: put each cluster into a file of its own", line)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(content, &document); err != nil {
		return nil, located(err)
	}
	if len(document.Content) == 0 || isNull(document.Content[0]) {
		return nil, nil
	}
	root := document.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%w (line %d)", errNoMapping, root.Line)
	}
	found := pairs(root)
	first := make(map[string]int, len(found))
	var problems []error
	for _, e := range found {
		if line, known := first[e.key]; known {
			problems = append(problems, fmt.Errorf("line %d: %q is in line %d already: give each name once", e.line, e.key, line))
		}
		first[e.key] = e.line
	}
	return found, errors.Join(problems...)
}

// pairs are the keys of a mapping, and those that it merges in and does not have itself. What is merged merges nothing
// further: a mapping may name itself.
func pairs(mapping *yaml.Node) []entry {
	own, merges := direct(mapping)
	for _, merged := range merges {
		more, _ := direct(merged)
		for _, e := range more {
			if !hasKey(own, e.key) {
				own = append(own, e)
			}
		}
	}
	return own
}

// direct are the keys that stand in a mapping, and the mappings that it merges in.
func direct(mapping *yaml.Node) (own []entry, merges []*yaml.Node) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		key, value := mapping.Content[i], resolved(mapping.Content[i+1])
		if key.Tag == "!!merge" && value.Kind == yaml.MappingNode {
			merges = append(merges, value)
			continue
		}
		own = append(own, entry{key.Value, value, key.Line})
	}
	return own, merges
}

func hasKey(entries []entry, key string) bool {
	for _, e := range entries {
		if e.key == key {
			return true
		}
	}
	return false
}

// resolved follows an alias; a file cannot make one that refers to itself.
func resolved(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

func isNull(node *yaml.Node) bool { return node.Kind == yaml.ScalarNode && node.Tag == "!!null" }

var lineOfError = regexp.MustCompile(`^yaml: line (\d+):`)

// located keeps the line of the parser's error, and nothing else.
func located(err error) error {
	match := lineOfError.FindStringSubmatch(err.Error())
	if match == nil {
		return errNoMapping
	}
	line, _ := strconv.Atoi(match[1])
	return fmt.Errorf("%w (line %d)", errNoMapping, line)
}

// SecondDocument is the line of the second YAML document that says anything; 0 if there is none.
func SecondDocument(content []byte) int {
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	documents := 0
	for {
		var document yaml.Node
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) || err != nil {
			return 0 // What cannot be parsed is told where it is read.
		}
		if len(document.Content) == 0 || isNull(document.Content[0]) {
			continue
		}
		if documents++; documents > 1 {
			return document.Content[0].Line
		}
	}
}
