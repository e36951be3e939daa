package lint

import (
	"fmt"
	"io"
	"strings"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
)

// githubCommands are the workflow commands that annotate a line.
var githubCommands = map[validation.Severity]string{
	validation.Error: "error", validation.Warning: "warning", validation.Info: "notice",
}

// Values of workflow commands end at these characters unless they are written as percent codes.
var (
	escapeData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	escapeProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// writeGitHub writes workflow commands, which a GitHub action's log turns into annotations of the changed lines.
func writeGitHub(w io.Writer, report Report) error {
	var text strings.Builder
	for _, f := range report.Findings {
		fmt.Fprintf(&text, "::%s file=%s,line=%d,col=%d,title=%s::%s\n", githubCommands[f.Severity],
			escapeProperty.Replace(f.Source), f.Line, f.Column, escapeProperty.Replace("caphv-lint "+f.RuleID),
			escapeData.Replace(f.sentence()))
	}
	for _, u := range report.Unreadable {
		at := ""
		if u.Line > 0 {
			at = fmt.Sprintf(",line=%d,col=%d", u.Line, u.Column)
		}
		fmt.Fprintf(&text, "::error file=%s%s,title=caphv-lint::%s\n", escapeProperty.Replace(u.Source), at, escapeData.Replace(u.Message))
	}
	for _, file := range report.SkippedFiles {
		if file.Unrendered {
			fmt.Fprintf(&text, "::notice file=%s,line=%d,col=%d,title=caphv-lint::%s\n",
				escapeProperty.Replace(file.Source), file.Line, file.Column, escapeData.Replace("skipped: "+file.Reason))
		}
	}
	_, err := io.WriteString(w, text.String())
	return err
}
