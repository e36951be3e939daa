package names_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"pgregory.net/rapid"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
)

// These are names that clusters of v0.2.x have on Harvester; another name would make a second load balancer or pool.
func TestNamesOfOldReleases(t *testing.T) {
	assert.Equal(t, "prod-ns-production-cluster-lb", names.Cluster{Namespace: "prod-ns", Name: "production-cluster"}.LoadBalancer())
	assert.Equal(t, "prod-ns-c-vm-ippool", names.Cluster{Namespace: "prod-ns", Name: "c"}.VMPool())
	assert.Equal(t, "prod-ns-c-ippool", names.Cluster{Namespace: "prod-ns", Name: "c"}.LoadBalancerPool())
	assert.Equal(t, "prod-ns/m-1", names.LegacyAddressOwner("prod-ns", "m-1"))
	assert.Equal(t, "controlplane-c", names.ControlPlaneMachineType("c"))
	assert.Equal(t, "m-1-cloud-init", names.CloudInitSecret("m-1"))
	assert.Equal(t, "harvester://uid", names.ProviderID("uid"))
}

func TestDerivedNamesAreLabelsAndStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		namespace := rapid.StringMatching(`[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?`).Draw(t, "namespace")
		cluster := rapid.StringMatching(`[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?`).Draw(t, "cluster")
		old := names.Cluster{Namespace: namespace, Name: cluster}
		for _, c := range []names.Cluster{old, old.WithSeed("seed")} {
			for _, name := range []func() string{c.LoadBalancer, c.VMPool, c.LoadBalancerPool, c.CloudProvider, c.CloudProviderToken} {
				got := name()
				if problems := validation.IsDNS1035Label(got); len(problems) > 0 {
					t.Fatalf("%q: %v", got, problems)
				}
				if got != name() {
					t.Fatalf("%q is not stable", got)
				}
			}
		}
		for key, value := range names.MachineLabels(names.Machine{Cluster: names.Cluster{Namespace: namespace, Name: "c"}, Name: "m", VM: "m", ControlPlane: true,
			Group: names.SpreadGroup(namespace, cluster, "", true),
		}) {
			if problems := validation.IsValidLabelValue(value); len(problems) > 0 {
				t.Fatalf("label %s=%q: %v", key, value, problems)
			}
		}
		if problems := validation.IsValidLabelValue(names.ControlPlaneMachineType(cluster)); len(problems) > 0 {
			t.Fatalf("%v", problems)
		}
	})
}

// What is cut off a long name must still tell two names apart.
func TestLongNamesDoNotMeet(t *testing.T) {
	long := strings.Repeat("x", 60)
	assert.NotEqual(t, names.Cluster{Namespace: long, Name: "a"}.LoadBalancer(), names.Cluster{Namespace: long, Name: "b"}.LoadBalancer())
	assert.NotEqual(t, names.ControlPlaneMachineType(long+"a"), names.ControlPlaneMachineType(long+"b"))
}

func TestSpreadGroups(t *testing.T) {
	controlPlane := names.SpreadGroup("ns", "c", "", true)
	groups := []string{
		controlPlane,
		names.SpreadGroup("ns", "c", "md-0", false),
		names.SpreadGroup("ns", "c", "md-1", false),
		names.SpreadGroup("ns", "c", "control-plane", false) + "x",
		names.SpreadGroup("ns-c", "d", "", true),
		names.SpreadGroup("ns", "c-d", "", true),
	}
	seen := map[string]bool{}
	for _, group := range groups {
		require.NotEmpty(t, group)
		assert.False(t, seen[group], "group %q is shared", group)
		seen[group] = true
	}
	assert.Empty(t, names.SpreadGroup("ns", "c", "", false), "a machine on its own is no replica of anything")
}

// The name of a load balancer is an RFC 1035 label: the owner id of a machine can never be one.
func TestAddressOwnerIsNeverThatOfALoadBalancer(t *testing.T) {
	loadBalancerOwner := regexp.MustCompile(`^[^/]+/[a-z]([a-z0-9-]*[a-z0-9])?$`)
	rapid.Check(t, func(t *rapid.T) {
		vm := rapid.StringMatching(`[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?`).Draw(t, "vm")
		owner := names.AddressOwner("vms", vm)
		if strings.Count(owner, "/") != 1 {
			t.Fatalf("%q: Harvester's tool for releasing by hand needs exactly one slash", owner)
		}
		if loadBalancerOwner.MatchString(owner) {
			t.Fatalf("%q could be a load balancer's", owner)
		}
	})
}

func TestCardsOfAVMHaveOwnersOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for card := range 32 {
		id := names.CardAddressOwner("vms", "m-1", card)
		assert.False(t, seen[id], id)
		seen[id] = true
		assert.Equal(t, 1, strings.Count(id, "/"), "Harvester's tool for releasing by hand needs exactly one slash")
		namespace, vm, ours := names.VMOfAddressOwner(id)
		assert.True(t, ours, id)
		assert.Equal(t, []string{"vms", "m-1"}, []string{namespace, vm})
	}
	assert.Equal(t, names.AddressOwner("vms", "m-1"), names.CardAddressOwner("vms", "m-1", 0))
	for _, other := range []string{
		"vms/m-1", "m-1.caphv", "vms/m-1.nic-0.caphv", "vms/m-1.nic-01.caphv", "vms/m-1.nic-.caphv", "vms/m-1.x.caphv",
		names.ClaimAddressOwner("ns", "claim", "0a1b2c3d-4e5f"), names.ClaimAddressOwner("ns", "m.nic-1", "0a1b2c3d-4e5f"),
	} {
		_, _, ours := names.VMOfAddressOwner(other)
		assert.False(t, ours, other)
	}
}

// A claim's id must be nobody else's: no load balancer's, no VM's, no other claim's.
func TestClaimAddressOwner(t *testing.T) {
	name := rapid.StringMatching(`[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?){0,2}`)
	uid := rapid.StringMatching(`[0-9a-f]{8}-[0-9a-f]{4}`)
	rapid.Check(t, func(t *rapid.T) {
		claim, other := name.Draw(t, "claim"), name.Draw(t, "other")
		id := names.ClaimAddressOwner("ns", claim, uid.Draw(t, "uid"))
		if strings.Count(id, "/") != 1 {
			t.Fatalf("%q: Harvester's tool for releasing by hand needs exactly one slash", id)
		}
		if _, _, ours := names.VMOfAddressOwner(id); ours {
			t.Fatalf("%q could be a VM's", id)
		}
		if !names.IsClaimAddressOwner(id, "ns", claim) {
			t.Fatalf("%q is not taken for that of %q", id, claim)
		}
		if claim != other && names.IsClaimAddressOwner(id, "ns", other) {
			t.Fatalf("%q of claim %q is taken for that of %q", id, claim, other)
		}
	})
	for _, id := range []string{"", "vms/m-1.caphv", "ns/c.claim.caphv", "other/c.0a1b2c3d.claim.caphv", "ns/c.0a1b2c3d.caphv"} {
		assert.False(t, names.IsClaimAddressOwner(id, "ns", "c"), id)
	}
	assert.Equal(t, "m-1-nic-2-0", names.AddressClaim("m-1", 2, 0))
	for _, machine := range []string{"m-1", "m-1-nic-0", "m-nic-0-0", "nic"} {
		assert.Equal(t, machine, names.MachineOfAddressClaim(names.AddressClaim(machine, 31, 7)))
	}
	for _, other := range []string{"", "m-1", "m-1-nic-", "m-1-nic-0", "m-1-nic-0-x", "m-1-nic-00-0", "m-1-nic-0-0-0"} {
		assert.Empty(t, names.MachineOfAddressClaim(other), other)
	}
}

func TestVMNameIsRefusedRatherThanChanged(t *testing.T) {
	for _, bad := range []string{"", "with.dot", "Upper", strings.Repeat("x", 64), "-dash"} {
		_, err := names.VM(bad)
		require.Error(t, err, bad)
	}
	name, err := names.VM("m-1")
	require.NoError(t, err)
	assert.Equal(t, "m-1", name)
}

func TestVMUID(t *testing.T) {
	assert.Equal(t, "uid", names.VMUID("harvester://uid"))
	assert.Empty(t, names.VMUID("vsphere://uid"))
	assert.Empty(t, names.VMUID(""))
}

func TestOwnershipNeedsEveryLabel(t *testing.T) {
	cluster := names.Cluster{Namespace: "ns", Name: "c"}.WithSeed("seed")
	machine := names.Machine{Cluster: cluster, Name: "m", VM: "m"}
	labels := names.MachineLabels(machine)
	assert.True(t, cluster.OwnsMachine(labels, "m"))
	assert.True(t, cluster.Owns(labels))
	assert.False(t, cluster.OwnsMachine(labels, "other"))
	for key := range cluster.Labels() {
		without := names.MachineLabels(machine)
		delete(without, key)
		assert.False(t, cluster.OwnsMachine(without, "m"), "without %s", key)
	}
	for name, other := range map[string]names.Cluster{
		"another namespace": names.Cluster{Namespace: "other", Name: "c"}.WithSeed("seed"),
		"another name":      names.Cluster{Namespace: "ns", Name: "other"}.WithSeed("seed"),
		"the same names in another management plane": names.Cluster{Namespace: "ns", Name: "c"}.WithSeed("another"),
	} {
		assert.False(t, other.Owns(labels), name)
	}
}

