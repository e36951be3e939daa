package lint

import (
	"encoding/xml"
	"fmt"
	"io"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
)

// The elements of JUnit's report that continuous-integration servers agree on.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		File    string        `xml:"file,attr"`
		Line    int           `xml:"line,attr"`
		Failure *junitMessage `xml:"failure"`
		Skipped *junitMessage `xml:"skipped"`
		Out     string        `xml:"system-out,omitempty"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// writeJUnit writes one suite for each file with findings and one test case for each finding. Findings below failOn
// are cases that pass and say so in their output; accepted ones are skipped.
func writeJUnit(w io.Writer, report Report, failOn validation.Severity) error {
	all := junitSuites{Name: "caphv-lint"}
	at := map[string]int{}
	add := func(f Finding) {
		i, ok := at[f.Source]
		if !ok {
			i = len(all.Suites)
			at[f.Source] = i
			all.Suites = append(all.Suites, junitSuite{Name: f.Source})
		}
		suite := &all.Suites[i]
		entry := junitCase{
			Name: fmt.Sprintf("%s %s: %s", f.RuleID, f.Kind+" "+f.Object, f.Path), Class: f.RuleID, File: f.Source, Line: f.Line,
		}
		text := fmt.Sprintf("%s:%d:%d: %s", f.Source, f.Line, f.Column, f.Remediation)
		switch {
		case f.Reason != "":
			entry.Skipped = &junitMessage{Message: f.Reason}
			suite.Skipped++
		case f.Severity.AtLeast(failOn):
			entry.Failure = &junitMessage{Message: f.Path + ": " + f.Message, Type: string(f.Severity), Text: text}
			suite.Failures++
			all.Failures++
		default:
			entry.Out = fmt.Sprintf("%s: %s: %s\n%s", f.Severity, f.Path, f.Message, text)
		}
		suite.Cases = append(suite.Cases, entry)
		suite.Tests++
		all.Tests++
	}
	for _, f := range report.Findings {
		add(f)
	}
	for _, f := range report.Accepted {
		add(f)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
