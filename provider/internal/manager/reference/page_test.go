package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/component-base/logs"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/manager"
)

func TestThePageIsUpToDate(t *testing.T) {
	got, err := os.ReadFile(filepath.Join("../../../..", path))
	require.NoError(t, err)
	assert.Equal(t, page(), string(got), "%s: run make generate", path)
}

// The page has every flag that the manager parses, and every other name leads to one of them.
func TestThePageHasEveryFlag(t *testing.T) {
	options := manager.DefaultOptions()
	flags := manager.NewFlagSet(&options, logs.NewOptions())
	seen := 0
	flags.VisitAll(func(flag *pflag.Flag) {
		if flag.Hidden || flag.Deprecated != "" {
			return
		}
		seen++
		assert.Contains(t, page(), "| `--"+flag.Name+"` | ")
		assert.Regexp(t, `\S`, flag.Usage, flag.Name)
	})
	assert.Greater(t, seen, 40)
	for name, ours := range manager.OtherNames {
		require.NotNil(t, flags.Lookup(name), name)
		assert.Equal(t, ours, flags.Lookup(name).Name)
	}
}
