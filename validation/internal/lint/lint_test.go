package lint

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/lint/ordinary"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/schema"
)

// write makes a directory of n documents, a hundred in a file.
func write(tb testing.TB, n int, document func(i int) string) []string {
	tb.Helper()
	directory := tb.TempDir()
	var files []string
	for start := 0; start < n; start += 100 {
		var text strings.Builder
		for i := start; i < min(start+100, n); i++ {
			text.WriteString(document(i))
			text.WriteString("---\n")
		}
		name := filepath.Join(directory, fmt.Sprintf("%05d.yaml", start))
		require.NoError(tb, os.WriteFile(name, []byte(text.String()), 0o600))
		files = append(files, name)
	}
	return files
}

func TestOrdinaryManifestsArePassedOver(t *testing.T) {
	engine, err := validation.NewEngine()
	require.NoError(t, err)
	schemas, err := schema.NewSet()
	require.NoError(t, err)
	const n = 1000
	report, err := Run(Job{Engine: engine, Schemas: schemas, Files: write(t, n, ordinary.Document)})
	require.NoError(t, err)
	assert.Empty(t, report.Findings)
	assert.Zero(t, report.Validated)
	assert.Equal(t, n, report.Skipped)
}

// However many goroutines work, a report and its error are the same, in the order of files, objects and paths.
func TestTheOrderOfAReportIsFixed(t *testing.T) {
	engine, err := validation.NewLazyEngine()
	require.NoError(t, err)
	schemas, err := schema.NewSet()
	require.NoError(t, err)
	machine, err := os.ReadFile("../../testdata/base/harvestermachine.yaml")
	require.NoError(t, err)
	files := write(t, 1000, func(i int) string {
		text := strings.ReplaceAll(string(machine), "x7k2p", fmt.Sprint(i))
		switch i % 7 {
		case 1:
			return strings.ReplaceAll(text, "cpu: 4", "cpu: 0\n  unknown: 1")
		case 2:
			return strings.ReplaceAll(text, "memory: 8Gi", "memory: 1Gi\n  sshUser: a")
		case 3:
			return strings.ReplaceAll(text, "memory: 8Gi", "memory: 1Gi")
		}
		return text
	})
	files = append(files, "no such file", files[0])
	run := func(processors int) Report {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
		report, err := Run(Job{Engine: engine, Schemas: schemas, Files: files})
		require.NoError(t, err)
		require.NotEmpty(t, report.Unreadable)
		return report
	}
	alone := run(1)
	require.NotEmpty(t, alone.Findings)
	const many = 8
	for range 3 {
		require.Equal(t, alone, run(many))
	}
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
		{"ordinary", ordinary.Document},
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
