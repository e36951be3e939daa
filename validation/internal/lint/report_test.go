package lint

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/manifest"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/schema"
)

// validate runs over one file of this content.
func validate(t *testing.T, text string) Report {
	t.Helper()
	name := filepath.Join(t.TempDir(), "x.yaml")
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	engine, err := validation.NewLazyEngine()
	require.NoError(t, err)
	schemas, err := schema.NewSet()
	require.NoError(t, err)
	report, err := Run(Job{Engine: engine, Schemas: schemas, Files: []string{name}})
	require.NoError(t, err)
	return report
}

func lines(report Report) []string {
	all := []string{}
	for _, f := range report.Findings {
		all = append(all, strings.Join([]string{string(f.Severity), f.RuleID, f.Path}, " "))
	}
	return all
}

// Whatever the format is, a file that was not read does not look like one in which nothing was found.
func TestEveryFormatNamesWhatCannotBeRead(t *testing.T) {
	report := Report{
		Findings: []Finding{},
		Unreadable: []Unreadable{
			{Source: "a.yaml", Position: manifest.Position{Line: 3, Column: 1}, Message: "cannot be parsed: x"},
			{Source: "b.yaml", Message: "cannot be read: y"},
		},
		SkippedFiles: []SkippedFile{{Source: "c.yaml", Position: manifest.Position{Line: 2, Column: 5}, Reason: "holds ${A}: render it first", Unrendered: true}},
	}
	for format, want := range map[string][]string{
		"text":   {"c.yaml:2:5: skipped: holds ${A}: render it first", "2 unreadable"},
		"json":   {`"unreadable": [`, `"source": "a.yaml"`, `"line": 3`, `"skippedFiles": [`},
		"sarif":  {`"toolExecutionNotifications"`, `"executionSuccessful": false`, `"uri": "a.yaml"`, `"startLine": 3`, `"uri": "b.yaml"`, `"uri": "c.yaml"`},
		"junit":  {`errors="2"`, `<error message="cannot be parsed: x"`, `a.yaml:3:1: error: cannot be parsed: x`, `<skipped message="holds ${A}: render it first"`},
		"github": {"::error file=a.yaml,line=3,col=1,title=caphv-lint::cannot be parsed: x", "::error file=b.yaml,title=caphv-lint::", "::notice file=c.yaml,line=2"},
	} {
		t.Run(format, func(t *testing.T) {
			var out bytes.Buffer
			require.NoError(t, Write(&out, format, report, About{FailOn: validation.Error}))
			for _, text := range want {
				assert.Contains(t, out.String(), text)
			}
		})
	}
	assert.Equal(t, "a.yaml:3:1: error: cannot be parsed: x", report.Unreadable[0].String())
	assert.Equal(t, "b.yaml: error: cannot be read: y", report.Unreadable[1].String())
}

func TestUnrenderedTemplatesAreSkipped(t *testing.T) {
	report := validate(t, `
apiVersion: infrastructure.cluster.x-k8s.io/v1beta1
kind: HarvesterMachine
metadata: {name: m, namespace: "${NAMESPACE}"}
spec: {cpu: "${CPU:=4}"}
---
apiVersion: infrastructure.cluster.x-k8s.io/v1beta1
kind: HarvesterCluster
metadata: {name: "{{ .Release.Name }}"}
spec: {}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: "${NAME}"}
`)
	assert.Empty(t, report.Findings)
	assert.Zero(t, report.Validated)
	assert.Equal(t, 3, report.Skipped)
	require.Len(t, report.SkippedFiles, 1)
	assert.Equal(t, "holds ${NAMESPACE}: render it first", report.SkippedFiles[0].Reason)
	assert.Equal(t, manifest.Position{Line: 4, Column: 32}, report.SkippedFiles[0].Position)
}

