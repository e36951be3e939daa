// Package lint validates the objects of manifests and writes down what was found.
package lint

import (
	"io"
	"strings"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/manifest"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/parallel"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/schema"
)

// Job says what is to be validated, and how.
type Job struct {
	Engine  *validation.Engine
	Schemas *schema.Set
	// Files to validate, and OldFiles that hold the same objects as they were before the change. Objects are the same by
	// group, kind, namespace and name.
	Files, OldFiles []string
	// Stdin is read where a name is manifest.Stdin.
	Stdin io.Reader
	// Skipped are files that hold no complete objects, Unreadable what could not be found. The report names both.
	Skipped    []manifest.Skipped
	Unreadable []Unreadable
	// Accepted are findings to put aside.
	Accepted []Ignored
	// Options of the request that the objects would come with.
	Options validation.Options
}

// Run validates all objects of the files as one bundle. What could not be read or parsed is in the report, too. The
// error is about caphv-lint's own schemas.
func Run(job Job) (Report, error) {
	report := Report{Findings: []Finding{}, Unreadable: job.Unreadable}
	for _, file := range job.Skipped {
		report.SkippedFiles = append(report.SkippedFiles, SkippedFile{Source: file.Source, Reason: string(file.Reason) + ", by " + file.By})
	}
	objects, unreadable := readAll(job.Files, job.Stdin)
	past, unreadableOld := readAll(job.OldFiles, job.Stdin)
	report.Unreadable = append(append(report.Unreadable, unreadable...), unreadableOld...)

	bundle, olds := pair(objects, past)
	results := job.Engine.ValidateBundleChange(bundle, olds, job.Options)

	outcomes := make([]outcome, len(objects))
	parallel.ForEach(len(objects), func(i int) { outcomes[i] = job.outcome(objects[i], olds[i], results[i]) })
	for i, o := range outcomes {
		if o.err != nil {
			return report, o.err
		}
		report.add(objects[i], o)
	}
	report.sort(job.Files)
	return report, nil
}

// pair finds for each object what it was before the change; nil where nothing is known of its past.
func pair(objects, past []manifest.Object) (bundle, olds []map[string]any) {
	before := map[string]map[string]any{}
	for _, object := range past {
		before[object.Identity()] = object.Content
	}
	bundle, olds = make([]map[string]any, len(objects)), make([]map[string]any, len(objects))
	for i, object := range objects {
		bundle[i] = object.Content
		if len(before) > 0 {
			olds[i] = before[object.Identity()]
		}
	}
	return bundle, olds
}

// outcome is what a report says about one object.
func (job Job) outcome(object manifest.Object, old map[string]any, result validation.Result) outcome {
	result, err := bySchema(job.Schemas, object.Content, old, result)
	if err != nil || !result.Validated {
		return outcome{err: err}
	}
	if text, path := unrendered(object.Content); text != "" {
		return outcome{placeholder: text, placeholderPath: path}
	}
	return outcomeOf(object, result, job.Accepted)
}

// bySchema adds what the schema of the object's kind has against it. Kinds of ours without rules are validated by their
// schema alone, other objects where they have rules.
func bySchema(schemas *schema.Set, object, old map[string]any, result validation.Result) (validation.Result, error) {
	if finding, found := unknownKind(schemas, object); found {
		return validation.Result{Validated: true, Findings: []validation.Finding{finding}}, nil
	}
	group, _, _ := strings.Cut(text(object, "apiVersion"), "/")
	if !result.Validated && group != validation.Group || !schemas.Knows(object) {
		return result, nil
	}
	result.Validated = true
	metadata, _ := object["metadata"].(map[string]any)
	if text(metadata, "deletionTimestamp") != "" {
		return result, nil
	}
	faults, err := schemas.Validate(object)
	if err != nil {
		return result, err
	}
	faults = append(faults, ofVariables(result.Variables)...)
	if len(faults) == 0 {
		return result, nil
	}
	var before []schema.Fault
	if old != nil {
		if before, err = schemas.Validate(old); err != nil {
			return result, err
		}
	}
	result.Findings = withFaults(text(object, "kind"), faults, before, result.Findings)
	return result, nil
}

// ofVariables is what the schemas of a ClusterClass have against the variables of a Cluster.
func ofVariables(variables []validation.VariableSchema) []schema.Fault {
	var faults []schema.Fault
	for _, v := range variables {
		for _, fault := range schema.CheckValue(v.Schema, v.Value, v.Path) {
			fault.Variable, fault.Class = v.Name, v.Class
			faults = append(faults, fault)
		}
	}
	return faults
}

func text(object map[string]any, field string) string {
	value, _ := object[field].(string)
	return value
}

// outcome is what a report says about one object.
type outcome struct {
	validated      bool
	kept, accepted []Finding
	// placeholder is set for a template that must be rendered first, with the path of the value that holds it.
	placeholder, placeholderPath string
	err                          error
}

func outcomeOf(object manifest.Object, result validation.Result, everywhere []Ignored) outcome {
	o := outcome{validated: true}
	kept, accepted, reasons := ignore(object, result.Findings, everywhere)
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

func (r *Report) add(object manifest.Object, o outcome) {
	switch {
	case o.placeholder != "":
		r.skipUnrendered(object, o.placeholder, o.placeholderPath)
	case !o.validated:
		r.Skipped++
	default:
		r.Validated++
		r.Findings = append(r.Findings, o.kept...)
		r.Accepted = append(r.Accepted, o.accepted...)
	}
}
