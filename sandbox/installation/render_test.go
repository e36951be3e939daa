package installation

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/build"
)

var update = flag.Bool("update", false, "write the golden files")

// helms are the releases of Helm that install the chart.
var helms = []string{build.Helm, build.Helm3}

// renders are the sets of values whose rendered chart is kept in testdata, with the files and settings that they are given by.
var renders = map[string][]string{
	"default":    {},
	"ha":         {"--values=" + "values-ha.yaml"},
	"registry":   {"--set=registry=registry.example.org:5000", "--set=metrics.sidecar.enabled=true", "--set=imagePullSecrets={mirror}"},
	"sidecar":    {"--set=metrics.sidecar.enabled=true"},
	"everything": {"--values=everything.yaml"},
}

// kubeVersion is what Helm takes the cluster's to be where it asks none. Helm 3 says v1.20 if it is built from its module.
const kubeVersion = "--kube-version=1.36.0"

// chartSource is the chart of the tree, whose version and image are those of the next release.
func chartSource() string { return filepath.Join(paths.Root, "charts", "caphv") }

// helm runs Helm without a cluster.
func helm(t *testing.T, program string, arguments ...string) (string, error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), paths.Program(program), arguments...)
	home := t.TempDir()
	command.Env = append(os.Environ(), "HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_CACHE_HOME="+home, "XDG_DATA_HOME="+home)
	var complaints strings.Builder
	command.Stderr = &complaints
	output, err := command.Output()
	return string(output) + complaints.String(), err
}

// settings finds the files among the flags of a set of values.
func settings(flags []string) []string {
	flags = slices.Clone(flags)
	for i, flag := range flags {
		switch flag {
		case "--values=values-ha.yaml":
			flags[i] = "--values=" + filepath.Join(chartSource(), "values-ha.yaml")
		case "--values=everything.yaml":
			flags[i] = "--values=" + filepath.Join("testdata", "everything.yaml")
		}
	}
	return flags
}

// render returns what Helm makes of a chart with some flags.
func render(t *testing.T, program, chart string, flags ...string) []*unstructured.Unstructured {
	t.Helper()
	arguments := append([]string{"template", "caphv", chart, "--namespace=" + namespace, kubeVersion}, settings(flags)...)
	output, err := helm(t, program, arguments...)
	require.NoError(t, err, output)
	return parseObjects(t, []byte(output))
}

func TestTheChartPassesHelmsLinter(t *testing.T) {
	for _, program := range helms {
		for set, flags := range renders {
			output, err := helm(t, program, append([]string{"lint", "--strict", chartSource(), "--namespace=" + namespace}, settings(flags)...)...)
			require.NoError(t, err, "%s, %s: %s", program, set, output)
			assert.Contains(t, output, "1 chart(s) linted, 0 chart(s) failed", "%s, %s", program, set)
		}
	}
}

// TestTheChartRendersAsItDid: what the chart makes of some sets of values changes only when someone means it to. What it
// copies is left out, as other tests compare it with its source. Both releases of Helm make the same of it.
func TestTheChartRendersAsItDid(t *testing.T) {
	for set, flags := range renders {
		t.Run(set, func(t *testing.T) {
			golden := filepath.Join("testdata", set+".golden.yaml")
			rendered := withoutCopies(render(t, build.Helm, chartSource(), flags...))
			if *update {
				writeObjects(t, golden, rendered)
			}
			assert.Equal(t, asYAML(t, readObjects(t, golden)), asYAML(t, rendered), "if that is meant: go test ./installation -run %s -update", t.Name())
			assert.Equal(t, asYAML(t, rendered), asYAML(t, withoutCopies(render(t, build.Helm3, chartSource(), flags...))), "Helm 3 and 4")
		})
	}
}

// TestTheChartsMonitoringIsThatOfTheTree compares what the chart copies besides the components: alerts and dashboards.
func TestTheChartsMonitoringIsThatOfTheTree(t *testing.T) {
	chart := byName(render(t, build.Helm, chartSource(), "--set=metrics.prometheusRule.enabled=true", "--set=metrics.dashboard.enabled=true"))
	rule := readObjects(t, filepath.Join(paths.Root, "config", "prometheus", "prometheusrule.yaml"))[0]
	assert.Equal(t, rule.Object["spec"], chart[name(rule)].Object["spec"])
	dashboards, err := filepath.Glob(filepath.Join(paths.Root, "config", "grafana", "*.json"))
	require.NoError(t, err)
	for _, dashboard := range dashboards {
		text, err := os.ReadFile(dashboard)
		require.NoError(t, err)
		key := namespace + "/ConfigMap " + strings.TrimSuffix(filepath.Base(dashboard), ".json")
		require.Contains(t, chart, key)
		assert.Equal(t, map[string]any{filepath.Base(dashboard): string(text)}, chart[key].Object["data"])
	}
}

