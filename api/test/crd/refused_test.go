package crd

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// How long the API server may take to follow a change of a CRD, and how often we look.
const (
	waitForRules = 2 * time.Minute
	pollRules    = 100 * time.Millisecond
)

// refusal is a change that makes a good spec a bad one, and what the API server has to say about it.
type refusal struct {
	change  func(spec map[string]any)
	path    string // of the field
	message string // part of it
}

func set(value any, path ...string) func(map[string]any) {
	return func(spec map[string]any) {
		if err := unstructured.SetNestedField(spec, value, path...); err != nil {
			panic(err)
		}
	}
}

func unset(path ...string) func(map[string]any) {
	return func(spec map[string]any) { unstructured.RemoveNestedField(spec, path...) }
}

func TestWrongClustersAreRefused(t *testing.T) {
	long := strings.Repeat("a", 5000)
	network := map[string]any{"ipPoolRef": "a", "gateway": "172.16.0.1", "subnetMask": "255.255.0.0"}
	with := func(field string, value any) func(map[string]any) {
		return func(spec map[string]any) {
			set(network, "vmNetworkConfig")(spec)
			set(value, "vmNetworkConfig", field)(spec)
		}
	}
	pool := func(field, value string) func(map[string]any) {
		return func(spec map[string]any) {
			set(map[string]any{"vmNetwork": "n", "subnet": "172.16.0.0/16", "gateway": "172.16.0.1"}, "loadBalancerConfig", "ipPool")(spec)
			set(value, "loadBalancerConfig", "ipPool", field)(spec)
		}
	}
	listener := func(field string, value any) func(map[string]any) {
		return func(spec map[string]any) {
			one := map[string]any{"name": "web", "port": int64(443), "backendPort": int64(443)}
			one[field] = value
			set([]any{one}, "loadBalancerConfig", "listeners")(spec)
		}
	}
	refuse(t, goodCluster, map[string]refusal{
		"no target namespace":          {unset("targetNamespace"), "spec.targetNamespace", "Required value"},
		"empty target namespace":       {set("", "targetNamespace"), "spec.targetNamespace", "HC001"},
		"identity without name":        {set("", "identitySecret", "name"), "spec.identitySecret.name", "HC002"},
		"identity without namespace":   {set("", "identitySecret", "namespace"), "spec.identitySecret.namespace", "HC003"},
		"no identity":                  {unset("identitySecret"), "spec.identitySecret", "Required value"},
		"no load balancer":             {unset("loadBalancerConfig"), "spec.loadBalancerConfig", "Required value"},
		"unknown ipam type":            {set("static", "loadBalancerConfig", "ipamType"), "spec.loadBalancerConfig.ipamType", `supported values: "dhcp", "pool"`},
		"too long a server":            {set(long, "server"), "spec.server", "may not be more than 2048"},
		"endpoint port out of range":   {set(int64(65536), "controlPlaneEndpoint", "port"), "spec.controlPlaneEndpoint.port", "less than or equal to 65535"},
		"listener port 0":              {listener("port", int64(0)), "spec.loadBalancerConfig.listeners[0].port", "greater than or equal to 1"},
		"listener protocol":            {listener("protocol", "SCTP"), "spec.loadBalancerConfig.listeners[0].protocol", `"TCP", "UDP"`},
		"listener without name":        {listener("name", ""), "spec.loadBalancerConfig.listeners[0].name", "at least 1"},
		"listeners of one name":        {twoListeners, "spec.loadBalancerConfig.listeners[1]", "Duplicate value"},
		"gateway is no address":        {with("gateway", "router"), "spec.vmNetworkConfig.gateway", "HC007"},
		"empty gateway":                {with("gateway", ""), "spec.vmNetworkConfig.gateway", "HC006"},
		"mask is no address":           {with("subnetMask", "/16"), "spec.vmNetworkConfig.subnetMask", "HC009"},
		"empty mask":                   {with("subnetMask", ""), "spec.vmNetworkConfig.subnetMask", "HC008"},
		"no pool":                      {with("ipPoolRef", ""), "spec.vmNetworkConfig", "HC010"},
		"only empty pools":             {func(s map[string]any) { with("ipPoolRef", "")(s); set([]any{""}, "vmNetworkConfig", "ipPoolRefs")(s) }, "spec.vmNetworkConfig", "HC010"},
		"name server is no address":    {with("dnsServers", []any{"dns.example"}), "spec.vmNetworkConfig.dnsServers[0]", "HC024"},
		"pool's subnet is no subnet":   {pool("subnet", "172.16.0.0"), "spec.loadBalancerConfig.ipPool.subnet", "HC014"},
		"pool's gateway is no address": {pool("gateway", "router"), "spec.loadBalancerConfig.ipPool.gateway", "HC015"},
		"pool's start is no address":   {pool("rangeStart", "first"), "spec.loadBalancerConfig.ipPool.rangeStart", "HC017"},
		"pool's end is no address":     {pool("rangeEnd", "last"), "spec.loadBalancerConfig.ipPool.rangeEnd", "HC018"},
	})
}

