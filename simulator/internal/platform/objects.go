package platform

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/rights"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/storage"
)

//go:embed system.yaml
var system []byte

// Description is what distinguishes one Harvester cluster from another.
type Description struct {
	// Version is the text of setting server-version.
	Version string
	// VIP is the management address.
	VIP netip.Addr
	// VIPByDHCP tells that the address is a lease.
	VIPByDHCP bool
	// IngressExpose tells whether the Service of that name exists.
	IngressExpose bool
	// Hosts are the nodes.
	Hosts []Host
}

// Host is one node.
type Host struct {
	Name, Zone, Region string
	Networks           []string
	Witness            bool
}

// namespaces that every Harvester cluster has.
var namespaces = []string{kit.SystemNamespace, "harvester-public", "longhorn-system", "cattle-system"}

// Objects are what a cluster of this description holds, in the order in which to create them.
func Objects(description Description) ([]client.Object, error) {
	var list []client.Object
	for _, name := range namespaces {
		list = append(list, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
	}
	objects, err := decode(system)
	if err != nil {
		return nil, err
	}
	list = append(list, objects...)
	// What an operator grants the provider.
	list = append(list, rights.ClusterRole())
	list = append(list, storage.NewClass(storage.DefaultClass, true))
	list = append(list, settings(description)...)
	list = append(list, vip(description)...)
	for _, host := range description.Hosts {
		list = append(list, Node(host))
	}
	return list, nil
}

// decode reads the documents of a YAML file.
func decode(data []byte) ([]client.Object, error) {
	var list []client.Object
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096)
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(object)
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, fmt.Errorf("decode system objects: %w", err)
		}
		list = append(list, object)
	}
}

// settings are those that a provider, or admission, reads.
func settings(description Description) []client.Object {
	values := map[string]string{
		"server-version":                              description.Version,
		"overcommit-config":                           `{"cpu":1000,"memory":150,"storage":100}`,
		"additional-guest-memory-overhead-ratio":      "1.5",
		"default-vm-termination-grace-period-seconds": "120",
		"default-storage-class":                       storage.DefaultClass,
		"cluster-registration-url":                    "",
		"harvester-csi-ccm-versions":                  `{"harvester-cloud-provider":">=0.0.1 <0.3.0","harvester-csi-provider":">=0.0.1 <0.3.0"}`,
		"csi-driver-config":                           `{"driver.longhorn.io":{"volumeSnapshotClassName":"longhorn-snapshot","backupVolumeSnapshotClassName":"longhorn"}}`,
	}
	var list []client.Object
	for _, name := range slices.Sorted(maps.Keys(values)) {
		setting := &hciv1.Setting{ObjectMeta: metav1.ObjectMeta{Name: name}, Default: values[name]}
		if name == hciv1.SettingServerVersion {
			setting.Default, setting.Value = "dev", values[name]
		}
		list = append(list, setting)
	}
	return list
}

// vip are the two places where the management address can be read.
func vip(description Description) []client.Object {
	mode, exposed := "static", description.VIP.String()
	annotations := map[string]string{}
	if description.VIPByDHCP {
		mode, exposed = "dhcp", "0.0.0.0"
		annotations["kube-vip.io/requestedIP"] = description.VIP.String()
		annotations["kube-vip.io/hwaddr"] = "52:54:00:00:00:01"
	}
	annotations["kube-vip.io/loadbalancerIPs"] = exposed
	list := []client.Object{&corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: kit.SystemNamespace, Name: "vip"},
		Data: map[string]string{
			"enabled": "true", "mode": mode, "ip": description.VIP.String(), "hwAddress": annotations["kube-vip.io/hwaddr"],
			"serviceType": "LoadBalancer", "loadBalancerIP": exposed,
		},
	}}
	if description.IngressExpose {
		list = append(list, &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "ingress-expose", Annotations: annotations},
			Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer, Ports: []corev1.ServicePort{
				{Name: "https-internal", Port: 443, Protocol: corev1.ProtocolTCP}, {Name: "http", Port: 80, Protocol: corev1.ProtocolTCP},
			}},
		})
	}
	return list
}