// TestValuesThatAreWrongAreRefused: the schema says which.
func TestValuesThatAreWrongAreRefused(t *testing.T) {
	for flag, complaint := range map[string]string{
		"--set=replica=2":                   "replica",
		"--set=image.tag=latest":            "tag",
		"--set=image.digest=sha256:1":       "digest",
		"--set=extraArgs={--leader-elect}":  "extraArgs",
		"--set-string=metrics.port=8443":    "port",
		"--set=podDisruptionBudget=enabled": "podDisruptionBudget",
	} {
		for _, program := range helms {
			output, err := helm(t, program, "template", "caphv", chartSource(), kubeVersion, flag)
			require.Error(t, err, "%s %s", program, flag)
			assert.Contains(t, output, complaint, "%s %s", program, flag)
		}
	}
}

// TestChartAndComponentsAreEqual compares a release's chart with its components, object by object. The chart has no
// Namespace, which Helm makes, and Helm leaves its CRDs when it uninstalls.
func TestChartAndComponentsAreEqual(t *testing.T) {
	for _, program := range helms {
		components, chart := byName(newer.objects(t)), byName(render(t, program, newer.chart()))
		delete(components, "Namespace "+namespace)
		for key, object := range chart {
			annotations := object.GetAnnotations()
			if object.GetKind() == "CustomResourceDefinition" {
				assert.Equal(t, "keep", annotations["helm.sh/resource-policy"], key)
				delete(annotations, "helm.sh/resource-policy")
				object.SetAnnotations(annotations)
			}
			require.Contains(t, components, key, "%s: the components lack it", program)
			assert.Equal(t, asYAML(t, []*unstructured.Unstructured{components[key]}), asYAML(t, []*unstructured.Unstructured{object}), "%s: %s", program, key)
		}
		for key := range components {
			assert.Contains(t, chart, key, "%s: the chart lacks it", program)
		}
	}
}

// TestSidecarLayoutsAreEqual compares the chart's with that of config/components/kube-rbac-proxy.
func TestSidecarLayoutsAreEqual(t *testing.T) {
	dir := t.TempDir()
	relative, err := filepath.Rel(dir, filepath.Join(paths.Root, "config"))
	require.NoError(t, err)
	overlay := "resources: [" + relative + "/default]\ncomponents: [" + relative + "/components/kube-rbac-proxy]\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(overlay), 0o600))
	kustomized, err := build.Render(dir)
	require.NoError(t, err)

	components, chart := byName(parseObjects(t, kustomized)), byName(render(t, build.Helm, chartSource(), "--set=metrics.sidecar.enabled=true"))
	for _, key := range []string{namespace + "/Deployment " + manager, namespace + "/Service caphv-controller-manager-metrics-service"} {
		assert.Equal(t, asYAML(t, []*unstructured.Unstructured{components[key]}), asYAML(t, []*unstructured.Unstructured{chart[key]}), key)
	}
}

// TestARegistryIsNamedEitherWay: the chart's value and the command of docs/install.md for the components name the same image.
func TestARegistryIsNamedEitherWay(t *testing.T) {
	sed := exec.CommandContext(t.Context(), "sh", "-c", useRegistry)
	sed.Dir = newer.dir
	mirrored, err := sed.Output()
	require.NoError(t, err)
	chart := byName(render(t, build.Helm, newer.chart(), "--set=registry=registry.example.org:5000"))
	want := "registry.example.org:5000/rancher-sandbox/cluster-api-provider-harvester:" + newer.version
	assert.Equal(t, []string{want}, images(t, byName(parseObjects(t, mirrored))))
	assert.Equal(t, []string{want}, images(t, chart))
}

// images of the manager's Pod.
func images(t *testing.T, objects map[string]*unstructured.Unstructured) []string {
	t.Helper()
	containers, _, err := unstructured.NestedSlice(objects[namespace+"/Deployment "+manager].Object, "spec", "template", "spec", "containers")
	require.NoError(t, err)
	var found []string
	for _, container := range containers {
		found = append(found, container.(map[string]any)["image"].(string))
	}
	return found
}

// copied are kinds whose objects the chart has from config/ as they are.
var copied = []string{
	"CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "ServiceAccount", "ValidatingWebhookConfiguration", "ConfigMap",
}

func withoutCopies(objects []*unstructured.Unstructured) []*unstructured.Unstructured {
	for _, object := range objects {
		if object.GetKind() == "PrometheusRule" {
			delete(object.Object, "spec")
		}
	}
	return slices.DeleteFunc(objects, func(o *unstructured.Unstructured) bool { return slices.Contains(copied, o.GetKind()) })
}

// asYAML sorts objects by name, as their order says nothing.
func asYAML(t *testing.T, objects []*unstructured.Unstructured) string {
	t.Helper()
	sorted := slices.SortedFunc(slices.Values(objects), func(a, b *unstructured.Unstructured) int { return strings.Compare(name(a), name(b)) })
	var text strings.Builder
	for _, object := range sorted {
		document, err := yaml.Marshal(object)
		require.NoError(t, err)
		text.WriteString(string(document) + "---\n")
	}
	return text.String()
}