func TestKindsAndVersionsThatDoNotExist(t *testing.T) {
	for text, want := range map[string]string{
		"apiVersion: infrastructure.cluster.x-k8s.io/v1beta2\nkind: HarvesterCluster":          "apiVersion",
		"apiVersion: infrastructure.cluster.x-k8s.io/v1alpha3\nkind: HarvesterMachineTemplate": "apiVersion",
		"apiVersion: infrastructure.cluster.x-k8s.io/v1beta1\nkind: HarvesterMachineTemplates": "kind",
		"apiVersion: infrastructure.cluster.x-k8s.io/v1alpha1\nkind: harvestermachine":         "kind",
		"apiVersion: infrastructure.cluster.x-k8s.io/v1beta1\nkind: HarvstrMachine":            "kind",
		"apiVersion: infrastructure.cluster.x-k8s.io/v1beta1\nkind: HarvesterMachinePool":      "kind",
		"apiVersion: cluster.x-k8s.io/v1beta1\nkind: HarvesterMachine":                         "apiVersion",
		"apiVersion: infrastructure.cluster.xk8s.io/v1beta1\nkind: HarvesterMachine":           "apiVersion",
		"apiVersion: infrastructure.cluster.x-k8s.io\nkind: HarvesterMachine":                  "apiVersion",
		"apiVersion: v1beta1\nkind: HarvesterMachine":                                          "apiVersion",
		"apiVersion: infrastructure.cluster.x-k8s.io/v1beta1\nkind: DockerCluster":             "",
		"apiVersion: infrastructure.cluster.x-k8s.io/v1beta2\nkind: VSphereMachineTemplate":    "",
		"apiVersion: example.com/v1\nkind: HarvesterMachine":                                   "",
		"apiVersion: harvesterhci.io/v1beta1\nkind: KeyPair":                                   "",
	} {
		report := validate(t, text+"\nmetadata: {name: a}\n")
		if want == "" {
			assert.Empty(t, report.Findings, text)
			continue
		}
		assert.Equal(t, []string{"error SCH003 " + want}, lines(report), text)
	}
	report := validate(t, "apiVersion: infrastructure.cluster.x-k8s.io/v1beta2\nkind: HarvesterCluster\n")
	assert.Equal(t, "Use infrastructure.cluster.x-k8s.io/v1beta1 or infrastructure.cluster.x-k8s.io/v1alpha1.", report.Findings[0].Remediation)
}

// An object without a name is named by its kind.
func TestAnObjectWithoutAName(t *testing.T) {
	report := validate(t, "apiVersion: infrastructure.cluster.x-k8s.io/v1beta1\nkind: HarvesterMachine\nspec: null\n")
	require.NotEmpty(t, report.Findings)
	for _, format := range Formats {
		var out bytes.Buffer
		require.NoError(t, Write(&out, format, report, About{FailOn: validation.Error}))
		assert.NotContains(t, out.String(), "HarvesterMachine :", format)
	}
}

// One mistake is told once, where it is, and no one reads "<nil>".
func TestAValueOfTheWrongTypeIsToldOnce(t *testing.T) {
	report := validate(t, `
apiVersion: infrastructure.cluster.x-k8s.io/v1beta1
kind: HarvesterMachine
metadata: {name: m, namespace: ns}
spec:
  vmNetworkConfig: {ipPoolRefs: "a,b", dnsServers: {a: b}}
  cpu: 2.5
  memory: 8Gi
  sshUser: sles
  sshKeyPair: default/k
  networks: [default/n]
  volumes: [{volumeType: image, imageName: a/b, volumeSize: [1]}]
`)
	assert.Equal(t, []string{
		"error SCH001 spec.vmNetworkConfig.ipPoolRefs", "error SCH001 spec.vmNetworkConfig.dnsServers", "error SCH001 spec.cpu",
		"error SCH001 spec.volumes[0].volumeSize",
	}, lines(report))
	huge := validate(t, "apiVersion: infrastructure.cluster.x-k8s.io/v1beta1\nkind: HarvesterMachine\nmetadata: {name: m}\nspec: {cpu: 99999999999999999999}\n")
	var text bytes.Buffer
	require.NoError(t, json.NewEncoder(&text).Encode([]any{report, huge}))
	assert.NotContains(t, text.String(), "nil")
	assert.Contains(t, lines(huge), "error SCH001 spec.cpu")
}
