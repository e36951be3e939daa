package lint

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
)

// Formats are the names of the output formats.
var Formats = []string{"text", "json", "sarif", "junit", "github"}

// About is what formats tell beside the report.
type About struct {
	// Version of caphv-lint.
	Version string
	// Rules that were applied.
	Rules []validation.Rule
	// FailOn is the lowest severity that fails the run.
	FailOn validation.Severity
}

// Write puts the report out in one of the Formats.
func Write(w io.Writer, format string, report Report, about About) error {
	switch format {
	case "text":
		return writeText(w, report)
	case "json":
		return writeJSON(w, report)
	case "sarif":
		return writeSARIF(w, report, about)
	case "junit":
		return writeJUnit(w, report, about.FailOn)
	case "github":
		return writeGitHub(w, report)
	default:
		return fmt.Errorf("unknown output format %q; known are %s", format, strings.Join(Formats, ", "))
	}
}

// writeText puts the position first, as compilers do, so that editors can jump to it. What could not be read is not in
// it: the command writes that to standard error.
func writeText(w io.Writer, report Report) error {
	var text strings.Builder
	for _, f := range report.Findings {
		fmt.Fprintf(&text, "%s:%d:%d: %s: %s: %s: %s [%s]\n",
			f.Source, f.Line, f.Column, f.Severity, f.about(), f.Path, f.Message, f.RuleID)
		fmt.Fprintf(&text, "    %s\n", f.Remediation)
	}

	notRead := 0
	for _, file := range report.SkippedFiles {
		if !file.Unrendered {
			notRead++
			continue
		}
		fmt.Fprintf(&text, "%s:%d:%d: skipped: %s\n", file.Source, file.Line, file.Column, file.Reason)
	}
	if notRead > 0 {
		fmt.Fprintf(&text, "%s of kustomize or of Helm charts skipped: validate what these tools render\n",
			count(notRead, "patch or template", "patches and templates"))
	}

	fmt.Fprintf(&text, "%d validated, %d skipped: %s, %s, %s", report.Validated, report.Skipped,
		count(report.Count(validation.Error), "error", "errors"), count(report.Count(validation.Warning), "warning", "warnings"),
		count(report.Count(validation.Info), "info", "infos"))
	if n := len(report.Accepted); n > 0 {
		fmt.Fprintf(&text, ", %d accepted", n)
	}
	if n := len(report.Unreadable); n > 0 {
		fmt.Fprintf(&text, ", %d unreadable", n)
	}
	text.WriteByte('\n')
	_, err := io.WriteString(w, text.String())
	return err
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func writeJSON(w io.Writer, report Report) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(report)
}

// sentence is the finding in one piece, for formats that hold the position apart.
func (f Finding) sentence() string {
	return fmt.Sprintf("%s: %s: %s. %s", f.about(), f.Path, f.Message, f.Remediation)
}
