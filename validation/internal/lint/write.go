package lint

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
)

// Formats are the names of the output formats.
var Formats = []string{"text", "json"}

// Write puts the report out in one of the Formats.
func Write(w io.Writer, format string, report Report) error {
	switch format {
	case "text":
		return writeText(w, report)
	case "json":
		return writeJSON(w, report)
	default:
		return fmt.Errorf("unknown output format %q; known are %s", format, strings.Join(Formats, ", "))
	}
}

// writeText puts the position first, as compilers do, so that editors can jump to it.
func writeText(w io.Writer, report Report) error {
	var text strings.Builder
	for _, f := range report.Findings {
		fmt.Fprintf(&text, "%s:%d:%d: %s: %s %s: %s: %s [%s]\n",
			f.Source, f.Line, f.Column, f.Severity, f.Kind, f.Object, f.Path, f.Message, f.RuleID)
		fmt.Fprintf(&text, "    %s\n", f.Remediation)
	}
	fmt.Fprintf(&text, "%d judged, %d passed over: %d errors, %d warnings, %d hints\n", report.Judged, report.PassedOver,
		report.Count(validation.Error), report.Count(validation.Warning), report.Count(validation.Info))
	_, err := io.WriteString(w, text.String())
	return err
}

func writeJSON(w io.Writer, report Report) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(report)
}
