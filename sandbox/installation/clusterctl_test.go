package installation

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/build"
)

// repository is a directory from which clusterctl takes releases, and the configuration that names it.
type repository struct{ config string }

// newRepository holds Cluster API core and both of our releases, and old ones. clusterctl knows us by the provider's name.
func newRepository(t *testing.T, provider string, old ...oldRelease) repository {
	t.Helper()
	dir := t.TempDir()
	core := module(t, "sigs.k8s.io/cluster-api")
	coreDir := filepath.Join(dir, "cluster-api", core.version)
	require.NoError(t, os.MkdirAll(coreDir, 0o750))
	link(t, paths.Manifest("capi-core"), filepath.Join(coreDir, "core-components.yaml"))
	link(t, filepath.Join(core.dir, "metadata.yaml"), filepath.Join(coreDir, "metadata.yaml"))

	ourDir := filepath.Join(dir, "infrastructure-"+provider)
	require.NoError(t, os.Mkdir(ourDir, 0o750))
	for _, release := range []release{older, newer} {
		link(t, release.dir, filepath.Join(ourDir, release.version))
	}
	for _, release := range old {
		components := release.write(t, filepath.Join(ourDir, release.version))
		link(t, filepath.Join(newer.dir, "metadata.yaml"), filepath.Join(filepath.Dir(components), "metadata.yaml"))
	}

	config := filepath.Join(dir, "clusterctl.yaml")
	// cert-manager counts as installed. If it did not, clusterctl would fail here instead of fetching it from afar.
	text := `cert-manager: {url: "` + filepath.Join(dir, "cert-manager.yaml") + `", version: v1.21.2}
providers:
- {name: cluster-api, type: CoreProvider, url: "` + filepath.Join(coreDir, "core-components.yaml") + `"}
- {name: ` + provider + `, type: InfrastructureProvider, url: "` + filepath.Join(ourDir, newer.version, "infrastructure-components.yaml") + `"}
`
	require.NoError(t, os.WriteFile(config, []byte(text), 0o600))
	return repository{config: config}
}

// goModule is where a module of sandbox/programs/capi is, and its version.
type goModule struct{ dir, version string }

func module(t *testing.T, path string) goModule {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}} {{.Version}}", path)
	list.Dir = filepath.Join(paths.Root, "sandbox", "programs", "capi")
	list.Env = append(os.Environ(), "GOWORK=off")
	output, err := list.Output()
	require.NoError(t, err)
	dir, version, _ := strings.Cut(strings.TrimSpace(string(output)), " ")
	return goModule{dir: dir, version: version}
}

// link puts a file or a directory into the repository. Directories are copied, as clusterctl looks at no links to them.
func link(t *testing.T, from, to string) {
	t.Helper()
	info, err := os.Stat(from)
	require.NoError(t, err)
	if info.IsDir() {
		require.NoError(t, os.CopyFS(to, os.DirFS(from)))
		return
	}
	require.NoError(t, os.Symlink(from, to))
}

func (s *server) clusterctl(r repository, arguments ...string) string {
	s.t.Helper()
	return s.run(paths.Program(build.Clusterctl), append(arguments, "--config="+r.config)...)
}

// initCluster installs Cluster API core, and us in a version. Bootstrap and control-plane providers are left out: they are
// not ours.
func (s *server) initCluster(r repository, provider string) {
	s.t.Helper()
	trial := object(kind("", "v1", "Namespace"), "", "cert-manager-test")
	s.eventually(func() bool { return s.get(trial) == nil }, "what clusterctl tried cert-manager with the last time is gone")
	s.clusterctl(r, "init", "--bootstrap=-", "--control-plane=-", "--infrastructure="+provider)
}

// stays are the kinds that clusterctl leaves: CRDs and the Namespace unless it is told otherwise, and cluster-wide roles,
// whose names do not begin with the namespace and a hyphen.
var stays = []string{"CustomResourceDefinition", "Namespace", "ClusterRole", "ClusterRoleBinding"}

