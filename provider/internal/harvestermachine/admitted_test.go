package harvestermachine

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apivalidation "k8s.io/apimachinery/pkg/util/validation"
	"pgregory.net/rapid"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
)

const bootstrapSample = "#cloud-config\nwrite_files:\n- path: /etc/rancher/rke2/config.yaml\n  content: \"token: x\"\nruncmd:\n- systemctl start rke2-server\n"

// rounds are how often all checks are made: one is a matter of milliseconds.
const rounds = 10

// Whatever a renderer refuses, admission refuses first. A machine and its HarvesterCluster are drawn, odd values among
// them; where the rules find no error, and everything that the machine names exists on Harvester as far as it can exist,
// the cloud-init Secret and the VM are rendered without an error.
func TestWhatAdmissionAcceptsIsRendered(t *testing.T) {
	engine, err := validation.NewEngine()
	require.NoError(t, err)
	accepted, drawn := 0, 0
	rendered := func(t *rapid.T) {
		drawn++
		d := newDrawer(t)
		machine, cluster := d.machine(), d.cluster()
		if errors := errorsIn(t, engine, machine, cluster); len(errors) > 0 {
			t.Logf("refused: %v", errors)
			return
		}
		accepted++
		s := admittedScope(t, machine, cluster)

		secret, err := cloudInitSecret(s, []byte(bootstrapSample))
		require.NoError(t, err)
		require.NotEmpty(t, secret.Data[userDataKey])
		require.NotEmpty(t, secret.Data[networkDataKey])

		description, err := describeVM(s)
		require.NoError(t, err)
		_, err = harvesterclient.BuildVM(description)
		require.NoError(t, err)
	}
	for range rounds {
		rapid.Check(t, rendered)
	}
	require.Greater(t, accepted*20, drawn, "too few of the objects are accepted for the test to say much")
	require.Less(t, accepted, drawn, "no object is refused, so nothing odd is drawn")
}

// errorsIn are the errors of the rules in a machine beside its HarvesterCluster and its Cluster.
func errorsIn(t *rapid.T, engine *validation.Engine, machine *infrav1.HarvesterMachine, cluster *infrav1.HarvesterCluster) []string {
	owner := map[string]any{
		"apiVersion": clusterv1.GroupVersion.String(), "kind": "Cluster",
		"metadata": map[string]any{"namespace": machine.Namespace, "name": "demo"},
		"spec":     map[string]any{"infrastructureRef": map[string]any{"apiGroup": infrav1.GroupVersion.Group, "kind": "HarvesterCluster", "name": cluster.Name}},
	}
	found := apivalidation.IsDNS1123Subdomain(machine.Name) // The API server itself says this much of names.
	for _, judged := range engine.ValidateBundle([]map[string]any{asMap(t, machine), asMap(t, cluster), owner}) {
		for _, finding := range judged.Findings {
			if finding.Severity == validation.Error {
				found = append(found, finding.String())
			}
		}
	}
	return found
}

func asMap(t *rapid.T, object any) map[string]any {
	data, err := json.Marshal(object)
	require.NoError(t, err)
	decoded := map[string]any{}
	require.NoError(t, json.Unmarshal(data, &decoded))
	return decoded
}

// admittedScope is what a reconcile knows of the machine once it has its addresses.
func admittedScope(t *rapid.T, machine *infrav1.HarvesterMachine, cluster *infrav1.HarvesterCluster) *scope {
	vmName, err := names.VM(machine.Name)
	require.NoError(t, err)
	s := &scope{
		machine: machine, infraCluster: cluster, vmName: vmName,
		owner:   &clusterv1.Machine{ObjectMeta: metav1.ObjectMeta{Namespace: machine.Namespace, Name: "m"}},
		cluster: &clusterv1.Cluster{ObjectMeta: metav1.ObjectMeta{Namespace: machine.Namespace, Name: "demo"}},
		leases:  map[int]ipam.Lease{}, claims: map[int][]claimedAddress{},
	}
	s.references, err = resolveReferences(t.Context(), everything{images: machine.Spec.Volumes}, &machine.Spec, s.targetNamespace())
	require.NoError(t, err)
	for _, c := range cards(s) {
		if c.fromHarvester() {
			s.leases[c.index] = drawLease(t, c.index)
			continue
		}
		for range c.claimed {
			lease := drawLease(t, c.index)
			s.claims[c.index] = append(s.claims[c.index], claimedAddress{claim: "c", pool: lease.Pool, prefix: prefixOf(lease), gateway: lease.Gateway})
		}
	}
	return s
}

func drawLease(t *rapid.T, index int) ipam.Lease {
	third := fmt.Sprint(index + 1)
	return rapid.SampledFrom([]ipam.Lease{
		lease("172.16."+third+".40", "172.16.0.0/16", "172.16.0.1"),
		lease("172.16."+third+".41", "172.16.0.0/16", ""),
		lease("10.20."+third+".40", "10.20.0.0/16", "10.20.0.1"),
		lease("10.20."+third+".41", "10.20."+third+".40/31", ""),
		lease("2001:db8::"+third, "2001:db8::/64", "2001:db8::ffff"),
		lease("2001:db8::"+third, "2001:db8::/64", "fe80::1"),
		lease("2001:db8:1::"+third, "2001:db8:1::/64", ""),
	}).Draw(t, "lease")
}
