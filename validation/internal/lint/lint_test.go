package lint

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/schema"
)

// ordinary are manifests as applications bring them, of kinds that some rule could mistake for its own.
var ordinary = []string{
	"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web-%d, namespace: shop, labels: {app: web}}\nspec:\n  replicas: 3\n" +
		"  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers:\n" +
		"      - name: web\n        image: nginx:1.29\n        ports: [{containerPort: 8080}]\n        resources: {requests: {cpu: 100m, memory: 1Mi}}\n",
	"apiVersion: v1\nkind: Service\nmetadata: {name: web-%d}\nspec:\n  selector: {app: web}\n  ports:\n  - {port: 80, targetPort: 8080}\n",
	"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: config-%d}\ndata:\n  a.yaml: |\n    kind: HarvesterMachine\n    spec: {cpu: 0}\n",
	"apiVersion: v1\nkind: Secret\nmetadata: {name: secret-%d}\nstringData: {password: none}\n",
	"apiVersion: crd.projectcalico.org/v1\nkind: IPPool\nmetadata: {name: pool-%d}\nspec: {cidr: 10.42.0.0/16}\n",
	"apiVersion: cluster.x-k8s.io/v1beta1\nkind: Cluster\nmetadata: {name: docker-%d}\nspec:\n  topology: {class: quick-start, version: v1.31.0, controlPlane: {replicas: 4}, variables: [{name: a, value: 1}]}\n",
	"apiVersion: cluster.x-k8s.io/v1beta1\nkind: MachineHealthCheck\nmetadata: {name: docker-%d}\nspec: {clusterName: docker-0, maxUnhealthy: 100%%}\n",
	"apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: db-%d}\nspec: {instances: 4}\n",
	"apiVersion: example.com/v1\nkind: HarvesterMachine\nmetadata: {name: other-%d}\nspec: {}\n",
	"apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Namespace, metadata: {name: ns-%d}}\n",
}

// write makes a folder of n documents, a hundred in a file.
func write(tb testing.TB, n int, document func(i int) string) []string {
	tb.Helper()
	folder := tb.TempDir()
	var files []string
	for start := 0; start < n; start += 100 {
		var text strings.Builder
		for i := start; i < min(start+100, n); i++ {
			text.WriteString(document(i))
			text.WriteString("---\n")
		}
		name := filepath.Join(folder, fmt.Sprintf("%05d.yaml", start))
		require.NoError(tb, os.WriteFile(name, []byte(text.String()), 0o600))
		files = append(files, name)
	}
	return files
}

func ordinaryDocument(i int) string { return fmt.Sprintf(ordinary[i%len(ordinary)], i) }

func TestOrdinaryManifestsArePassedOver(t *testing.T) {
	engine, err := validation.NewEngine()
	require.NoError(t, err)
	schemas, err := schema.NewSet()
	require.NoError(t, err)
	const n = 1000
	report, err := Run(Job{Engine: engine, Schemas: schemas, Files: write(t, n, ordinaryDocument)})
	require.NoError(t, err)
	assert.Empty(t, report.Findings)
	assert.Zero(t, report.Judged)
	assert.Equal(t, n, report.PassedOver)
}

func BenchmarkFiles(b *testing.B) {
	engine, err := validation.NewEngine()
	require.NoError(b, err)
	machine, err := os.ReadFile("../../testdata/base/harvestermachine.yaml")
	require.NoError(b, err)
	schemas, err := schema.NewSet()
	require.NoError(b, err)
	const n = 1000
	for _, c := range []struct {
		name     string
		document func(int) string
	}{
		{"ordinary", ordinaryDocument},
		{"machines", func(i int) string { return strings.ReplaceAll(string(machine), "x7k2p", fmt.Sprint(i)) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			files := write(b, n, c.document)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Run(Job{Engine: engine, Schemas: schemas, Files: files}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "docs/s")
		})
	}
}
