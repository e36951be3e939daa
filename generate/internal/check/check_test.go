package check

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/grid"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/manifest"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
)

func valid() settings.Settings {
	s := settings.Defaults()
	s.Name, s.Image, s.SSHKeyPair, s.Networks = "prod", "default/sles", "default/key", []string{"default/production"}
	s.IPPool, s.Gateway, s.SubnetMask = "pool", "172.16.0.1", "255.255.0.0"
	return s.Complete()
}

func TestTheRulesPassTheGrid(t *testing.T) {
	for name, s := range grid.Cases() {
		t.Run(name, func(t *testing.T) {
			objects, err := manifest.Build(s, manifest.Contents{Kubeconfig: []byte("{}")})
			require.NoError(t, err)
			findings, err := Run(s, objects)
			require.NoError(t, err)
			assert.Empty(t, findings.Errors)
		})
	}
}

// Settings that Problems would refuse show that the rules see what the ClusterClass will make.
func TestFindingsNameTheFlag(t *testing.T) {
	for flag, change := range map[string]func(*settings.Settings){
		"target-namespace": func(s *settings.Settings) { s.TargetNamespace = "" },
		"lb-ipam":          func(s *settings.Settings) { s.LoadBalancerIPAM = "static" },
		"gateway":          func(s *settings.Settings) { s.Gateway = "" },
		"subnet-mask":      func(s *settings.Settings) { s.SubnetMask = "x" },
		"cpu":              func(s *settings.Settings) { s.CPU = 0 },
		"memory":           func(s *settings.Settings) { s.Memory = "much" },
		"ssh-user":         func(s *settings.Settings) { s.SSHUser = "" },
		"ssh-keypair":      func(s *settings.Settings) { s.SSHKeyPair = "" },
		"network":          func(s *settings.Settings) { s.Networks = nil },
		"image":            func(s *settings.Settings) { s.Image = "" },
		"extra-disk":       func(s *settings.Settings) { s.ExtraDisks = []string{":10Gi"} },
		"cp-cpu":           func(s *settings.Settings) { s.ControlPlane.CPU = -1 },
		"worker-memory":    func(s *settings.Settings) { s.Workers.Memory = "much" },
		"worker-network":   func(s *settings.Settings) { s.Workers.Networks = []string{"a/b/c"} },
	} {
		t.Run(flag, func(t *testing.T) {
			s := valid()
			change(&s)
			findings, err := Run(s, nil)
			require.NoError(t, err)
			require.NotEmpty(t, findings.Errors)
			assert.Contains(t, findings.Errors[0], "--"+flag+": ")
		})
	}
}

func TestTheRulesKnowThePreview(t *testing.T) {
	engine, err := validation.NewEngine()
	require.NoError(t, err)
	objects, err := preview(valid())
	require.NoError(t, err)
	require.Len(t, objects, 3)
	for _, object := range objects {
		assert.True(t, engine.Handles(object.object), "%v", object.object["kind"])
	}
}

func TestOneFlagIsValidatedWhileOthersAreMissing(t *testing.T) {
	s := settings.Defaults()
	s.SSHUser = ""
	assert.Contains(t, Of(s, "ssh-user"), "--ssh-user: ")
	assert.Empty(t, Of(s, "memory"), "it has a default, and nothing is wrong with it")
	s.DiskSize = "big"
	assert.Empty(t, Of(s, "ssh-user"), "there is nothing to preview")
}