func twoListeners(spec map[string]any) {
	one := map[string]any{"name": "web", "port": int64(443), "backendPort": int64(443)}
	other := map[string]any{"name": "web", "port": int64(80), "backendPort": int64(80)}
	set([]any{one, other}, "loadBalancerConfig", "listeners")(spec)
}

func TestWrongMachinesAreRefused(t *testing.T) {
	volume := func(values map[string]any) func(map[string]any) { return set([]any{values}, "volumes") }
	fixed := map[string]any{"address": "172.16.3.10", "gateway": "172.16.0.1"}
	pools := map[string]any{"ipPoolRef": "a"}
	claimed := map[string]any{"apiGroup": "ipam.cluster.x-k8s.io", "kind": "InClusterIPPool", "name": "production"}
	first := map[string]any{"index": int64(0), "addressesFromPools": []any{claimed}}
	nic := func(values map[string]any) func(map[string]any) { return set([]any{values}, "networkInterfaces") }
	refuse(t, goodMachine, map[string]refusal{
		"cpu 0":                       {set(int64(0), "cpu"), "spec.cpu", "greater than or equal to 1"},
		"no cpu":                      {unset("cpu"), "spec.cpu", "Required value"},
		"empty memory":                {set("", "memory"), "spec.memory", "HM002"},
		"memory is no quantity":       {set("much", "memory"), "spec.memory", "HM003"},
		"memory 0":                    {set("0Gi", "memory"), "spec.memory", "HM003"},
		"no user":                     {set("", "sshUser"), "spec.sshUser", "HM004"},
		"no key pair":                 {set("", "sshKeyPair"), "spec.sshKeyPair", "HM005"},
		"no volumes":                  {set([]any{}, "volumes"), "spec.volumes", "HM006"},
		"volumes left out":            {unset("volumes"), "spec.volumes", "Required value"},
		"unknown volume type":         {volume(map[string]any{"volumeType": "iso"}), "spec.volumes[0].volumeType", `"image", "storageClass"`},
		"image without name":          {volume(map[string]any{"volumeType": "image"}), "spec.volumes[0].imageName", "HM008"},
		"image with empty name":       {volume(map[string]any{"volumeType": "image", "imageName": ""}), "spec.volumes[0].imageName", "HM008"},
		"storage class without name":  {volume(map[string]any{"volumeType": "storageClass"}), "spec.volumes[0].storageClass", "HM009"},
		"volume size is no quantity":  {volume(map[string]any{"volumeType": "image", "imageName": "a", "volumeSize": "big"}), "spec.volumes[0].volumeSize", "should match"},
		"negative boot order":         {volume(map[string]any{"volumeType": "image", "imageName": "a", "bootOrder": int64(-1)}), "spec.volumes[0].bootOrder", "greater than or equal to 0"},
		"no networks":                 {set([]any{}, "networks"), "spec.networks", "HM010"},
		"network without name":        {set([]any{""}, "networks"), "spec.networks[0]", "at least 1"},
		"fixed address left empty":    {func(s map[string]any) { set(fixed, "networkConfig")(s); set("", "networkConfig", "address")(s) }, "spec.networkConfig.address", "HM011"},
		"fixed address is no address": {func(s map[string]any) { set(fixed, "networkConfig")(s); set("ten", "networkConfig", "address")(s) }, "spec.networkConfig.address", "HM014"},
		"fixed gateway left empty":    {func(s map[string]any) { set(fixed, "networkConfig")(s); set("", "networkConfig", "gateway")(s) }, "spec.networkConfig.gateway", "HM012"},
		"fixed gateway is no address": {func(s map[string]any) { set(fixed, "networkConfig")(s); set("gw", "networkConfig", "gateway")(s) }, "spec.networkConfig.gateway", "HM013"},
		"fixed address and pools":     {func(s map[string]any) { set(fixed, "networkConfig")(s); set(pools, "vmNetworkConfig")(s) }, "spec.vmNetworkConfig", "HM026"},
		"pools without a name":        {set(map[string]any{"gateway": "172.16.0.1"}, "vmNetworkConfig"), "spec.vmNetworkConfig", "HM027"},
		"inline pool":                 {set(map[string]any{"ipPoolRef": "a", "ipPool": map[string]any{}}, "vmNetworkConfig"), "spec.vmNetworkConfig.ipPool", "unknown field"},
		"interface without a network": {nic(map[string]any{"index": int64(1), "ipPoolRefs": []any{"a"}}), "spec.networkInterfaces", "HM044"},
		"interface without index":     {nic(map[string]any{"ipPoolRefs": []any{"a"}}), "spec.networkInterfaces[0].index", "Required value"},
		"interface without pools":     {nic(map[string]any{"index": int64(0)}), "spec.networkInterfaces[0]", "HM045"},
		"interface with both kinds":   {nic(map[string]any{"index": int64(0), "ipPoolRefs": []any{"a"}, "addressesFromPools": []any{claimed}}), "spec.networkInterfaces[0]", "HM045"},
		"first interface twice":       {func(s map[string]any) { set(pools, "vmNetworkConfig")(s); nic(first)(s) }, "spec.networkInterfaces", "HM046"},
		"first interface and fixed":   {func(s map[string]any) { set(fixed, "networkConfig")(s); nic(first)(s) }, "spec.networkInterfaces", "HM046"},
		"interface's gateway":         {nic(map[string]any{"index": int64(0), "ipPoolRefs": []any{"a"}, "gateway": "router"}), "spec.networkInterfaces[0].gateway", "HM047"},
		"dhcp from a pool":            {nic(map[string]any{"index": int64(0), "addressing": "dhcp", "ipPoolRefs": []any{"a"}}), "spec.networkInterfaces[0].addressing", "HM080"},
		"addressing":                  {nic(map[string]any{"index": int64(0), "addressing": "slaac"}), "spec.networkInterfaces[0].addressing", "Unsupported value"},
		"pools and addresses":         {nic(map[string]any{"index": int64(0), "ipPoolRefs": []any{"a"}, "addresses": []any{"10.0.0.4/24"}}), "spec.networkInterfaces[0]", "HM045"},
		"unknown quirk":               {set(map[string]any{"quirks": []any{"suse"}}, "guest"), "spec.guest.quirks[0]", "Unsupported value"},
		"quirk twice":                 {set(map[string]any{"quirks": []any{"none", "none"}}, "guest"), "spec.guest.quirks[1]", "Duplicate value"},
		"network data":                {set(map[string]any{"networkDataVersion": "v3"}, "guest"), "spec.guest.networkDataVersion", "Unsupported value"},
		"pool of no kind":             {nic(map[string]any{"index": int64(0), "addressesFromPools": []any{map[string]any{"name": "a", "apiGroup": "b.c"}}}), "spec.networkInterfaces[0].addressesFromPools[0].kind", "Required value"},
		"secure boot without EFI":     {set(map[string]any{"secureBoot": true}, "firmware"), "spec.firmware.secureBoot", "HM033"},
	})
}

