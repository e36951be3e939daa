package controlplane_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/controlplane"
)

func TestAssets(t *testing.T) {
	root := t.TempDir()
	own, named, partial := filepath.Join(root, "bin", "assets"), filepath.Join(root, "named"), filepath.Join(root, "partial")
	deep := filepath.Join(root, "a", "b")
	for _, dir := range []string{own, named, partial, deep} {
		require.NoError(t, os.MkdirAll(dir, 0o750))
	}
	for _, name := range []string{"etcd", "kube-apiserver", "kube-controller-manager"} {
		for _, dir := range []string{own, named} {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
		}
	}

	for name, c := range map[string]struct {
		dir, variable, working string
		want                   string
		missing                bool
	}{
		"named":                           {dir: named, variable: partial, working: deep, want: named},
		"named and incomplete":            {dir: partial, variable: named, working: deep, missing: true},
		"by the variable":                 {variable: named, working: deep, want: named},
		"by the variable, and incomplete": {variable: partial, working: deep, missing: true},
		"above the working directory":     {working: deep, want: own},
		"nowhere":                         {working: t.TempDir(), missing: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(controlplane.AssetsVariable, c.variable)
			t.Chdir(c.working)

			got, err := controlplane.Assets(c.dir)

			if c.missing {
				require.ErrorIs(t, err, os.ErrNotExist)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}
