package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"k8s.io/component-base/logs"
	logsv1 "k8s.io/component-base/logs/api/v1"
	_ "k8s.io/component-base/logs/json/register" // the manager has it, so --logging-format names it

	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/manager"
)

const intro = `<!-- Written by "make generate" from the manager's flags. Do not edit. -->

# The manager's flags

What the manager can be told. How to tell it depends on the way in which it is [installed](install.md):

- Helm: the value ` + "`extraArgs`" + `, such as ` + "`--set 'extraArgs={--harvester-qps=50}'`" + `. Some flags have a value of their own in [values.yaml](../charts/caphv/values.yaml).
- The Cluster API operator and Turtles: ` + "`spec.manager`" + ` of the InfrastructureProvider has fields for the flags that all providers share, ` + "`spec.deployment.containers`" + ` takes the others as ` + "`args`" + ` of the container ` + "`manager`" + `.
- clusterctl and kubectl: ` + "`args`" + ` of the container ` + "`manager`" + ` in infrastructure-components.yaml.

The last flag of a name wins. Times have a unit: ` + "`90s`, `10m`, `168h`" + `. A flag that does not exist stops the manager at its start.
`

const conclusion = `
## Environment

| variable | meaning |
|---|---|
| ` + "`POD_NAMESPACE`" + ` | Namespace of the Pod: of the leader's lease, and of what is created besides. Outside of a cluster it is empty, and nothing is created. |
| ` + "`GOGC`" + ` | How much the heap may grow before it is collected, in percent of what is in use. 50, unless it is set. |
| ` + "`HTTPS_PROXY`, `NO_PROXY`" + ` | The proxy to Harvester, and to the management cluster. |
`

// page is the text of the page.
func page() string {
	text := &strings.Builder{}
	text.WriteString(intro)
	options := manager.DefaultOptions()
	for _, section := range options.Sections() {
		table(text, section)
	}
	table(text, manager.Section{Title: "Log", Add: func(flags *pflag.FlagSet) { logsv1.AddFlags(logs.NewOptions(), flags) }})
	otherNames(text)
	text.WriteString(conclusion)
	return text.String()
}

// table writes the flags of a section in their own order.
func table(text *strings.Builder, section manager.Section) {
	flags := pflag.NewFlagSet(section.Title, pflag.ContinueOnError)
	flags.SortFlags = false
	section.Add(flags)
	fmt.Fprintf(text, "\n## %s\n\n| flag | type | default | meaning |\n|---|---|---|---|\n", section.Title)
	flags.VisitAll(func(flag *pflag.Flag) {
		if flag.Hidden || flag.Deprecated != "" {
			return
		}
		fmt.Fprintf(text, "| `--%s` | %s | %s | %s |\n", flag.Name, flag.Value.Type(), byDefault(flag), cell(flag.Usage))
	})
}

// byDefault is a flag's default as code; nothing where there is none.
func byDefault(flag *pflag.Flag) string {
	if flag.DefValue == "" || flag.DefValue == "[]" {
		return ""
	}
	return "`" + cell(flag.DefValue) + "`"
}

func otherNames(text *strings.Builder) {
	fmt.Fprint(text, "\n## Other names\n\nThe manager also knows flags by the names that other managers of Cluster API have for them:\n\n| name | is |\n|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(manager.OtherNames)) {
		fmt.Fprintf(text, "| `--%s` | `--%s` |\n", name, manager.OtherNames[name])
	}
	fmt.Fprint(text, "\nThe kind in `--KIND-concurrency` may have its group: `--harvestermachine.infrastructure.cluster.x-k8s.io-concurrency`.\n")
}

// cell is text that neither ends a cell of a table nor its row.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(text)
}
