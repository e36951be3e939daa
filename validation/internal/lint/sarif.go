package lint

import (
	"io"
	"path/filepath"

	"github.com/owenrumney/go-sarif/v3/pkg/report"
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/manifest"
)

const informationURI = "https://github.com/rancher-sandbox/cluster-api-provider-harvester/tree/main/validation"

// sarifLevels are the levels of SARIF 2.1.0, section 3.27.10.
var sarifLevels = map[validation.Severity]string{
	validation.Error: "error", validation.Warning: "warning", validation.Info: "note",
}

// writeSARIF writes SARIF 2.1.0, which code hosts show beside the lines of a change. Every rule is described, so that
// a viewer can show what a finding means; accepted findings are there as suppressed.
func writeSARIF(w io.Writer, found Report, about About) error {
	log := report.NewV210Report()
	run := sarif.NewRunWithInformationURI("caphv-lint", informationURI)
	run.Tool.Driver.WithVersion(about.Version)
	for _, rule := range about.Rules {
		help := sarif.NewMultiformatMessageString().WithText(rule.Remediation)
		description := rule.Title
		if rule.Documentation != "" {
			description += ". " + rule.Documentation
		}
		run.Tool.Driver.AddRule(sarif.NewReportingDescriptor().WithID(rule.ID).WithHelp(help).
			WithShortDescription(sarif.NewMultiformatMessageString().WithText(rule.Title)).
			WithFullDescription(sarif.NewMultiformatMessageString().WithText(description)).
			WithDefaultConfiguration(sarif.NewReportingConfiguration().WithEnabled(true).WithLevel(sarifLevels[rule.Severity])))
	}
	run.WithResults([]*sarif.Result{})
	for _, f := range found.Findings {
		run.AddResult(result(f))
	}
	for _, f := range found.Accepted {
		run.AddResult(result(f).AddSuppression(sarif.NewSuppression().WithKind("inSource").WithJustification(f.Reason)))
	}
	if len(found.Unreadable)+len(found.SkippedFiles) > 0 {
		run.AddInvocation(invocation(found))
	}
	return log.AddRun(run).PrettyWrite(w)
}

// invocation tells what was not validated: viewers would take a page without results for a good one.
func invocation(found Report) *sarif.Invocation {
	told := sarif.NewInvocation().WithExecutionSuccessful(len(found.Unreadable) == 0)
	for _, u := range found.Unreadable {
		told.AddToolExecutionNotification(notification("error", u.Message, u.Source, u.Position))
	}
	for _, file := range found.SkippedFiles {
		told.AddToolExecutionNotification(notification("note", "skipped: "+file.Reason, file.Source, file.Position))
	}
	return told
}

func notification(level, message, source string, at manifest.Position) *sarif.Notification {
	place := sarif.NewPhysicalLocation().WithArtifactLocation(sarif.NewSimpleArtifactLocation(filepath.ToSlash(source)))
	if at.Line > 0 {
		place.WithRegion(sarif.NewRegion().WithStartLine(at.Line).WithStartColumn(at.Column))
	}
	return sarif.NewNotification().WithLevel(level).WithMessage(sarif.NewTextMessage(message)).
		AddLocation(sarif.NewLocationWithPhysicalLocation(place))
}

func result(f Finding) *sarif.Result {
	region := sarif.NewRegion().WithStartLine(f.Line).WithStartColumn(f.Column)
	file := sarif.NewPhysicalLocation().WithRegion(region).
		WithArtifactLocation(sarif.NewSimpleArtifactLocation(filepath.ToSlash(f.Source)))
	object := sarif.NewLogicalLocation().WithFullyQualifiedName(f.about() + ": " + f.Path)
	return sarif.NewResult().WithRuleID(f.RuleID).WithLevel(sarifLevels[f.Severity]).
		WithMessage(sarif.NewTextMessage(f.sentence())).
		AddLocation(sarif.NewLocationWithPhysicalLocation(file).AddLogicalLocation(object))
}