func TestWrongPoolsAreRefused(t *testing.T) {
	pool := func(change func(map[string]any)) *unstructured.Unstructured {
		spec := map[string]any{"identitySecret": map[string]any{"namespace": "default", "name": "harvester"}, "ipPoolRefs": []any{"a"}}
		change(spec)
		object := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
		object.SetGroupVersionKind(infrav1.GroupVersion.WithKind("HarvesterIPPool"))
		object.SetNamespace("default")
		object.SetName("pool")
		return object
	}
	require.NoError(t, cluster.Client.Create(t.Context(), pool(func(map[string]any) {}), client.DryRunAll))
	refuse(t, pool, map[string]refusal{
		"no identity":   {unset("identitySecret"), "spec.identitySecret", "Required value"},
		"no pools":      {set([]any{}, "ipPoolRefs"), "spec.ipPoolRefs", "at least 1"},
		"nameless pool": {set([]any{""}, "ipPoolRefs"), "spec.ipPoolRefs[0]", "at least 1"},
	})
}

func TestWrongTemplatesAreRefused(t *testing.T) {
	machine := refusedMachine("template", func(map[string]any) {})
	template := func(change func(map[string]any)) *unstructured.Unstructured {
		spec := machine.DeepCopy().Object["spec"].(map[string]any)
		change(spec)
		object := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"template": map[string]any{"spec": spec}}}}
		object.SetGroupVersionKind(infrav1.GroupVersion.WithKind("HarvesterMachineTemplate"))
		object.SetNamespace("default")
		object.SetName("template")
		return object
	}
	require.NoError(t, cluster.Client.Create(t.Context(), template(func(map[string]any) {}), client.DryRunAll))
	refuse(t, template, map[string]refusal{
		"cpu 0":               {set(int64(0), "cpu"), "spec.template.spec.cpu", "greater than or equal to 1"},
		"unknown volume type": {set([]any{map[string]any{"volumeType": "iso"}}, "volumes"), "spec.template.spec.volumes[0].volumeType", `"image"`},
	})
}

