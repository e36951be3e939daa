package statemetrics

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const root = "../../../.."

// schema is the part of a CRD's schema that leads along paths.
type schema struct {
	Type                 string
	Format               string
	Properties           map[string]*schema
	Items                *schema
	AdditionalProperties *schema `yaml:"additionalProperties"`
}

// metadata is what every object has; CRDs do not describe it.
var metadata = &schema{Type: "object", Properties: map[string]*schema{
	"name": {Type: "string"}, "namespace": {Type: "string"}, "uid": {Type: "string"},
	"creationTimestamp": {Type: "string", Format: "date-time"}, "deletionTimestamp": {Type: "string", Format: "date-time"},
	"labels":          {Type: "object", AdditionalProperties: &schema{Type: "string"}},
	"ownerReferences": {Type: "array", Items: &schema{Type: "object", Properties: map[string]*schema{"kind": {Type: "string"}, "name": {Type: "string"}, "controller": {Type: "boolean"}}}},
}}

// at follows a path; an error names where it ends.
func (s *schema) at(path []string) (*schema, error) {
	for i, step := range path {
		next := s.Properties[step]
		if next == nil {
			next = s.AdditionalProperties
		}
		if next == nil {
			return nil, fmt.Errorf("%s does not exist", strings.Join(path[:i+1], "."))
		}
		s = next
	}
	return s, nil
}

// schemaOf reads the schema of the stored version of a kind.
func schemaOf(t *testing.T, kind GroupVersionKind) *schema {
	t.Helper()
	plural := strings.ToLower(kind.Kind) + "s"
	text, err := os.ReadFile(filepath.Join(root, "config/crd/bases", kind.Group+"_"+plural+".yaml"))
	require.NoError(t, err)
	var crd struct {
		Spec struct {
			Versions []struct {
				Name    string
				Storage bool
				Schema  struct {
					OpenAPIV3Schema *schema `yaml:"openAPIV3Schema"`
				}
			}
		}
	}
	require.NoError(t, yaml.Unmarshal(text, &crd))
	for _, version := range crd.Spec.Versions {
		if version.Name == kind.Version {
			assert.True(t, version.Storage)
			version.Schema.OpenAPIV3Schema.Properties["metadata"] = metadata
			return version.Schema.OpenAPIV3Schema
		}
	}
	require.Fail(t, "no such version", "%+v", kind)
	return nil
}

// Each path exists in the CRD, and leads to what its use can read.
func TestPathsExistInTheCRDs(t *testing.T) {
	for _, resource := range Build().Spec.Resources {
		object := schemaOf(t, resource.GroupVersionKind)
		requireLabels(t, object, resource.LabelsFromPath)
		for _, metric := range resource.Metrics {
			path, labels, value := parts(metric.Each)
			start, err := object.at(path)
			require.NoError(t, err, metric.Name)
			if start.Type == "array" {
				start = start.Items
			}
			requireLabels(t, start, labels)
			end, err := start.at(value)
			require.NoError(t, err, metric.Name)
			switch metric.Each.Type {
			case "Gauge":
				assert.True(t, end.Type == "integer" || end.Type == "boolean" || end.Format == "date-time", "%s is no number: %+v", metric.Name, end)
			case "StateSet":
				assert.Equal(t, "string", end.Type, metric.Name)
			}
		}
	}
}

func requireLabels(t *testing.T, start *schema, labels map[string][]string) {
	t.Helper()
	for label, path := range labels {
		assert.Regexp(t, `^[a-z][a-z_]*$`, label)
		end, err := start.at(path)
		require.NoError(t, err, label)
		assert.NotContains(t, []string{"object", "array"}, end.Type, label)
	}
}

func parts(each Each) (path []string, labels map[string][]string, value []string) {
	switch {
	case each.Gauge != nil:
		return each.Gauge.Path, each.Gauge.LabelsFromPath, each.Gauge.ValueFrom
	case each.Info != nil:
		return each.Info.Path, each.Info.LabelsFromPath, nil
	default:
		return each.StateSet.Path, each.StateSet.LabelsFromPath, each.StateSet.ValueFrom
	}
}

func TestPathsThatDoNotExistAreNoticed(t *testing.T) {
	object := schemaOf(t, GroupVersionKind{Group: group, Version: version, Kind: "HarvesterMachine"})
	for _, path := range [][]string{{"spec", "cores"}, {"status", "conditions", "type"}, {"metadata", "nickname"}, {"spec", "cpu", "count"}} {
		_, err := object.at(path)
		require.Error(t, err, path)
	}
}

// The type says which of the three is set, and names are those of Prometheus.
func TestMetricsAreWellFormed(t *testing.T) {
	seen := map[string]bool{}
	for _, resource := range Build().Spec.Resources {
		for _, metric := range resource.Metrics {
			name := resource.MetricNamePrefix + "_" + metric.Name
			assert.Regexp(t, `^caphv_state_[a-z_]+$`, name)
			assert.False(t, seen[name], name)
			seen[name] = true
			assert.Regexp(t, regexp.MustCompile(`^[A-Z].*\.$`), metric.Help)
			set := map[string]bool{"Gauge": metric.Each.Gauge != nil, "Info": metric.Each.Info != nil, "StateSet": metric.Each.StateSet != nil}
			for kind, is := range set {
				assert.Equal(t, kind == metric.Each.Type, is, name)
			}
		}
	}
}

func TestFilesAreUpToDateAndRead(t *testing.T) {
	for path, render := range map[string]func() ([]byte, error){"config.yaml": YAML, "clusterrole.yaml": ClusterRole} {
		want, err := render()
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(root, "config/kube-state-metrics", path))
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got), "%s: run make generate", path)
	}
	text, err := YAML()
	require.NoError(t, err)
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	var read Config
	require.NoError(t, decoder.Decode(&read))
	assert.Equal(t, Build(), read)
	assert.NotContains(t, string(text), "${", "clusterctl would replace it")
}
