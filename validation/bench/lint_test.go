package bench

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/lint/ordinary"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/lint/repository"
)

const (
	documents     = 10_000
	documentsFile = 500
)

// BenchmarkLinters runs both programs as a person would, start included, on the same files: machines of ours, which
// kubeconform validates by their schema and caphv-lint by schema and rules, and ordinary manifests, which both pass over.
// us/doc is processor time; kubeconform works on four files at a time, so its wall time may be less.
func BenchmarkLinters(b *testing.B) {
	dir := b.TempDir()
	lint, kubeconform := filepath.Join(dir, "caphv-lint"), filepath.Join(dir, "kubeconform")
	build(b, "..", lint, "./cmd/caphv-lint")
	build(b, ".", kubeconform, "github.com/yannh/kubeconform/cmd/kubeconform")
	schemas := writeSchema(b)
	machine, err := os.ReadFile("../testdata/base/harvestermachine.yaml")
	require.NoError(b, err)
	for _, corpus := range []struct {
		name     string
		document func(int) string
	}{
		{"machines", func(i int) string { return strings.ReplaceAll(string(machine), "x7k2p", fmt.Sprint(i)) }},
		{"ordinary", ordinary.Document},
	} {
		directory := writeCorpus(b, corpus.document)
		for _, linter := range []struct {
			name string
			args []string
		}{
			{"caphv-lint", []string{lint, directory}},
			{"kubeconform", []string{kubeconform, "-strict", "-ignore-missing-schemas", "-schema-location", schemas, directory}},
		} {
			b.Run(corpus.name+"/"+linter.name, func(b *testing.B) {
				var used time.Duration
				for b.Loop() {
					command := exec.Command(linter.args[0], linter.args[1:]...)
					output, err := command.CombinedOutput()
					require.NoError(b, err, "%s", output)
					used += command.ProcessState.UserTime() + command.ProcessState.SystemTime()
				}
				b.ReportMetric(float64(used.Microseconds())/float64(b.N)/documents, "cpu-us/doc")
			})
		}
	}
}

// BenchmarkRepository runs caphv-lint as a person would, start included, over the root of a repository of 500 files with a
// chart, overlays, patches, encrypted Secrets and templates. The time is wall time; cpu-ms is processor time.
func BenchmarkRepository(b *testing.B) {
	program := filepath.Join(b.TempDir(), "caphv-lint")
	build(b, "..", program, "./cmd/caphv-lint")
	root := b.TempDir()
	wrong, err := repository.Write(root)
	require.NoError(b, err)
	var used time.Duration
	for b.Loop() {
		command := exec.Command(program, "-o", "json", root)
		output, err := command.Output()
		require.Error(b, err, "it finds the mistakes")
		require.Equal(b, 1, command.ProcessState.ExitCode())
		require.Equal(b, len(wrong), strings.Count(string(output), `"HM003"`))
		used += command.ProcessState.UserTime() + command.ProcessState.SystemTime()
	}
	b.ReportMetric(float64(used.Milliseconds())/float64(b.N), "cpu-ms")
}

func build(b *testing.B, module, output, program string) {
	b.Helper()
	command := exec.Command("go", "build", "-trimpath", "-o", output, program)
	command.Dir, command.Env = module, append(os.Environ(), "CGO_ENABLED=0")
	said, err := command.CombinedOutput()
	require.NoError(b, err, "%s", said)
}

// writeSchema writes what kubeconform needs of our definition of machines, and returns the pattern of its place.
func writeSchema(b *testing.B) string {
	b.Helper()
	raw, err := os.ReadFile("../../config/crd/bases/infrastructure.cluster.x-k8s.io_harvestermachines.yaml")
	require.NoError(b, err)
	var definition struct {
		Spec struct {
			Versions []struct {
				Name   string
				Schema struct{ OpenAPIV3Schema map[string]any }
			}
		}
	}
	require.NoError(b, yaml.Unmarshal(raw, &definition))
	dir := b.TempDir()
	for _, version := range definition.Spec.Versions {
		content, err := json.Marshal(version.Schema.OpenAPIV3Schema)
		require.NoError(b, err)
		require.NoError(b, os.WriteFile(filepath.Join(dir, "harvestermachine_"+version.Name+".json"), content, 0o600))
	}
	return dir + "/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"
}

func writeCorpus(b *testing.B, document func(int) string) string {
	b.Helper()
	directory := b.TempDir()
	for start := 0; start < documents; start += documentsFile {
		var text strings.Builder
		for i := start; i < start+documentsFile; i++ {
			text.WriteString(document(i))
			text.WriteString("---\n")
		}
		require.NoError(b, os.WriteFile(filepath.Join(directory, fmt.Sprintf("%05d.yaml", start)), []byte(text.String()), 0o600))
	}
	return directory
}
