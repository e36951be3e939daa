package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/preflight"
)

// errPreflight says that Harvester lacks something; the report said what.
var errPreflight = errors.New("nothing is applied, for Harvester lacks what the cluster needs: fix the lines that say FAIL")

// preflightRun says whether and how Harvester is asked.
type preflightRun struct {
	on     bool
	format string
}

func (p *preflightRun) register(flags *pflag.FlagSet) {
	flags.BoolVar(&p.on, "preflight", false,
		"ask Harvester first whether it has what the cluster needs (default with --apply); by itself, ask and do no more")
	flags.StringVar(&p.format, "preflight-format", formatText, "form of what --preflight reports: text or json")
}

// Forms of a report.
const (
	formatText = "text"
	formatJSON = "json"
)

// report is what preflight found about one cluster.
type report struct {
	Cluster  string              `json:"cluster"`
	OK       bool                `json:"ok"`
	Findings []preflight.Finding `json:"findings"`
}

// check asks Harvester about every cluster, and reports all findings of all of them.
func (p *preflightRun) check(ctx context.Context, out io.Writer, clusters []built) error {
	reports, failed := make([]report, 0, len(clusters)), false
	for _, cluster := range clusters {
		kubeconfig, err := readKubeconfig(cluster.settings.HarvesterKubeconfig)
		if err != nil {
			return err
		}
		client, err := preflight.Connect(kubeconfig)
		if err != nil {
			return usage("--harvester-kubeconfig: %v", err)
		}
		findings := preflight.Run(ctx, cluster.settings, client)
		if ctx.Err() != nil {
			return fmt.Errorf("nothing is applied: %w", ctx.Err())
		}
		ok := !preflight.Failed(findings)
		failed = failed || !ok
		reports = append(reports, report{cluster.settings.Namespace + "/" + cluster.settings.Name, ok, findings})
	}
	if err := p.write(out, reports); err != nil {
		return err
	}
	if failed {
		return errPreflight
	}
	return nil
}

func (p *preflightRun) write(out io.Writer, reports []report) error {
	if p.format == formatJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(reports)
	}
	var text strings.Builder
	for _, report := range reports {
		fmt.Fprintf(&text, "preflight of %s:\n", report.Cluster)
		for _, finding := range report.Findings {
			fmt.Fprintf(&text, "  %s\n", finding)
		}
	}
	_, err := io.WriteString(out, text.String())
	return err
}
