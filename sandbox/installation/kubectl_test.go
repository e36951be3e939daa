package installation

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// applies are the two ways in which kubectl applies.
var applies = map[string][]string{
	"client side": {"apply"},
	"server side": {"apply", "--server-side", "--force-conflicts"},
}

// TestKubectl installs, applies the same once more, removes everything by the commands of docs/install.md, puts lost CRDs
// back, and installs again.
func TestKubectl(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	everything := newer.objects(t)
	for _, way := range []string{"client side", "server side"} {
		apply := append(slices.Clone(applies[way]), "-f", newer.components())
		s.kubectl(apply...)
		assert.Equal(t, names(everything), s.there(everything), "%s: fresh", way)
		before := s.kubectl("get", "deployment", manager, "-n", namespace, "-o", "jsonpath={.metadata.uid} {.metadata.generation}")
		output := s.kubectl(apply...)
		assert.NotContains(t, output, " created", way)
		assert.NotContains(t, output, " configured", way)
		assert.Equal(t, before, s.kubectl("get", "deployment", manager, "-n", namespace, "-o", "jsonpath={.metadata.uid} {.metadata.generation}"), way)

		s.shell(removeCRDs)
		s.shell(putCRDsBack)
		assert.Equal(t, names(everything), s.there(everything), "%s: CRDs are back", way)

		s.removeByKubectl()
		assert.Equal(t, []string{"Namespace " + namespace}, s.there(everything), "%s: removed", way)
	}
	s.kubectl("apply", "-f", newer.components())
	assert.Equal(t, names(everything), s.there(everything), "reinstalled")
}

// TestKubectlOverAnOldRelease follows docs/upgrading.md: the dry run says that the old Deployment is in the way, and changes
// nothing; without the Deployment everything applies. The objects of a cluster are the same before and after.
func TestKubectlOverAnOldRelease(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	everything := newer.objects(t)
	for old, way := range map[*oldRelease]string{&v027: "server side", &v0101: "client side"} {
		t.Log(old.version, way)
		s.kubectl("apply", "-f", old.write(t, t.TempDir()))
		cluster := s.makeMachines()
		before := s.state(everything)

		output, err := s.tryShell(dryRun)
		require.Error(t, err)
		assert.Contains(t, output, "spec.selector")
		assert.Contains(t, output, "field is immutable")
		assert.Equal(t, 1, strings.Count(output, "is invalid"), "nothing else is in the way:\n%s", output)
		assert.Equal(t, before, s.state(everything), "the dry run changes nothing")

		s.shell(removeDeployment)
		s.kubectl(append(slices.Clone(applies[way]), "-f", newer.components())...)
		assert.Equal(t, names(everything), s.there(everything))
		assert.Contains(t, s.image(), newer.version)
		for _, object := range cluster {
			s.requireSame(object)
		}
		s.requireStored("harvestermachines", "v1alpha1", "v1beta1")

		s.removeMachines(cluster)
		s.removeByKubectl()
		assert.Equal(t, []string{"Namespace " + namespace}, s.there(everything), "removed")
	}
}

// state is what changes with every write of an object that is there.
func (s *server) state(objects []*unstructured.Unstructured) map[string]string {
	s.t.Helper()
	state := map[string]string{}
	for _, object := range objects {
		if stored := s.get(object); stored != nil {
			state[name(object)] = string(stored.GetUID()) + " " + stored.GetResourceVersion()
		}
	}
	return state
}

// requireStored: etcd may hold objects in these versions.
func (s *server) requireStored(plural string, versions ...string) {
	s.t.Helper()
	stored, _, err := unstructured.NestedStringSlice(s.get(crd(plural+"."+ours)).Object, "status", "storedVersions")
	require.NoError(s.t, err)
	assert.Equal(s.t, versions, stored, plural)
}

// TestInterruptedApplyIsCompleted: an apply that ended at any object is completed by the next one.
func TestInterruptedApplyIsCompleted(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	everything := newer.objects(t)
	for _, applied := range []int{4, len(everything) / 2, len(everything) - 3} {
		part := filepath.Join(t.TempDir(), "part.yaml")
		writeObjects(t, part, everything[:applied])
		s.kubectl("apply", "-f", part)
		assert.Equal(t, names(everything[:applied]), s.there(everything))
	}
	s.kubectl("apply", "-f", newer.components())
	assert.Equal(t, names(everything), s.there(everything))
}
