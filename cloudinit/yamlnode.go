package cloudinit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"

	"go.yaml.in/yaml/v3"
)

// text is a quoted scalar: cloud-init reads YAML 1.1, in which a plain yes, 0644 or 12:30 is not a string.
func text(value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value, Style: yaml.DoubleQuotedStyle}
}

// plain is a scalar that needs no quotes: a key, a truth value, a number.
func plain(value string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: value} }

func truth(value bool) *yaml.Node { return plain(fmt.Sprint(value)) }

func number(value int) *yaml.Node { return plain(fmt.Sprint(value)) }

func list(items ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: items}
}

func texts[T ~string](values []T) *yaml.Node {
	items := list()
	for _, value := range values {
		items.Content = append(items.Content, text(string(value)))
	}
	return items
}

func mapping() *yaml.Node { return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"} }

// add appends a key. It does not look for one of that name.
func add(to *yaml.Node, key string, value *yaml.Node) {
	to.Content = append(to.Content, plain(key), value)
}

// value returns the node of a key, nil if there is none.
func value(of *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(of.Content); i += 2 {
		if of.Content[i].Value == key {
			return of.Content[i+1]
		}
	}
	return nil
}

func isNull(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null"
}

func encode(node *yaml.Node) ([]byte, error) {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(node); err != nil {
		return nil, err
	}
	return out.Bytes(), encoder.Close()
}

var linePattern = regexp.MustCompile(`line \d+`)

// parse reads one YAML document whose top is a mapping. Its errors carry a line at most, since the parser's own
// messages may quote the text.
func parse(data []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document, second yaml.Node
	err := decoder.Decode(&document)
	if errors.Is(err, io.EOF) {
		return mapping(), nil
	}
	if err != nil {
		return nil, broken(err)
	}
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: it holds more than one YAML document", ErrInvalidBootstrapData)
	}
	root := document.Content[0]
	if isNull(root) {
		return mapping(), nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%w: its top is not a mapping", ErrInvalidBootstrapData)
	}
	return root, nil
}

func broken(err error) error {
	where := linePattern.FindString(err.Error())
	if where == "" {
		where = "unknown line"
	}
	return fmt.Errorf("%w: it is not YAML: %s", ErrInvalidBootstrapData, where)
}

// equal compares what two trees mean to a reader: kinds, types, values, anchors; not style, comments or positions.
func equal(a, b *yaml.Node) bool {
	if a.Kind != b.Kind || a.Value != b.Value || a.Anchor != b.Anchor || a.ShortTag() != b.ShortTag() ||
		len(a.Content) != len(b.Content) {
		return false
	}
	for i := range a.Content {
		if !equal(a.Content[i], b.Content[i]) {
			return false
		}
	}
	return true
}

func dropComments(node *yaml.Node) {
	node.HeadComment, node.LineComment, node.FootComment = "", "", ""
	for _, child := range node.Content {
		dropComments(child)
	}
}
