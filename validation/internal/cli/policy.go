package cli

import (
	"bytes"
	"fmt"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/policy"
)

func newPolicy() *cobra.Command {
	return &cobra.Command{
		Use:   "policy",
		Short: "Write the rules as ValidatingAdmissionPolicies, for clusters without the webhook",
		Long: `Write the rules as ValidatingAdmissionPolicies with their bindings, for clusters without the webhook.
They need Kubernetes 1.31 or newer. Errors are denied, warnings are given; hints, and rules that look at several
objects, are left out. Of several errors the API server names the first.`,
		Example: "  caphv-lint policy | kubectl apply -f -",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			engine, err := validation.NewEngine()
			if err != nil {
				return err
			}
			var text bytes.Buffer
			for i, object := range policy.Build(engine.Rules()) {
				document, err := yaml.Marshal(object)
				if err != nil {
					return fmt.Errorf("write the policy: %w", err)
				}
				if i > 0 {
					text.WriteString("---\n")
				}
				text.Write(document)
			}
			_, err = cmd.OutOrStdout().Write(text.Bytes())
			return err
		},
	}
}
