package installation

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Commands of docs/install.md and docs/upgrading.md, which the tests run as they are.
const (
	dryRun           = "kubectl apply --server-side --force-conflicts --dry-run=server -f infrastructure-components.yaml"
	removeDeployment = "kubectl delete deployment caphv-controller-manager -n caphv-system"
	removeNamespaced = "kubectl delete deployment,service,serviceaccount,role,rolebinding,issuer,certificate -n caphv-system -l cluster.x-k8s.io/provider=infrastructure-harvester"
	removeRoles      = "kubectl delete clusterrole,clusterrolebinding,validatingwebhookconfiguration -l cluster.x-k8s.io/provider=infrastructure-harvester"
	removeCRDs       = "kubectl delete crd -l cluster.x-k8s.io/provider=infrastructure-harvester"
	putCRDsBack      = "kubectl apply --server-side -f infrastructure-components.yaml --selector='apiextensions.k8s.io/v1=CustomResourceDefinition'"
	forgetRelease    = "kubectl delete secret -n caphv-system -l owner=helm,name=caphv"
	useRegistry      = "sed 's#image: ghcr.io/#image: registry.example.org:5000/#' infrastructure-components.yaml"
	labelSecret      = "kubectl label secret SECRET -n NAMESPACE clusterctl.cluster.x-k8s.io/move="
)

func TestTheCommandsAreThoseOfThePages(t *testing.T) {
	var pages strings.Builder
	for _, page := range []string{"install.md", "upgrading.md"} {
		text, err := os.ReadFile(filepath.Join(paths.Root, "docs", page))
		require.NoError(t, err)
		pages.Write(text)
	}
	for _, command := range []string{
		dryRun, removeDeployment, removeNamespaced, removeRoles, removeCRDs, putCRDsBack, forgetRelease, useRegistry, labelSecret,
	} {
		assert.Contains(t, pages.String(), command)
	}
}

// shell runs a command of the pages beside the components of the newer release; tryShell returns its error besides.
func (s *server) shell(command string) string {
	s.t.Helper()
	output, err := s.tryShell(command)
	require.NoError(s.t, err, "%s:\n%s", command, output)
	return output
}

func (s *server) tryShell(command string) (string, error) {
	s.t.Helper()
	link := filepath.Join(s.home, "infrastructure-components.yaml")
	if _, err := os.Lstat(link); err != nil {
		require.NoError(s.t, os.Symlink(newer.components(), link))
	}
	return s.try("sh", "-c", `PATH="`+paths.Assets()+`:$PATH" && `+command)
}

// removeByKubectl removes everything but the namespace, by the commands of docs/install.md.
func (s *server) removeByKubectl() {
	s.t.Helper()
	for _, command := range []string{removeNamespaced, removeRoles, removeCRDs} {
		s.shell(command)
	}
}
