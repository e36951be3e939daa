package settings

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the published schema anew")

// loaded reads a values file beside a command line.
func loaded(content string, arguments ...string) (Settings, error) {
	s := Defaults()
	fields := Fields(&s)
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	for _, field := range fields {
		field.Register(flags)
	}
	if err := flags.Parse(arguments); err != nil {
		return s, err
	}
	return s, Load([]byte(content), fields, flags)
}

func TestValues(t *testing.T) {
	s, err := loaded(`
name: prod
network: [vms/one, vms/two]
cpu: 8
fips: true
k8s-version: v1.32.2
worker-replicas: 0
dns: []
`, "--cpu", "2", "--network", "vms/three")
	require.NoError(t, err)
	assert.Equal(t, "prod", s.Name)
	assert.Equal(t, []string{"vms/three"}, s.Networks, "a flag wins")
	assert.Equal(t, 2, s.CPU, "a flag wins")
	assert.True(t, s.FIPS)
	assert.Equal(t, 0, s.WorkerReplicas)
	assert.Equal(t, "8Gi", s.Memory, "what neither says keeps its default")
	empty, err := loaded("")
	require.NoError(t, err)
	assert.Equal(t, Defaults(), empty)
}

func TestWrongValues(t *testing.T) {
	for content, want := range map[string]string{
		"nmae: x":             `"nmae" is not a value: caphv-generate schema lists them`,
		"cpu: four":           `"cpu" is not of the right kind: give a whole number`,
		"cpu: 1.5":            `"cpu" is not of the right kind: give a whole number`,
		"cpu: 1e30":           `"cpu" is not of the right kind: give a whole number`,
		"memory: 8":           `"memory" is not of the right kind: give a string`,
		"network: vms/one":    `"network" is not of the right kind: give a list of strings`,
		"network: [1]":        `"network" is not of the right kind: give a list of strings`,
		"fips: 'yes'":         `"fips" is not of the right kind: give true or false`,
		"name:":               `"name" is not of the right kind`,
		"name: a\nname: b":    "each name once",
		"- name":              "is not a YAML mapping",
		"name: [":             "is not a YAML mapping",
		"a: 1\nb: 2\nname: 3": "\"a\" is not a value: caphv-generate schema lists them\n\"b\" is not",
	} {
		_, err := loaded(content)
		require.Error(t, err, content)
		assert.Contains(t, err.Error(), want, content)
	}
}

// The published schema is the one of the flags as they are.
func TestPublishedSchema(t *testing.T) {
	s := Defaults()
	schema, err := Schema(Fields(&s))
	require.NoError(t, err)
	path := filepath.Join("..", "..", "values.schema.json")
	if *update {
		require.NoError(t, os.WriteFile(path, schema, 0o600))
	}
	published, err := os.ReadFile(path)
	require.NoError(t, err, "run the test with -update to write it")
	assert.Equal(t, string(published), string(schema))
}

// A file never does more than what its text says, and never crashes the program.
func FuzzLoad(f *testing.F) {
	f.Add("name: prod\nnetwork: [a, b]\ncpu: 4\nfips: true")
	f.Add("{")
	f.Add("cpu: 99999999999999999999")
	f.Fuzz(func(t *testing.T, content string) {
		s, err := loaded(content)
		if err == nil {
			_ = s.Problems()
			return
		}
		assert.NotEmpty(t, err.Error())
	})
}