// refuse checks that each change of a good object is refused, at the right field and for the right reason.
func refuse(t *testing.T, object func(change func(map[string]any)) *unstructured.Unstructured, refusals map[string]refusal) {
	t.Helper()
	for name, want := range refusals {
		t.Run(name, func(t *testing.T) {
			err := cluster.Client.Create(t.Context(), object(want.change), client.DryRunAll)
			require.Error(t, err)
			if want.message == "unknown field" {
				assert.ErrorContains(t, err, `unknown field "`+want.path+`"`)
				return
			}
			var status apierrors.APIStatus
			require.ErrorAs(t, err, &status)
			require.NotNil(t, status.Status().Details, err)
			var causes []string
			for _, cause := range status.Status().Details.Causes {
				causes = append(causes, cause.Field+": "+cause.Message)
				if cause.Field == want.path && strings.Contains(cause.Message, want.message) {
					return
				}
			}
			assert.Failf(t, "refused for another reason", "want %s: %s\ngot %s", want.path, want.message, strings.Join(causes, "\n"))
		})
	}
}

func goodCluster(change func(map[string]any)) *unstructured.Unstructured {
	spec := map[string]any{
		"targetNamespace":    "default",
		"identitySecret":     map[string]any{"namespace": "default", "name": "harvester"},
		"loadBalancerConfig": map[string]any{"ipamType": "dhcp"},
	}
	return newObject("HarvesterCluster", "wrong", spec, change)
}

func goodMachine(change func(map[string]any)) *unstructured.Unstructured {
	return refusedMachine("wrong", change)
}

func refusedMachine(name string, change func(map[string]any)) *unstructured.Unstructured {
	spec := map[string]any{
		"cpu": int64(2), "memory": "4Gi", "sshUser": "rancher", "sshKeyPair": "default/key",
		"volumes":  []any{map[string]any{"volumeType": "image", "imageName": "default/sles", "volumeSize": "40Gi"}},
		"networks": []any{"default/production"},
	}
	return newObject("HarvesterMachine", name, spec, change)
}

func newObject(kind, name string, spec map[string]any, change func(map[string]any)) *unstructured.Unstructured {
	change(spec)
	object := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	object.SetGroupVersionKind(infrav1.GroupVersion.WithKind(kind))
	object.SetNamespace("default")
	object.SetName(name)
	return object
}

func TestGoodObjectsOfTheTablesAreAccepted(t *testing.T) {
	for _, good := range []*unstructured.Unstructured{goodCluster(func(map[string]any) {}), goodMachine(func(map[string]any) {})} {
		assert.NoError(t, cluster.Client.Create(t.Context(), good, client.DryRunAll), good.GetKind())
	}
}
