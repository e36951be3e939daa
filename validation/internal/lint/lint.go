// Package lint judges the objects of manifests and writes down what was found.
package lint

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/manifest"
)

// Finding is a validation.Finding and the manifest it is in.
type Finding struct {
	Source string `json:"source"`
	manifest.Position
	Kind   string `json:"kind"`
	Object string `json:"object"`
	validation.Finding
}

// Report is the outcome of one run.
type Report struct {
	// Findings in the order of the files, of the objects in them, and of the paths in those.
	Findings []Finding `json:"findings"`
	// Judged counts the objects that rules exist for, PassedOver the others.
	Judged     int `json:"judged"`
	PassedOver int `json:"passedOver"`
}

// Count returns how many findings have this severity.
func (r Report) Count(severity validation.Severity) int {
	n := 0
	for _, f := range r.Findings {
		if f.Severity == severity {
			n++
		}
	}
	return n
}

// Reaches tells whether any finding is at least as grave as severity.
func (r Report) Reaches(severity validation.Severity) bool {
	for _, f := range r.Findings {
		if f.Severity.AtLeast(severity) {
			return true
		}
	}
	return false
}

// Files judges all objects of the files. The error joins what could not be read or parsed; the report holds what was
// found in the rest.
func Files(engine *validation.Engine, files []string, stdin io.Reader) (Report, error) {
	report := Report{Findings: []Finding{}}
	var errs []error
	for _, name := range files {
		objects, err := read(name, stdin)
		if err != nil {
			errs = append(errs, err)
		}
		for _, object := range objects {
			report.add(engine, object)
		}
	}
	return report, errors.Join(errs...)
}

func read(name string, stdin io.Reader) ([]manifest.Object, error) {
	if name == manifest.Stdin {
		return manifest.Read("stdin", stdin)
	}
	file, err := os.Open(name) //nolint:gosec // to read the files it is given is what a linter is for
	if err != nil {
		return nil, fmt.Errorf("read manifests: %w", err)
	}
	defer func() { _ = file.Close() }()
	return manifest.Read(name, file)
}

func (r *Report) add(engine *validation.Engine, object manifest.Object) {
	if !engine.Judges(object.Content) {
		r.PassedOver++
		return
	}
	r.Judged++
	found := engine.Validate(object.Content, nil, validation.Options{})
	if len(found) == 0 {
		return
	}
	locator := manifest.NewLocator(object)
	for _, f := range found {
		r.Findings = append(r.Findings, Finding{
			Source: object.Source, Position: locator.Find(f.Path), Kind: object.Kind(), Object: object.Name(), Finding: f,
		})
	}
}
