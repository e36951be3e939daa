package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/doctor"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/doctor/constants"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/tell"
)

const conditionsIntro = `<!-- Written by "make generate" from the constants of the api module and the answers of caphv-doctor. Do not edit. -->

# Conditions and their reasons

What each condition of a HarvesterCluster, a HarvesterMachine and a HarvesterIPPool tells, and what to do about each reason. A reason without anything to do says that the step is done. [caphv-doctor](doctor.md) reads them in the right order.

Times say how long a reason that passes by itself may last before caphv-doctor says that it blocks.
`

func conditionsPage(known []constants.Constant) (string, error) {
	text := &strings.Builder{}
	text.WriteString(conditionsIntro)
	conditions := slices.DeleteFunc(slices.Clone(known), func(c constants.Constant) bool { return !c.Is("Condition") })
	fmt.Fprint(text, "\n## Conditions\n\n| condition | it tells |\n|---|---|\n")
	for _, condition := range conditions {
		fmt.Fprintf(text, "| `%s` | %s |\n", condition.Value, plain(condition.Meaning, known))
	}
	answers := doctor.Answers()
	var group []string
	for _, reason := range known {
		if !reason.Is("Reason") {
			continue
		}
		answer, found := answers[reason.Value]
		if !found {
			return "", fmt.Errorf("reason %s has no answer", reason.Value)
		}
		if !slices.Equal(group, reason.Conditions) || group == nil {
			group = append([]string{}, reason.Conditions...)
			fmt.Fprintf(text, "\n## Reasons of %s\n\n| reason | it tells | to do | runbook |\n|---|---|---|---|\n", heading(group, conditions))
		}
		fmt.Fprintf(text, "| `%s` | %s | %s | %s |\n", reason.Value, plain(reason.Meaning, known), remedy(answer), runbook(answer))
	}
	return text.String(), nil
}

// heading names the conditions of a block by their values.
func heading(names []string, conditions []constants.Constant) string {
	var values []string
	for _, condition := range conditions {
		if slices.Contains(names, condition.Name) {
			values = append(values, "`"+condition.Value+"`")
		}
	}
	if len(values) == 0 {
		return "any step"
	}
	return strings.Join(values, ", ")
}

// plain replaces names of constants by what stands in objects.
func plain(meaning string, known []constants.Constant) string {
	for _, other := range known {
		meaning = strings.ReplaceAll(meaning, other.Name, "`"+other.Value+"`")
	}
	return cell(meaning)
}

func remedy(answer doctor.Answer) string {
	text := cell(strings.NewReplacer("{namespace}", "NAMESPACE", "{name}", "NAME", "{cluster}", "CLUSTER", "{target}", "TARGET",
		"{secret}", "NAMESPACE/SECRET", "{owner}", "MACHINE").Replace(answer.Do))
	if answer.Kind == doctor.KindProgress {
		text += fmt.Sprintf(" (%d min)", int(answer.Patience.Minutes()))
	}
	return text
}

func runbook(answer doctor.Answer) string {
	if answer.Alert == "" {
		return ""
	}
	return fmt.Sprintf("[%[1]s](runbooks/%[1]s.md)", answer.Alert)
}

const eventsIntro = `<!-- Written by "make generate" from the constants of the api module and the catalog of events. Do not edit. -->

# Events

An event says what was done or what needs attention. Each also is one line of the manager's log, with the keys ` + "`cluster` and `reason`" + `. At rest there are none, and neither credentials nor bootstrap data are in one.

` + "```sh\nkubectl get events -n NAMESPACE --field-selector type=Warning\nkubectl events -n NAMESPACE --for harvestermachine/NAME\n```" + `

| reason | type | on | it tells |
|---|---|---|---|
`

func eventsPage(known []constants.Constant) (string, error) {
	text := &strings.Builder{}
	text.WriteString(eventsIntro)
	for _, kind := range tell.Catalog() {
		at := slices.IndexFunc(known, func(c constants.Constant) bool { return c.Value == kind.Reason && !c.Is("Condition") })
		if at < 0 {
			return "", fmt.Errorf("event %s is not a constant of the api module", kind.Reason)
		}
		fmt.Fprintf(text, "| `%s` | %s | %s | %s |\n", kind.Reason, kind.Type, strings.Join(kind.On, ", "), plain(known[at].Meaning, known))
	}
	return text.String(), nil
}

// cell is text that does not end a cell of a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
