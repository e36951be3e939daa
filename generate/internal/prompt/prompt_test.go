package prompt

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
)

type interview struct {
	settings settings.Settings
	fields   []settings.Field
	flags    *pflag.FlagSet
	out      bytes.Buffer

	choices   map[string][]Choice
	suggested map[string]string
}

func newInterview(arguments ...string) *interview {
	i := &interview{settings: settings.Defaults(), flags: pflag.NewFlagSet("", pflag.ContinueOnError)}
	i.fields = settings.Fields(&i.settings)
	for _, field := range i.fields {
		field.Register(i.flags)
	}
	_ = i.flags.Parse(arguments)
	return i
}

func (i *interview) fill(input string) error {
	session := NewSession(strings.NewReader(input), &i.out)
	return session.Fill(context.Background(), i.fields, i.flags, i)
}

// Choices, Suggest and Problem make an interview its own guide.
func (i *interview) Choices(flag string) []Choice { return i.choices[flag] }

func (i *interview) Suggest(flag string) string { return i.suggested[flag] }

func (i *interview) Problem(_ context.Context, flag string) string {
	for _, problem := range i.settings.Problems() {
		if problem.Flag == flag {
			return problem.String()
		}
	}
	return ""
}

const answers = `prod

harvester.yaml
default/sles
default/key
default/one, default/two
pool
172.16.0.1
255.255.0.0


1
`

func TestFill(t *testing.T) {
	i := newInterview()
	require.NoError(t, i.fill(answers+"8\n\n\n\n"))
	assert.Equal(t, "prod", i.settings.Name)
	assert.Equal(t, []string{"default/one", "default/two"}, i.settings.Networks)
	assert.Equal(t, 3, i.settings.ControlPlaneReplicas, "an empty answer keeps the default")
	assert.Equal(t, 1, i.settings.WorkerReplicas)
	assert.Equal(t, 8, i.settings.CPU)
	assert.Empty(t, i.settings.Problems())
	assert.Contains(t, i.out.String(), "Kubernetes version [v1.31.14]: ")
}

func TestWrongAnswersAreAskedAgain(t *testing.T) {
	i := newInterview("--namespace=ns", "--harvester-kubeconfig=f", "--image=default/i", "--ssh-keypair=default/k", "--ip-pool=",
		"--ip-pool-refs=", "--gateway=", "--subnet-mask=", "--dns=", "--cp-replicas=1", "--worker-replicas=0",
		"--memory=8Gi", "--disk-size=80Gi", "--k8s-version=v1.31.14")
	require.NoError(t, i.fill("\nNot A Name\nprod\na/b/c,d/e\nd/f\nmany\n0\n2\n"))
	assert.Equal(t, "prod", i.settings.Name)
	assert.Equal(t, []string{"d/f"}, i.settings.Networks, "a corrected list replaces the wrong one")
	assert.Equal(t, 2, i.settings.CPU)
	for _, want := range []string{
		"--name is required", `--name "Not A Name"`, `--network "a/b/c" is not`, `--cpu: "many" is not of the right kind (int)`, "--cpu is 0; give at least 1",
	} {
		assert.Contains(t, i.out.String(), want)
	}
	assert.NotContains(t, i.out.String(), "SSH key pair", "what a flag says is not asked")
}

func TestInputThatEnds(t *testing.T) {
	i := newInterview()
	err := i.fill("prod\n")
	require.ErrorIs(t, err, ErrNoMoreInput)
	assert.ErrorContains(t, err, "at the question for --namespace")
}

func TestChoices(t *testing.T) {
	i := newInterview("--name=prod", "--namespace=ns", "--harvester-kubeconfig=f", "--cp-replicas=1", "--worker-replicas=0",
		"--cpu=2", "--memory=8Gi", "--disk-size=80Gi", "--k8s-version=v1.31.14", "--dns=")
	i.choices = map[string][]Choice{
		"image":        {{"default/sles", "10 GiB"}, {"default/2", ""}},
		"network":      {{"vms/a", ""}, {"vms/b", ""}},
		"ip-pool-refs": {{"pool-a", "2 of 2 free"}, {"pool-b", "0 of 2 free"}},
	}
	i.suggested = map[string]string{"gateway": "172.16.0.1", "subnet-mask": "255.255.0.0"}
	require.NoError(t, i.fill("1\ndefault/key\n2, vms/a\n\n2,1\n\n255.255.255.0\n"))
	assert.Equal(t, "default/sles", i.settings.Image)
	assert.Equal(t, []string{"vms/b", "vms/a"}, i.settings.Networks)
	assert.Equal(t, []string{"pool-b", "pool-a"}, i.settings.IPPoolRefs)
	assert.Equal(t, "172.16.0.1", i.settings.Gateway, "an empty line takes the suggestion")
	assert.Equal(t, "255.255.255.0", i.settings.SubnetMask)
	assert.Contains(t, i.out.String(), "   1) default/sles  10 GiB\n   2) default/2\nVM image on Harvester, as namespace/name: ")
	assert.Contains(t, CommandLine("caphv-generate", i.flags), " --gateway 172.16.0.1 ")
}

func TestNumbersAreNotTakenForNames(t *testing.T) {
	choices := []Choice{{Value: "2"}, {Value: "other"}}
	assert.Equal(t, "2", chosen("2", choices, false), "a value by that name wins")
	assert.Equal(t, "other", chosen("1", choices[1:], false))
	assert.Equal(t, "3", chosen("3", choices, false), "no such number")
}

func TestWithoutAPoolNothingOfItIsAsked(t *testing.T) {
	i := newInterview("--name=prod", "--namespace=ns", "--harvester-kubeconfig=f", "--image=default/i", "--ssh-keypair=default/k",
		"--network=default/n", "--cp-replicas=1", "--worker-replicas=0", "--cpu=2", "--memory=8Gi", "--disk-size=80Gi")
	require.NoError(t, i.fill("\n\nv1.32.2\n"))
	assert.Equal(t, "v1.32.2", i.settings.KubernetesVersion)
	assert.NotContains(t, i.out.String(), "router")
}

func TestInterruption(t *testing.T) {
	reader, writer := io.Pipe()
	defer func() { _ = writer.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := NewSession(reader, io.Discard).Confirm(ctx, "Go on")
	require.ErrorIs(t, err, context.Canceled)
}

func TestConfirm(t *testing.T) {
	for answer, want := range map[string]bool{"yes": true, "Y": true, "no": false, "": false, "sure": false} {
		got, err := NewSession(strings.NewReader(answer+"\n"), io.Discard).Confirm(t.Context(), "Go on")
		require.NoError(t, err)
		assert.Equal(t, want, got, answer)
	}
}

func TestCommandLine(t *testing.T) {
	i := newInterview("--name", "prod", "--image", "default/SLES 15's", "--network", "a/b,c/d", "--rancher-auto-import")
	assert.Equal(t, `caphv-generate --image 'default/SLES 15'\''s' --name prod --network a/b,c/d --rancher-auto-import=true`,
		CommandLine("caphv-generate", i.flags))
}