// TestClusterctl upgrades from an old release, removes, and installs again; then it removes everything. The objects of a
// cluster are the same before and after.
func TestClusterctl(t *testing.T) {
	t.Parallel()
	for _, old := range []oldRelease{v027, v0101} {
		t.Run(old.version, func(t *testing.T) {
			t.Parallel()
			s, r := startServer(t), newRepository(t, "harvester", old)
			everything := newer.objects(t)
			s.initCluster(r, "harvester:"+old.version)
			assert.Contains(t, s.image(), old.version)
			cluster := s.makeMachines()

			plan := s.clusterctl(r, "upgrade", "plan")
			assert.Regexp(t, `infrastructure-harvester +caphv-system +InfrastructureProvider +`+old.version+` +`+newer.version, plan)
			s.clusterctl(r, "upgrade", "apply", "--infrastructure=harvester:"+newer.version)
			assert.Equal(t, names(everything), s.there(everything), "upgraded")
			assert.Contains(t, s.image(), newer.version)
			s.requireStored("harvestermachines", "v1alpha1", "v1beta1")
			for _, object := range cluster {
				s.requireSame(object)
			}
			assert.Contains(t, s.kubectl("get", "providers.clusterctl.cluster.x-k8s.io", "-A"), newer.version)

			s.requireRemoval(r, "harvester")
			for _, object := range cluster {
				s.requireSame(object)
			}
			s.initCluster(r, "harvester")
			assert.Equal(t, names(everything), s.there(everything), "reinstalled")
			for _, object := range cluster {
				s.requireSame(object)
			}
			s.removeMachines(cluster)

			s.clusterctl(r, "delete", "--infrastructure=harvester", "--include-crd", "--include-namespace")
			s.eventually(func() bool { return len(without(s.there(everything), "ClusterRole", "ClusterRoleBinding")) == 0 }, "all but the roles is gone")
			s.shell(removeRoles)
			assert.Empty(t, s.there(everything))
		})
	}
}

// requireRemoval has clusterctl remove the provider, and then runs the commands of docs/install.md for what it leaves.
func (s *server) requireRemoval(r repository, provider string) {
	s.t.Helper()
	everything := newer.objects(s.t)
	s.clusterctl(r, "delete", "--infrastructure="+provider)
	s.eventually(func() bool { return len(without(s.there(everything), stays...)) == 0 }, "what is in the namespace is gone, and the webhooks")
	assert.Len(s.t, s.there(everything), len(everything)-len(without(names(everything), stays...)), "the rest stays")
	s.shell(strings.ReplaceAll(removeRoles, "infrastructure-harvester", "infrastructure-"+provider))
	assert.Empty(s.t, without(s.there(everything), "CustomResourceDefinition", "Namespace"))
}

// TestClusterctlByItsOwnName installs under the name that is built into clusterctl, under which every label differs, and
// sees that Services still find the Pods.
func TestClusterctlByItsOwnName(t *testing.T) {
	t.Parallel()
	const provider = "harvester-harvester"
	s, r := startServer(t), newRepository(t, provider)
	everything := newer.objects(t)
	s.initCluster(r, provider+":"+older.version)
	assert.Equal(t, names(everything), s.there(everything), "fresh")
	assert.Equal(t, "infrastructure-"+provider, s.get(deployment()).GetLabels()["cluster.x-k8s.io/provider"])
	s.requireServicesFindPods()
	s.clusterctl(r, "upgrade", "apply", "--infrastructure="+provider+":"+newer.version)
	assert.Contains(t, s.image(), newer.version)
	s.requireServicesFindPods()
	s.requireRemoval(r, provider)
}

// TestClusterctlAndHelm: clusterctl takes over what Helm installed without a word; Helm forgets its release by the command
// of docs/install.md. Helm takes over what clusterctl installed when it is told to.
func TestClusterctlAndHelm(t *testing.T) {
	t.Parallel()
	s, r := startServer(t), newRepository(t, "harvester")
	s.helm(build.Helm, "install", "caphv", older.chart(), "--create-namespace")
	s.initCluster(r, "harvester")
	assert.Contains(t, s.image(), newer.version)
	s.shell(forgetRelease)
	_, err := s.tryHelm(build.Helm, "uninstall", "caphv")
	require.Error(t, err)
	everything := newer.objects(t)
	assert.Equal(t, names(everything), s.there(everything), "the provider stays")

	s.clusterctl(r, "delete", "--infrastructure=harvester")
	s.removeByKubectl()
	s.initCluster(r, "harvester:"+older.version)
	output, err := s.tryHelm(build.Helm, "install", "caphv", newer.chart())
	require.Error(t, err)
	assert.Contains(t, output, "ownership")
	assert.Contains(t, s.image(), older.version, "nothing is changed")
	s.helm(build.Helm, "install", "caphv", newer.chart(), "--take-ownership", "--force-conflicts")
	assert.Contains(t, s.image(), newer.version)
}
