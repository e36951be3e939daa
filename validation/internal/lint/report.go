package lint

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

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

// about names the object: its kind and, where it has one, its name.
func (f Finding) about() string { return strings.TrimSpace(f.Kind + " " + f.Object) }

// Unreadable is a file, or a document in one, that could not be read or parsed. Line is 0 for a whole file.
type Unreadable struct {
	Source string `json:"source"`
	manifest.Position
	Message string `json:"message"`
}

// String gives the place first, as compilers do.
func (u Unreadable) String() string {
	at := u.Source
	if u.Line > 0 {
		at += ":" + strconv.Itoa(u.Line) + ":" + strconv.Itoa(u.Column)
	}
	return at + ": error: " + u.Message
}

// SkippedFile is a file that was not validated, or not all of it, and why.
type SkippedFile struct {
	Source string `json:"source"`
	manifest.Position
	Reason string `json:"reason"`
	// Unrendered is true for a template that must be rendered first.
	Unrendered bool `json:"unrendered,omitempty"`
}

// Report is the outcome of one run.
type Report struct {
	// Findings in the order of the files, and of the lines in them.
	Findings []Finding `json:"findings"`
	// Accepted are the findings that an annotation or the configuration accepts, with the reason.
	Accepted []Finding `json:"accepted,omitempty"`
	// Unreadable is what could not be read or parsed. Nothing was found in it, and nothing is known of it.
	Unreadable []Unreadable `json:"unreadable,omitempty"`
	// SkippedFiles hold templates and patches instead of objects.
	SkippedFiles []SkippedFile `json:"skippedFiles,omitempty"`
	// Validated counts the objects that rules exist for, Skipped the others.
	Validated int `json:"validated"`
	Skipped   int `json:"skipped"`
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

// sort puts findings into the order of the files and of the lines.
func (r *Report) sort(files []string) {
	rank := make(map[string]int, len(files))
	for i, file := range files {
		rank[sourceOf(file)] = i
	}
	byLine := func(a, b Finding) int {
		return cmp.Or(cmp.Compare(rank[a.Source], rank[b.Source]), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	}
	slices.SortStableFunc(r.Findings, byLine)
	slices.SortStableFunc(r.Accepted, byLine)
	slices.SortStableFunc(r.SkippedFiles, func(a, b SkippedFile) int { return cmp.Compare(a.Source, b.Source) })
}
