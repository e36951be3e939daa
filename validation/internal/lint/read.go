package lint

import (
	"errors"
	"io"
	"os"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/manifest"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/parallel"
)

// stdinName is what standard input is called in reports.
const stdinName = "stdin"

func sourceOf(file string) string {
	if file == manifest.Stdin {
		return stdinName
	}
	return file
}

// readAll reads files one after the other, and parses what is in them side by side. The order is that of the names.
func readAll(names []string, stdin io.Reader) ([]manifest.Object, []Unreadable) {
	type part struct {
		document manifest.Document
		objects  []manifest.Object
		err      error
	}
	var parts []part
	for _, name := range names {
		documents, err := read(name, stdin)
		if err != nil {
			parts = append(parts, part{err: err})
		}
		for _, document := range documents {
			parts = append(parts, part{document: document})
		}
	}

	parallel.ForEach(len(parts), func(i int) {
		if p := &parts[i]; p.err == nil {
			p.objects, p.err = p.document.Objects()
		}
	})

	var (
		objects    []manifest.Object
		unreadable []Unreadable
	)
	for _, p := range parts {
		if p.err != nil {
			unreadable = append(unreadable, unreadableBy(p.err))
		}
		objects = append(objects, p.objects...)
	}
	return objects, unreadable
}

// UnreadableBy is what a report says about arguments that could not be read.
func UnreadableBy(lists ...[]*manifest.ReadError) []Unreadable {
	var unreadable []Unreadable
	for _, list := range lists {
		for _, err := range list {
			unreadable = append(unreadable, unreadableBy(err))
		}
	}
	return unreadable
}

func unreadableBy(err error) Unreadable {
	var malformed *manifest.MalformedError
	if errors.As(err, &malformed) {
		return Unreadable{Source: malformed.Source, Position: malformed.Position, Message: malformed.Message()}
	}
	var unread *manifest.ReadError
	if errors.As(err, &unread) {
		return Unreadable{Source: unread.Source, Message: "cannot be read: " + unread.Err.Error()}
	}
	return Unreadable{Source: "caphv-lint", Message: err.Error()}
}

func read(name string, stdin io.Reader) ([]manifest.Document, error) {
	if name == manifest.Stdin {
		documents, err := manifest.Documents(stdinName, stdin)
		return documents, asReadError(stdinName, err)
	}
	file, err := os.Open(name) //nolint:gosec // to read the files it is given is what a linter is for
	if err != nil {
		return nil, asReadError(name, err)
	}
	defer func() { _ = file.Close() }()
	documents, err := manifest.Documents(name, file)
	return documents, asReadError(name, err)
}

func asReadError(name string, err error) error {
	if err == nil {
		return nil
	}
	var pathError *os.PathError
	if errors.As(err, &pathError) {
		err = pathError.Err
	}
	return &manifest.ReadError{Source: name, Err: err}
}
