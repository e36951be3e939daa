package v1alpha1_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1alpha1"
	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// Releases from v0.7 to v0.10.1 wrote this in v1alpha1.
const wideMachine = `
apiVersion: infrastructure.cluster.x-k8s.io/v1alpha1
kind: HarvesterMachine
metadata: {name: prod-cp-1, namespace: prod}
spec:
  providerID: harvester://0f7c3f0e-8d1c-4f59-9a4e-2f6b8e5f1c11
  failureDomain: zone-a
  cpu: 4
  memory: 8Gi
  sshUser: sles
  sshKeyPair: default/key
  volumes: [{volumeType: image, imageName: default/sles15, volumeSize: 40Gi, bootOrder: 1}]
  networks: [default/production]
  vmNetworkConfig: {ipPoolRef: a, ipPoolRefs: [b, c], gateway: 10.0.0.1, subnetMask: 255.255.0.0, dnsServers: [10.0.0.2], dnsSearch: [example.org]}
  firmware: {efi: true, secureBoot: false}
  tpm: {enabled: true, persistent: false}
status:
  ready: true
  initialization: {provisioned: true}
  failureDomain: zone-a
  conditions: [{type: VMRunning, status: "True", reason: VMRunning, observedGeneration: 3, lastTransitionTime: "2026-01-02T03:04:05Z"}]
`

func TestWideMachineIsConverted(t *testing.T) {
	old := &v1alpha1.HarvesterMachine{}
	require.NoError(t, yaml.UnmarshalStrict([]byte(wideMachine), old))
	hub := machineUp(t, old)
	assert.Equal(t, &infrav1.Firmware{EFI: ptrTo(true), SecureBoot: ptrTo(false)}, hub.Spec.Firmware)
	assert.Equal(t, &infrav1.TPM{Enabled: ptrTo(true), Persistent: ptrTo(false)}, hub.Spec.TPM)
	assert.Equal(t, []string{"b", "c"}, hub.Spec.VMNetworkConfig.PoolRefs())
	assert.Equal(t, "zone-a", hub.Status.FailureDomain)
	assert.Equal(t, int64(3), hub.Status.Conditions[0].ObservedGeneration)
	assert.Empty(t, hub.Annotations, "v1beta1 says all of it")

	back := machineDown(t, hub)
	assert.Empty(t, back.Annotations, "and so does v1alpha1")
	requireEqual(t, fieldsOnly(old), back)
}

func fieldsOnly(machine *v1alpha1.HarvesterMachine) *v1alpha1.HarvesterMachine {
	machine = machine.DeepCopy()
	machine.TypeMeta = metav1.TypeMeta{}
	return machine
}

func TestWideClusterStatusIsConverted(t *testing.T) {
	for name, status := range map[string]v1alpha1.HarvesterClusterStatus{
		"ready":            {Ready: true, Initialization: &v1alpha1.Initialization{Provisioned: ptrTo(true)}},
		"ready, of v0.2.x": {Ready: true},
		"ready, not told":  {Ready: true, Initialization: &v1alpha1.Initialization{}},
		"ready, denied":    {Ready: true, Initialization: &v1alpha1.Initialization{Provisioned: ptrTo(false)}},
		"was ready once":   {Initialization: &v1alpha1.Initialization{Provisioned: ptrTo(true)}},
		"failure domains": {FailureDomains: []v1alpha1.FailureDomain{
			{Name: "zone-a", ControlPlane: ptrTo(true), Attributes: map[string]string{"hosts": "3"}}, {Name: "zone-b", ControlPlane: ptrTo(false)},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			old := &v1alpha1.HarvesterCluster{Status: status}
			hub := &infrav1.HarvesterCluster{}
			require.NoError(t, v1alpha1.ClusterToHub(old, hub))
			assert.Len(t, hub.Status.FailureDomains, len(status.FailureDomains))
			back := &v1alpha1.HarvesterCluster{}
			require.NoError(t, v1alpha1.ClusterFromHub(hub, back))
			requireEqual(t, old, back)
		})
	}
}

// What was derived for a cluster of v0.2.x and is another by now was set since, and a reader of v1alpha1 sees it.
func TestDerivedInitializationIsNotTakenForASetOne(t *testing.T) {
	hub := &infrav1.HarvesterCluster{}
	require.NoError(t, v1alpha1.ClusterToHub(&v1alpha1.HarvesterCluster{Status: v1alpha1.HarvesterClusterStatus{Ready: true}}, hub))
	hub.Status.Ready = false
	back := &v1alpha1.HarvesterCluster{}
	require.NoError(t, v1alpha1.ClusterFromHub(hub, back))
	require.NotNil(t, back.Status.Initialization)
	assert.Equal(t, ptrTo(true), back.Status.Initialization.Provisioned)
}
