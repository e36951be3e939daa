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
	// Reason is why the finding is accepted; it is set in Report.Accepted only.
	Reason string `json:"reason,omitempty"`
}

// Report is the outcome of one run.
type Report struct {
	// Findings in the order of the files, of the objects in them, and of the paths in those.
	Findings []Finding `json:"findings"`
	// Accepted are the findings that an annotation or the configuration accepts, with the reason.
	Accepted []Finding `json:"accepted,omitempty"`
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

// Files judges all objects of the files as one bundle. Findings that accepted names are put aside. The error joins
// what could not be read or parsed; the report holds what was found in the rest.
func Files(engine *validation.Engine, files []string, stdin io.Reader, accepted []Ignored) (Report, error) {
	report := Report{Findings: []Finding{}}
	var (
		objects []manifest.Object
		bundle  []map[string]any
		errs    []error
	)
	for _, name := range files {
		found, err := read(name, stdin)
		if err != nil {
			errs = append(errs, err)
		}
		for _, object := range found {
			objects, bundle = append(objects, object), append(bundle, object.Content)
		}
	}
	for i, judgement := range engine.ValidateBundle(bundle) {
		report.add(objects[i], judgement, accepted)
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

func (r *Report) add(object manifest.Object, judgement validation.Judgement, everywhere []Ignored) {
	if !judgement.Judged {
		r.PassedOver++
		return
	}
	r.Judged++
	kept, accepted, reasons := ignore(object, judgement.Findings, everywhere)
	if len(kept)+len(accepted) == 0 {
		return
	}
	locator := manifest.NewLocator(object)
	locate := func(f validation.Finding, reason string) Finding {
		return Finding{
			Source: object.Source, Position: locator.Find(f.Path), Kind: object.Kind(), Object: object.Name(), Finding: f, Reason: reason,
		}
	}
	for _, f := range kept {
		r.Findings = append(r.Findings, locate(f, ""))
	}
	for i, f := range accepted {
		r.Accepted = append(r.Accepted, locate(f, reasons[i]))
	}
}
