package manifest

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"sigs.k8s.io/json"
)

// Object is one object of a manifest.
type Object struct {
	// Source is the name of the file.
	Source string
	// Content is the object as JSON decodes it, whole numbers as int64.
	Content map[string]any

	chunk chunk
	// within is where in its document the object lies, such as "items[2]"; empty for the document itself.
	within string
}

// MalformedError says that a document could not be parsed. Other documents of the same file are still read.
type MalformedError struct {
	Source string
	// Position is where the parser stopped, as far as it tells; otherwise where the document starts.
	Position
	Err error
	// Template says that the document looks like a template of Helm or of clusterctl.
	Template bool
}

// Error implements error.
func (e *MalformedError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.Source, e.Line, e.Column, e.Message())
}

// Message is the error without its place.
func (e *MalformedError) Message() string {
	message := "cannot be parsed: " + parserPrefix.ReplaceAllString(e.Err.Error(), "")
	if e.Template {
		message += "; it looks like a Helm or clusterctl template: render it first"
	}
	return message
}

// Unwrap returns the parser's error.
func (e *MalformedError) Unwrap() error { return e.Err }

var (
	// parserLine is where YAML's parser says that it stopped, counted from the document's first line.
	parserLine = regexp.MustCompile(`line (\d+)`)
	// parserPrefix is what is left out of its message: the place, which is told apart.
	parserPrefix = regexp.MustCompile(`^(yaml: )?(unmarshal errors:\s*)?(line \d+: )?`)
	// templateMark is what templates of Helm, clusterctl and others hold.
	templateMark = regexp.MustCompile(`\{\{|\$\{[A-Za-z_]`)
)

func malformed(source string, c chunk, err error) *MalformedError {
	at := Position{Line: c.line, Column: c.column}
	if found := parserLine.FindStringSubmatch(err.Error()); found != nil {
		if line, convertErr := strconv.Atoi(found[1]); convertErr == nil && line > 1 {
			// At the end of the text, the parser stops behind the last line.
			last := bytes.Count(bytes.TrimRight(c.text, " \t\r\n"), []byte("\n")) + 1
			at = Position{Line: c.line + min(line, last) - 1, Column: 1}
		}
	}
	return &MalformedError{Source: source, Position: at, Err: err, Template: templateMark.Match(c.text)}
}

// Document is one document of a stream, not parsed yet.
type Document struct {
	source string
	chunk  chunk
}

// Documents cuts a stream into its documents, in order. Those that hold nothing are left out.
func Documents(source string, r io.Reader) ([]Document, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", source, err)
	}
	chunks := split(data)
	documents := make([]Document, len(chunks))
	for i, c := range chunks {
		documents[i] = Document{source: source, chunk: c}
	}
	return documents, nil
}

// Objects parses the document and returns its objects, in order. A document that is no object, such as a bare string,
// has none. The error is a MalformedError.
func (d Document) Objects() ([]Object, error) {
	values, err := parse(d.chunk)
	if err != nil {
		return nil, malformed(d.source, d.chunk, err)
	}
	var objects []Object
	for _, v := range values {
		objects = appendObjects(objects, v.content, Object{Source: d.source, chunk: v.chunk})
	}
	return objects, nil
}

// Read returns all objects of a stream, in order. The error joins a MalformedError for each document that could not be
// parsed; the objects of the others are returned all the same.
func Read(source string, r io.Reader) ([]Object, error) {
	documents, err := Documents(source, r)
	if err != nil {
		return nil, err
	}
	var (
		objects []Object
		errs    []error
	)
	for _, document := range documents {
		found, err := document.Objects()
		if err != nil {
			errs = append(errs, err)
		}
		objects = append(objects, found...)
	}
	return objects, errors.Join(errs...)
}

// value is one value of a document and the text that it stands in.
type value struct {
	content any
	chunk   chunk
}

// parse reads one document. What looks like JSON may be several values in a row, as some tools write them.
func parse(c chunk) ([]value, error) {
	if first := bytes.TrimLeft(c.text, " \t\r\n"); len(first) > 0 && (first[0] == '{' || first[0] == '[') {
		if values, faults, err := parseJSON(c); err == nil {
			return values, errors.Join(faults...)
		}
	}
	content, err := readYAML(c.text)
	if err != nil {
		return nil, err
	}
	return []value{{content: content, chunk: c}}, nil
}

// parseJSON also returns the fields that are given twice, which an API server refuses as kubectl asks it. The error says
// that the text is not JSON.
func parseJSON(c chunk) (values []value, faults []error, err error) {
	decoder := stdjson.NewDecoder(bytes.NewReader(c.text))
	for {
		var raw stdjson.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			if errors.Is(err, io.EOF) {
				return values, faults, nil
			}
			return nil, nil, err
		}
		var content any
		twice, err := json.UnmarshalStrict(raw, &content, json.DisallowDuplicateFields)
		if err != nil {
			return nil, nil, err
		}
		start := int(decoder.InputOffset()) - len(raw)
		values, faults = append(values, value{content: content, chunk: c.from(start, raw)}), append(faults, twice...)
	}
}

// appendObjects opens Lists, of whatever kind, and bare arrays.
func appendObjects(objects []Object, value any, at Object) []Object {
	switch v := value.(type) {
	case []any:
		return appendItems(objects, v, at, at.within)
	case map[string]any:
		if items, ok := v["items"].([]any); ok && isList(v) {
			return appendItems(objects, items, at, strings.TrimPrefix(at.within+".items", "."))
		}
		at.Content = v
		return append(objects, at)
	default:
		return objects
	}
}

func appendItems(objects []Object, items []any, at Object, path string) []Object {
	for i, item := range items {
		at.within = path + "[" + strconv.Itoa(i) + "]"
		objects = appendObjects(objects, item, at)
	}
	return objects
}

func isList(object map[string]any) bool {
	kind, _ := object["kind"].(string)
	return strings.HasSuffix(kind, "List")
}

// Kind returns the object's kind, empty when it has none.
func (o Object) Kind() string { return o.text("kind") }

// Name returns "namespace/name", or "name" for an object without a namespace.
func (o Object) Name() string {
	metadata, _ := o.Content["metadata"].(map[string]any)
	name, _ := metadata["name"].(string)
	if name == "" {
		name, _ = metadata["generateName"].(string)
	}
	if namespace, _ := metadata["namespace"].(string); namespace != "" {
		return namespace + "/" + name
	}
	return name
}

// Identity is what makes two objects the same: group, kind, namespace and name.
func (o Object) Identity() string {
	group, _, versioned := strings.Cut(o.text("apiVersion"), "/")
	if !versioned {
		group = ""
	}
	return group + "/" + o.Kind() + "/" + o.Name()
}

func (o Object) text(field string) string {
	value, _ := o.Content[field].(string)
	return value
}
