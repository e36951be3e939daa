package poolcommand

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/poolaudit"
)

const verifyLong = `Looks for what is wrong with pools: leaks (addresses whose holder does not exist),
owners with several addresses, counters that have drifted, addresses outside of the
ranges, former holders of addresses that are held, and ranges that overlap.

A machine holds its address before it has a virtual machine. Name the management
clusters, or such an address looks like a leak.`

func (t *tool) verify() *cobra.Command {
	return t.command(&cobra.Command{
		Use: "verify [pool...]", Short: "Looks for leaks, doubles, drift and overlap; exit code 1 if there is any", Long: verifyLong,
		Example: "  caphv-ipam verify --kubeconfig harvester.yaml --management-kubeconfig capi.yaml",
		RunE: func(cmd *cobra.Command, named []string) error {
			v, err := t.gather(cmd.Context(), named)
			if err != nil {
				return err
			}
			findings := v.audit(named)
			if len(t.managements) == 0 {
				_, _ = fmt.Fprintln(t.streams.Err, "Note: no --management-kubeconfig, so a machine that has no virtual machine yet looks like a leak.")
			}
			switch {
			case t.output == "json":
				err = t.json(map[string]any{"findings": findings})
			case len(findings) > 0:
				err = t.findings(findings)
			default:
				_, err = fmt.Fprintln(t.streams.Out, "Nothing is wrong.")
			}
			if err == nil && len(findings) > 0 {
				err = errFindings
			}
			return err
		},
	})
}

// audit looks at all pools, as an owner may hold addresses of several, and keeps what concerns the named ones.
func (v *view) audit(named []string) []poolaudit.Finding {
	findings := poolaudit.Audit(v.pools, v.holders)
	findings = slices.DeleteFunc(findings, func(f poolaudit.Finding) bool { return !among(named, f.Pool) })
	if findings == nil {
		findings = []poolaudit.Finding{}
	}
	return findings
}
