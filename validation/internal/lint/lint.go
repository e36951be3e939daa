// Package lint judges the objects of manifests and writes down what was found.
package lint

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/manifest"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/parallel"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/schema"
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

// Job says what is to be judged, and how.
type Job struct {
	Engine  *validation.Engine
	Schemas *schema.Set
	// Files to judge, and OldFiles that hold the same objects as they were before the change. Objects are the same by
	// group, kind, namespace and name.
	Files, OldFiles []string
	// Stdin is read where a name is manifest.Stdin.
	Stdin io.Reader
	// Accepted are findings to put aside.
	Accepted []Ignored
	// Options of the request that the objects would come with.
	Options validation.Options
}

// Run judges all objects of the files as one bundle. The error joins what could not be read or parsed; the report holds
// what was found in the rest.
func Run(job Job) (Report, error) {
	report := Report{Findings: []Finding{}}
	objects, readErr := readAll(job.Files, job.Stdin)
	past, oldErr := readAll(job.OldFiles, job.Stdin)
	before := map[string]map[string]any{}
	for _, object := range past {
		before[object.Identity()] = object.Content
	}
	bundle, olds := make([]map[string]any, len(objects)), make([]map[string]any, len(objects))
	for i, object := range objects {
		bundle[i] = object.Content
		if len(before) > 0 {
			olds[i] = before[object.Identity()]
		}
	}
	outcomes := make([]outcome, len(objects))
	judgements := job.Engine.ValidateBundleChange(bundle, olds, job.Options)
	parallel.ForEach(len(objects), func(i int) {
		judgement, err := bySchema(job.Schemas, bundle[i], olds[i], judgements[i])
		outcomes[i] = outcomeOf(objects[i], judgement, job.Accepted)
		outcomes[i].err = err
	})
	for _, o := range outcomes {
		if o.err != nil {
			return report, o.err
		}
		report.add(o)
	}
	return report, errors.Join(readErr, oldErr)
}

// bySchema adds what the schema of the object's kind has against it. Kinds of ours without rules are judged by their
// schema alone, other objects where they have rules.
func bySchema(schemas *schema.Set, object, old map[string]any, judgement validation.Judgement) (validation.Judgement, error) {
	group, _, _ := strings.Cut(text(object, "apiVersion"), "/")
	if !judgement.Judged && group != validation.Group || !schemas.Knows(object) {
		return judgement, nil
	}
	judgement.Judged = true
	metadata, _ := object["metadata"].(map[string]any)
	if text(metadata, "deletionTimestamp") != "" {
		return judgement, nil
	}
	faults, err := schemas.Judge(object)
	if err != nil || len(faults) == 0 {
		return judgement, err
	}
	var before []schema.Fault
	if old != nil {
		if before, err = schemas.Judge(old); err != nil {
			return judgement, err
		}
	}
	judgement.Findings = withFaults(text(object, "kind"), faults, before, judgement.Findings)
	return judgement, nil
}

func text(object map[string]any, field string) string {
	value, _ := object[field].(string)
	return value
}

// readAll reads files one after the other, and parses what is in them side by side. The order is that of the names.
func readAll(names []string, stdin io.Reader) ([]manifest.Object, error) {
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
		objects []manifest.Object
		errs    []error
	)
	for _, p := range parts {
		if p.err != nil {
			errs = append(errs, p.err)
		}
		objects = append(objects, p.objects...)
	}
	return objects, errors.Join(errs...)
}

func read(name string, stdin io.Reader) ([]manifest.Document, error) {
	if name == manifest.Stdin {
		return manifest.Documents("stdin", stdin)
	}
	file, err := os.Open(name) //nolint:gosec // to read the files it is given is what a linter is for
	if err != nil {
		return nil, fmt.Errorf("read manifests: %w", err)
	}
	defer func() { _ = file.Close() }()
	return manifest.Documents(name, file)
}

// outcome is what a report says about one object.
type outcome struct {
	judged         bool
	kept, accepted []Finding
	err            error
}

func outcomeOf(object manifest.Object, judgement validation.Judgement, everywhere []Ignored) outcome {
	o := outcome{judged: judgement.Judged}
	if !o.judged {
		return o
	}
	kept, accepted, reasons := ignore(object, judgement.Findings, everywhere)
	if len(kept)+len(accepted) == 0 {
		return o
	}
	locator := manifest.NewLocator(object)
	locate := func(f validation.Finding, reason string) Finding {
		return Finding{
			Source: object.Source, Position: locator.Find(f.Path), Kind: object.Kind(), Object: object.Name(), Finding: f, Reason: reason,
		}
	}
	for _, f := range kept {
		o.kept = append(o.kept, locate(f, ""))
	}
	for i, f := range accepted {
		o.accepted = append(o.accepted, locate(f, reasons[i]))
	}
	return o
}

func (r *Report) add(o outcome) {
	if !o.judged {
		r.PassedOver++
		return
	}
	r.Judged++
	r.Findings = append(r.Findings, o.kept...)
	r.Accepted = append(r.Accepted, o.accepted...)
}