// What earlier releases made has no id.
func TestAdoptedClusterOwnsWhatHasNoID(t *testing.T) {
	old := names.Cluster{Namespace: "ns", Name: "c"}.Labels()
	fresh := names.Cluster{Namespace: "ns", Name: "c"}.WithSeed("seed")
	assert.False(t, fresh.Owns(old), "it was made for another cluster of the name")
	adopted := fresh
	adopted.Adopted = true
	assert.True(t, adopted.Owns(old))
	assert.True(t, adopted.Owns(fresh.Labels()))
	assert.False(t, adopted.Owns(names.Cluster{Namespace: "ns", Name: "c"}.WithSeed("another").Labels()))
	assert.True(t, names.Cluster{Namespace: "ns", Name: "c"}.Owns(fresh.Labels()), "an id that is not known yet goes by the names")
}

// Names that are joined by a hyphen met: a-b/c and a/b-c.
func TestNamesOfTwoClustersNeverMeet(t *testing.T) {
	all := func(c names.Cluster) []string {
		return []string{c.LoadBalancer(), c.VMPool(), c.LoadBalancerPool(), c.CloudProvider(), c.CloudProviderToken(), names.ClusterBinding("vms", c.CloudProvider())}
	}
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[ab]([ab-]{0,40}[ab])?`)
		draw := func(label string) names.Cluster {
			c := names.Cluster{Namespace: word.Draw(t, label+" namespace"), Name: word.Draw(t, label+" name")}
			return c.WithSeed(rapid.SampledFrom([]string{"one", "two"}).Draw(t, label+" seed"))
		}
		one, two := draw("first"), draw("second")
		if one == two {
			return
		}
		for _, name := range all(one) {
			for _, other := range all(two) {
				if name == other {
					t.Fatalf("%+v and %+v share %q", one, two, name)
				}
			}
		}
		if one.Owns(two.Labels()) {
			t.Fatalf("%+v owns what is labeled for %+v", one, two)
		}
	})
	assert.NotEqual(t, names.Cluster{Namespace: "a-b", Name: "c"}.WithSeed("s").VMPool(), names.Cluster{Namespace: "a", Name: "b-c"}.WithSeed("s").VMPool())
}

func TestClusterOfReadsAnnotations(t *testing.T) {
	infra := &metav1.ObjectMeta{}
	assert.Equal(t, names.Cluster{Namespace: "ns", Name: "c"}, names.ClusterOf(nil, "ns", "c"))
	assert.Equal(t, names.Cluster{Namespace: "ns", Name: "c"}, names.ClusterOf(infra, "ns", "c"))
	infra.Annotations = map[string]string{infrav1.ClusterSeedAnnotation: "seed"}
	fresh := names.ClusterOf(infra, "ns", "c")
	assert.Equal(t, names.Cluster{Namespace: "ns", Name: "c"}.WithSeed("seed"), fresh)
	assert.Equal(t, map[string][]string{infrav1.ControlPlaneOfLabel: {fresh.ID}}, fresh.Backends())
	infra.Annotations[infrav1.AdoptedAnnotation] = infrav1.AdoptedOldSelector
	adopted := names.ClusterOf(infra, "ns", "c")
	assert.Equal(t, fresh.ID, adopted.ID)
	assert.Equal(t, map[string][]string{infrav1.MachineTypeLabel: {"controlplane-c"}}, adopted.Backends())
	assert.Equal(t, "ns-c-lb", adopted.LoadBalancer())
	infra.Annotations[infrav1.AdoptedAnnotation] = infrav1.AdoptedValue
	assert.Equal(t, fresh.Backends(), names.ClusterOf(infra, "ns", "c").Backends())
	assert.Equal(t, "ns-c-lb", names.ClusterOf(infra, "ns", "c").LoadBalancer())
}

// A VM has both labels while a load balancer may select by either.
func TestControlPlaneCarriesWhatIsSelectedBy(t *testing.T) {
	fresh := names.Cluster{Namespace: "ns", Name: "c"}.WithSeed("seed")
	old := fresh
	old.Adopted, old.OldSelector = true, true
	for name, test := range map[string]struct {
		cluster names.Cluster
		both    bool
	}{"new": {fresh, false}, "adopted": {old, true}} {
		labels := names.MachineLabels(names.Machine{Cluster: test.cluster, Name: "m", VM: "m", ControlPlane: true})
		assert.Equal(t, fresh.ID, labels[infrav1.ControlPlaneOfLabel], name)
		assert.Equal(t, test.both, labels[infrav1.MachineTypeLabel] == "controlplane-c", name)
		worker := names.MachineLabels(names.Machine{Cluster: test.cluster, Name: "m", VM: "m"})
		assert.NotContains(t, worker, infrav1.ControlPlaneOfLabel)
		assert.NotContains(t, worker, infrav1.MachineTypeLabel)
	}
}
