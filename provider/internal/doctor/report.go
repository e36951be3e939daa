package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Report is what the command prints. Its JSON form only grows: fields are added, and none is renamed.
type Report struct {
	// Kind, Namespace and Name are what was asked about.
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Taken is when the snapshot was taken.
	Taken time.Time `json:"taken"`
	Ready bool      `json:"ready"`
	// Findings are in order: the first is the cause to look at.
	Findings []Finding `json:"findings"`
	// Lacks are what could not be read.
	Lacks []Lack `json:"lacks"`
}

// newReport diagnoses a snapshot.
func newReport(kind, name string, s *Snapshot) Report {
	findings := Diagnose(s)
	report := Report{
		Kind: kind, Namespace: s.Cluster.Namespace, Name: name, Taken: s.Now.UTC(), Ready: Ready(findings),
		Findings: append([]Finding{}, findings...), Lacks: append([]Lack{}, s.Lacks...),
	}
	return report
}

// writeJSON writes the report as one JSON object.
func (r Report) writeJSON(out io.Writer) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(r)
}

// writeText writes the report for a person: the first cause in full, the others a line each, and what was not seen.
func (r Report) writeText(out io.Writer) error {
	text := &strings.Builder{}
	state := "is not ready"
	if r.Ready {
		state = "is ready"
	}
	fmt.Fprintf(text, "%s %s/%s %s.\n", r.Kind, r.Namespace, r.Name, state)
	rest := r.Findings
	if len(rest) > 0 {
		r.writeFirst(text, rest[0])
		rest = rest[1:]
	}
	if len(rest) > 0 {
		text.WriteString("\nBeside that:\n")
		r.writeRest(text, rest)
	}
	if len(r.Lacks) > 0 {
		text.WriteString("\nNot seen:\n")
		for _, lack := range r.Lacks {
			fmt.Fprintf(text, "  %s: %s: %s\n", lack.Where, lack.What, lack.Why)
		}
	}
	_, err := io.WriteString(out, text.String())
	return err
}

func (r Report) writeFirst(text *strings.Builder, f Finding) {
	heading := map[Class]string{ClassBlocks: "This blocks", ClassProgress: "This is waited for", ClassFollows: "This is waited for", ClassWarning: "This needs attention"}
	fmt.Fprintf(text, "\n%s", heading[f.Class])
	if f.Since != nil {
		fmt.Fprintf(text, ", for %s (since %s)", lasted(r.Taken, *f.Since), f.Since.Format(time.RFC3339))
	}
	fmt.Fprintf(text, ":\n  %s: %s\n", f.subject(), f.what())
	if f.Message != "" {
		fmt.Fprintf(text, "  %s\n", indented(f.Message))
	}
	for _, seen := range f.Seen {
		fmt.Fprintf(text, "  Seen: %s\n", indented(seen))
	}
	fmt.Fprintf(text, "  To do: %s\n", f.Do)
	if f.Runbook != "" {
		fmt.Fprintf(text, "  Runbook: %s\n", f.Runbook)
	}
}

func (r Report) writeRest(text *strings.Builder, findings []Finding) {
	table := tabwriter.NewWriter(text, 0, 0, 3, ' ', 0)
	for _, f := range findings {
		since := "-"
		if f.Since != nil {
			since = lasted(r.Taken, *f.Since)
		}
		// A strings.Builder takes every write.
		_, _ = fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t%s\n", f.Class, since, f.subject(), f.what(), firstLine(f.Message))
	}
	_ = table.Flush()
}

func (f Finding) subject() string { return fmt.Sprintf("%s %s/%s", f.Kind, f.Namespace, f.Name) }

func (f Finding) what() string {
	if f.Condition == "" {
		return f.Reason
	}
	return f.Condition + " is " + f.Reason
}

// lasted is a duration as an operator reads it.
func lasted(now, since time.Time) string {
	d := max(now.Sub(since), 0)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh%dm", int(d.Hours()), int(d.Minutes())%60)
	default:
		return fmt.Sprintf("%dd", int(d.Hours())/24)
	}
}

func indented(message string) string { return strings.ReplaceAll(message, "\n", "\n    ") }

// firstLine is what of a message fits into a table.
func firstLine(message string) string {
	const most = 100
	line, _, _ := strings.Cut(message, "\n")
	if runes := []rune(line); len(runes) > most {
		return string(runes[:most-4]) + " ..."
	}
	return line
}
