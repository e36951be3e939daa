// Command gen writes the files of package page below the root of the repository, which is its argument.
package main

import (
	"fmt"
	"os"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/rights/internal/page"
)

func main() {
	if err := run(os.Args); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 { //nolint:mnd // The program and the root.
		return fmt.Errorf("usage: gen ROOT")
	}
	root, err := os.OpenRoot(args[1])
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()

	for name, content := range map[string]string{page.RoleFile: page.Role(), page.PageFile: page.Page()} {
		if err := root.WriteFile(name, []byte(content), 0o600); err != nil {
			return err
		}
	}

	return nil
}
