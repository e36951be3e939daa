package installation

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/build"
)

// helm runs Helm on the server, in the provider's namespace.
func (s *server) helm(program string, arguments ...string) string {
	s.t.Helper()
	return s.run(paths.Program(program), append(arguments, "--namespace="+namespace)...)
}

func (s *server) tryHelm(program string, arguments ...string) (string, error) {
	s.t.Helper()
	return s.try(paths.Program(program), append(arguments, "--namespace="+namespace)...)
}

// TestHelm installs, upgrades, scales, rolls back, uninstalls and installs again, with each release of Helm. A pool lives
// through all of it.
func TestHelm(t *testing.T) {
	t.Parallel()
	for _, program := range helms {
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			s := startServer(t)
			chart := byName(render(t, program, newer.chart()))
			everything := values(chart)
			crds := slices.DeleteFunc(slices.Clone(everything), func(o *unstructured.Unstructured) bool { return o.GetKind() != "CustomResourceDefinition" })

			s.helm(program, "install", "caphv", oldChart(t, program), "--create-namespace")
			assert.Equal(t, names(everything), s.there(everything), "fresh")
			assert.Contains(t, s.image(), ":"+older.version)
			assert.Empty(t, s.columns(), "the old release has no columns")
			pool := s.makePool()
			before := s.get(deployment()).GetUID()

			s.helm(program, "upgrade", "caphv", newer.chart())
			assert.Contains(t, s.image(), ":"+newer.version)
			assert.NotEmpty(t, s.columns(), "CRDs are upgraded")
			assert.Equal(t, before, s.get(deployment()).GetUID(), "the Deployment is kept")

			s.kubectl("scale", "deployment/"+manager, "-n", namespace, "--replicas=3")
			s.requireUpgradeAfterScale(program)

			s.helm(program, "rollback", "caphv", "1")
			assert.Contains(t, s.image(), ":"+older.version)
			assert.Empty(t, s.columns(), "CRDs are rolled back")
			s.requireSame(pool)
			s.helm(program, "upgrade", "caphv", newer.chart())

			s.helm(program, "uninstall", "caphv")
			s.eventually(func() bool { return len(s.there(everything)) == len(crds) }, "all but the CRDs is gone")
			assert.Equal(t, names(crds), s.there(everything), "removed")
			s.requireSame(pool)

			s.helm(program, "install", "caphv", newer.chart())
			assert.Equal(t, names(everything), s.there(everything), "reinstalled")
			s.requireSame(pool)
		})
	}
}

// requireUpgradeAfterScale: Helm 4 says whose field it is now and changes nothing without --force-conflicts. Helm 3 takes
// the field back.
func (s *server) requireUpgradeAfterScale(program string) {
	s.t.Helper()
	arguments := []string{"upgrade", "caphv", newer.chart()}
	if program == build.Helm {
		output, err := s.tryHelm(program, arguments...)
		require.Error(s.t, err)
		assert.Contains(s.t, output, "conflict")
		assert.Equal(s.t, int64(3), s.replicas())
		arguments = append(arguments, "--force-conflicts")
	}
	s.helm(program, arguments...)
	assert.Equal(s.t, int64(1), s.replicas())
}

// TestHelmWhereKindsAreMissing: what needs a kind that the cluster lacks fails before anything is made, or changed.
func TestHelmWhereKindsAreMissing(t *testing.T) {
	t.Parallel()
	s := startBareServer(t)
	everything := values(byName(render(t, build.Helm, newer.chart())))
	monitored := []string{"--set=metrics.serviceMonitor.enabled=true", "--set=metrics.serviceMonitor.labels.release=monitoring", "--set=metrics.prometheusRule.enabled=true"}
	for _, program := range helms {
		output, err := s.tryHelm(program, "install", "caphv", newer.chart(), "--create-namespace")
		require.Error(t, err)
		assert.Contains(t, output, "Certificate", "%s, without cert-manager", program)
		assert.Equal(t, []string{}, without(s.there(everything), "Namespace"), program)
	}

	s.define(kind("cert-manager.io", "v1", "Issuer"), kind("cert-manager.io", "v1", "Certificate"))
	for _, program := range helms {
		output, err := s.tryHelm(program, append([]string{"install", "caphv", newer.chart()}, monitored...)...)
		require.Error(t, err)
		assert.Contains(t, output, "ServiceMonitor", "%s, without the Prometheus operator", program)
		assert.Equal(t, []string{}, without(s.there(everything), "Namespace"), program)
	}
	s.helm(build.Helm, "install", "caphv", newer.chart(), "--create-namespace")

	monitoring := kind("monitoring.coreos.com", "v1", "ServiceMonitor")
	s.define(monitoring, kind("monitoring.coreos.com", "v1", "PrometheusRule"))
	for _, program := range helms {
		s.helm(program, append([]string{"upgrade", "--install", "caphv", newer.chart()}, monitored...)...)
		monitor := s.get(object(monitoring, namespace, "caphv-controller-manager-metrics-monitor"))
		require.NotNil(t, monitor, program)
		assert.Equal(t, "monitoring", monitor.GetLabels()["release"])
		s.helm(program, "uninstall", "caphv")
		s.eventually(func() bool { return s.get(monitor) == nil }, "the ServiceMonitor goes with the chart")
	}
}

// TestHelmAndTheOtherWays: Helm takes over what kubectl applied when it is told to; kubectl takes over what Helm installed,
// and Helm forgets the release when its Secrets are deleted.
func TestHelmAndTheOtherWays(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	everything := newer.objects(t)
	for _, program := range helms {
		s.kubectl("apply", "--server-side", "-f", older.components())
		output, err := s.tryHelm(program, "install", "caphv", newer.chart())
		require.Error(t, err, program)
		assert.Contains(t, output, "ownership", program)
		assert.Contains(t, s.image(), older.version, "%s changed nothing", program)

		s.helm(program, append([]string{"install", "caphv", newer.chart(), "--take-ownership"}, force(program)...)...)
		assert.Contains(t, s.image(), newer.version, program)
		s.kubectl("apply", "--server-side", "--force-conflicts", "-f", older.components())
		s.shell(forgetRelease)
		output, err = s.tryHelm(program, "uninstall", "caphv")
		require.Error(t, err, "%s: %s", program, output)
		assert.Equal(t, names(everything), s.there(everything), "%s: the provider stays", program)
		s.removeByKubectl()
	}
}

// force lets Helm 4 take fields over.
func force(program string) []string {
	if program == build.Helm {
		return []string{"--force-conflicts"}
	}
	return nil
}

// oldChart packages a chart as an older release would: the version before, and pools without columns.
func oldChart(t *testing.T, program string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "caphv")
	require.NoError(t, os.CopyFS(dir, os.DirFS(chartSource())))
	file := filepath.Join(dir, "files", "generated", "crds.yaml")
	objects := readObjects(t, file)
	pool := byName(objects)["CustomResourceDefinition "+pools]
	versions, _, err := unstructured.NestedSlice(pool.Object, "spec", "versions")
	require.NoError(t, err)
	for _, version := range versions {
		delete(version.(map[string]any), "additionalPrinterColumns")
	}
	require.NoError(t, unstructured.SetNestedSlice(pool.Object, versions, "spec", "versions"))
	writeObjects(t, file, objects)
	destination := t.TempDir()
	output, err := helm(t, program, "package", dir, "--version="+older.version[1:], "--app-version="+older.version, "--destination="+destination)
	require.NoError(t, err, output)
	return filepath.Join(destination, "caphv-"+older.version[1:]+".tgz")
}
