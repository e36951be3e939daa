package command

import (
	"github.com/spf13/cobra"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
)

func newSchema(streams Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Write the JSON Schema of values files",
		Long: `schema writes the JSON Schema (draft 2020-12) of the files that -f reads, for editors and CI. Each value is called what its
flag is called.`,
		Example: `  caphv-generate schema > values.schema.json`,
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			defaults := settings.Defaults()
			schema, err := settings.Schema(settings.Fields(&defaults))
			if err != nil {
				return err
			}
			_, err = streams.Out.Write(schema)
			return err
		},
	}
}
