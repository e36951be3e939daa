package rke2_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/rke2"
)

func TestParseConfig(t *testing.T) {
	config, err := rke2.ParseConfig([]byte(`
server: https://127.60.0.10:9345
token: abc
tls-san: [demo.example.com, 127.60.0.10]
node-name: n1
node-ip: 127.50.1.10,fd00::1
node-label: [a=b, c]
node-taint: ["k=v:NoSchedule"]
kubelet-arg: [cloud-provider=external]
kube-apiserver-arg: anonymous-auth=false
cluster-cidr: 10.42.0.0/16
service-cidr: 10.44.0.0/16
disable-cloud-controller: true
etcd-disable-snapshots: ~
`))
	require.NoError(t, err)
	assert.Equal(t, "127.60.0.10:9345", config.Server.Host)
	assert.Equal(t, "abc", config.Token)
	assert.Equal(t, []string{"demo.example.com", "127.60.0.10"}, config.TLSSANs)
	assert.Equal(t, "n1", config.NodeName)
	assert.Equal(t, "127.50.1.10", config.NodeIP)
	assert.Equal(t, map[string]string{"a": "b", "c": ""}, config.Labels())
	assert.Equal(t, []string{"anonymous-auth=false"}, config.APIServerArgs)
	assert.Equal(t, "10.44.0.0/16", config.ServiceCIDR)
	taints, err := config.Taints()
	require.NoError(t, err)
	assert.Equal(t, []corev1.Taint{{Key: "k", Value: "v", Effect: corev1.TaintEffectNoSchedule}, rke2.Uninitialized}, taints)
}

func TestExternalCloudProvider(t *testing.T) {
	for text, external := range map[string]bool{
		"":                                       false,
		"cloud-provider-name: external":          true,
		"cloud-provider-name: harvester":         true,
		"cloud-provider-name: rke2":              false,
		"kubelet-arg: [cloud-provider=external]": true,
		"kubelet-arg: [max-pods=200]":            false,
	} {
		config, err := rke2.ParseConfig([]byte(text))
		require.NoError(t, err, text)
		assert.Equal(t, external, config.External(), text)
		assert.Nil(t, config.Server)
	}
}

func TestConfigRefuses(t *testing.T) {
	for _, text := range []string{
		"- a", "server: http://a:1", "server: https://a", "server: https://:1", "server: 'https://a:1:2'", "a: [",
	} {
		_, err := rke2.ParseConfig([]byte(text))
		require.ErrorIs(t, err, rke2.ErrConfig, text)
	}
	config, err := rke2.ParseConfig([]byte("node-taint: [secretvalue]"))
	require.NoError(t, err)
	_, err = config.Taints()
	require.ErrorIs(t, err, rke2.ErrConfig)
	assert.NotContains(t, err.Error(), "secretvalue")
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte("server: https://a:9345\ntoken: x\ntls-san:\n- y\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := rke2.ParseConfig(data); err != nil {
			require.ErrorIs(t, err, rke2.ErrConfig)
		}
	})
}

func TestReadInstall(t *testing.T) {
	for name, test := range map[string]struct {
		commands []string
		want     rke2.Install
	}{
		"a server": {[]string{
			"curl -sfL https://get.rke2.io | INSTALL_RKE2_VERSION=v1.33.4+rke2r1 sh -s - server",
			"systemctl enable rke2-server.service", "systemctl start rke2-server.service",
			"echo success > /run/cluster-api/bootstrap-success.complete",
		}, rke2.Install{Role: rke2.RoleServer, Version: "v1.33.4+rke2r1", Sentinel: true}},
		"an agent": {[]string{
			`curl -sfL https://get.rke2.io | INSTALL_RKE2_VERSION=v1.33.4+rke2r1 INSTALL_RKE2_TYPE="agent" sh -s -`,
			"systemctl start rke2-agent.service",
		}, rke2.Install{Role: rke2.RoleAgent, Version: "v1.33.4+rke2r1"}},
		"an air-gapped agent, enabled and started at once": {[]string{
			"INSTALL_RKE2_ARTIFACT_PATH=/opt/rke2-artifacts sh /opt/install.sh", "systemctl enable --now rke2-agent",
		}, rke2.Install{Role: rke2.RoleAgent}},
		"installed, never started": {[]string{
			"INSTALL_RKE2_VERSION='v1.2.3' sh install.sh", "systemctl enable rke2-server.service",
		}, rke2.Install{Version: "v1.2.3"}},
		"nothing of it": {[]string{"systemctl start nginx"}, rke2.Install{}},
	} {
		assert.Equal(t, test.want, rke2.ReadInstall(test.commands), name)
	}
}
