package page

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/rights"
)

// The files that people read are made from the list.
func TestTheFilesAreThoseOfTheList(t *testing.T) {
	for name, want := range map[string]string{RoleFile: Role(), PageFile: Page()} {
		content, err := os.ReadFile(filepath.Join("..", "..", "..", "..", filepath.FromSlash(name)))
		require.NoError(t, err)
		assert.Equal(t, want, string(content), "%s: run `make generate`", name)
	}
}

// What kubectl applies is the role that programs use.
func TestTheRoleIsReadAsTheList(t *testing.T) {
	var role rbacv1.ClusterRole
	require.NoError(t, yaml.UnmarshalStrict([]byte(Role()), &role))
	assert.Equal(t, *rights.ClusterRole(), role)
}

func TestEveryRightIsOnThePage(t *testing.T) {
	page := Page()
	for _, right := range rights.All() {
		assert.Contains(t, page, resources(right))
		assert.Contains(t, page, right.For)
		assert.Contains(t, page, right.Without)
	}
}
