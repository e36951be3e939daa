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
		Errors   int          `xml:"errors,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		File    string        `xml:"file,attr"`
		Line    int           `xml:"line,attr"`
		Failure *junitMessage `xml:"failure"`
		Error   *junitMessage `xml:"error"`
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
// are cases that pass and say so in their output; accepted ones and templates are skipped. A file that could not be read
// is a case with an error.
func writeJUnit(w io.Writer, report Report, failOn validation.Severity) error {
	all := &junitReport{junitSuites: junitSuites{Name: "caphv-lint"}, at: map[string]int{}}
	for _, f := range report.Findings {
		all.addFinding(f, failOn)
	}
	for _, f := range report.Accepted {
		all.addFinding(f, failOn)
	}
	for _, u := range report.Unreadable {
		all.add(u.Source, junitCase{
			Name: "can be read and parsed", Class: "parse", File: u.Source, Line: u.Line,
			Error: &junitMessage{Message: u.Message, Type: "parse", Text: u.String()},
		})
	}
	for _, file := range report.SkippedFiles {
		all.add(file.Source, junitCase{
			Name: "is validated", Class: "skipped", File: file.Source, Line: file.Line, Skipped: &junitMessage{Message: file.Reason},
		})
	}

	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(all.junitSuites); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// junitReport is a report while it is put together. at is the index of each file's suite.
type junitReport struct {
	junitSuites
	at map[string]int
}

func (r *junitReport) addFinding(f Finding, failOn validation.Severity) {
	entry := junitCase{
		Name: fmt.Sprintf("%s %s: %s", f.RuleID, f.about(), f.Path), Class: f.RuleID, File: f.Source, Line: f.Line,
	}
	text := fmt.Sprintf("%s:%d:%d: %s", f.Source, f.Line, f.Column, f.Remediation)
	switch {
	case f.Reason != "":
		entry.Skipped = &junitMessage{Message: f.Reason}
	case f.Severity.AtLeast(failOn):
		entry.Failure = &junitMessage{Message: f.Path + ": " + f.Message, Type: string(f.Severity), Text: text}
	default:
		entry.Out = fmt.Sprintf("%s: %s: %s\n%s", f.Severity, f.Path, f.Message, text)
	}
	r.add(f.Source, entry)
}

// add puts a case into the suite of its file and counts it.
func (r *junitReport) add(source string, entry junitCase) {
	i, ok := r.at[source]
	if !ok {
		i = len(r.Suites)
		r.at[source] = i
		r.Suites = append(r.Suites, junitSuite{Name: source})
	}
	suite := &r.Suites[i]
	suite.Cases = append(suite.Cases, entry)
	suite.Tests++
	r.Tests++

	switch {
	case entry.Failure != nil:
		suite.Failures++
		r.Failures++
	case entry.Error != nil:
		suite.Errors++
		r.Errors++
	case entry.Skipped != nil:
		suite.Skipped++
	}
}
