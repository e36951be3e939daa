// Command monitoring writes the files that are generated from the tables of package observability, below the root of the
// repository, which is its only argument.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/hack/tools/monitoring/dashboard"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/hack/tools/monitoring/reference"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/hack/tools/monitoring/rules"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/hack/tools/monitoring/statemetrics"
)

// files are what is generated, by path below the root.
var files = map[string]func() ([]byte, error){
	"config/prometheus/rules.yaml":               rules.Plain,
	"config/prometheus/prometheusrule.yaml":      rules.PrometheusRule,
	"config/prometheus/inhibit_rules.yaml":       rules.InhibitRules,
	"config/grafana/caphv-dashboard.json":        dashboard.JSON,
	"config/grafana/configmap.yaml":              dashboard.ConfigMap,
	"config/kube-state-metrics/config.yaml":      statemetrics.YAML,
	"config/kube-state-metrics/clusterrole.yaml": statemetrics.ClusterRole,
	"docs/observability-metrics.md":              reference.Metrics,
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: monitoring ROOT")
		os.Exit(2)
	}
	if err := generate(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func generate(root string) error {
	for path, render := range files {
		content, err := render()
		if err != nil {
			return fmt.Errorf("render %s: %w", path, err)
		}
		target := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
