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

// A file takes what the flag takes.
func TestValuesTakeWhatFlagsTake(t *testing.T) {
	s, err := loaded(`---
network: default/n
dns: "1.2.3.4, 5.6.7.8"
ip-pool-refs: ["a ", b]
cpu: "6"
fips: "true"
max-unhealthy: 2
k8s-version: 1.30
pod-cidr: [10.42.0.0/16, "2001:db8:42::/56"]
service-cidr: 10.43.0.0/16
---
`)
	require.NoError(t, err)
	assert.Equal(t, []string{"default/n"}, s.Networks)
	assert.Equal(t, []string{"1.2.3.4", "5.6.7.8"}, s.DNS)
	assert.Equal(t, []string{"a", "b"}, s.IPPoolRefs)
	assert.Equal(t, 6, s.CPU)
	assert.True(t, s.FIPS)
	assert.Equal(t, "2", s.MaxUnhealthy)
	assert.Equal(t, "1.30", s.KubernetesVersion, "as it is written")
	assert.Equal(t, []string{"10.42.0.0/16", "2001:db8:42::/56"}, s.PodCIDRs())
	merged, err := loaded("name: &n prod\nnamespace: *n\n")
	require.NoError(t, err)
	assert.Equal(t, "prod", merged.Namespace)
}

func TestWrongValues(t *testing.T) {
	for content, want := range map[string]string{
		"nmae: x":               `line 1: "nmae" is not a value; did you mean "name"?`,
		"ip_pool: x":            `line 1: "ip_pool" is not a value; did you mean "ip-pool"?`,
		"zzzzzzzz: x":           `line 1: "zzzzzzzz" is not a value: caphv-generate schema lists them`,
		"cpu: four":             `"cpu" is not of the right kind: give a whole number`,
		"cpu: 1.5":              `"cpu" is not of the right kind: give a whole number`,
		"cpu: 1e30":             `"cpu" is not of the right kind: give a whole number`,
		"memory: [8]":           `"memory" is not of the right kind: give a string`,
		"memory: {a: 1}":        `"memory" is not of the right kind: give a string`,
		"network: {a: 1}":       `"network" is not of the right kind: give a string or a list of strings`,
		"network: [[a]]":        `"network" is not of the right kind: give a string or a list of strings`,
		"network: [null]":       `"network" is not of the right kind: give a string or a list of strings`,
		"fips: 'yes'":           `"fips" is not of the right kind: give true or false`,
		"name:":                 `"name" is not of the right kind`,
		"name: a\nname: b":      `line 2: "name" is in line 1 already: give each name once`,
		"name: a\n---\nname: b": "line 3: begins a second YAML document",
		"name: a\n---\n- b":     "line 3: begins a second YAML document",
		"\ncpu: 2\nmemroy: 1":   `line 3: "memroy" is not a value; did you mean "memory"?`,
		"- name":                "is not a YAML mapping",
		"name: [":               "is not a YAML mapping",
		"a: 1\nb: 2\nname: 3":   "line 1: \"a\" is not a value: caphv-generate schema lists them\nline 2: \"b\" is not",
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
