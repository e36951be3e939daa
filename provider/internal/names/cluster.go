package names

import (
	"crypto/sha256"
	"encoding/hex"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// idLength is how many hex digits of a SHA-256 make a cluster's id.
const idLength = 10

// Cluster says whose something on Harvester is. Namespace and name do not tell a cluster from another one of the same name
// in another management cluster, and joined by a hyphen not even from others in its own; the id does.
type Cluster struct {
	// Namespace of the Cluster, in the management cluster.
	Namespace string
	// Name of the Cluster.
	Name string
	// ID is unique per HarvesterCluster and management cluster, and stays when the cluster is moved or restored. It is empty
	// for a HarvesterCluster that was not looked at yet since it was made, restored or upgraded: nothing is made for it then.
	ID string
	// Adopted is true where what was made has the names and labels of earlier releases, which have no id.
	Adopted bool
	// OldSelector is true while the load balancer of an adopted cluster selects by the label of earlier releases.
	OldSelector bool
}

// ClusterOf reads whose cluster it is from the annotations of a HarvesterCluster. name is the name of its Cluster. A nil
// object gives a cluster without an id.
func ClusterOf(infra metav1.Object, namespace, name string) Cluster {
	c := Cluster{Namespace: namespace, Name: name}
	if infra == nil {
		return c
	}
	annotations := infra.GetAnnotations()
	seed := annotations[infrav1.ClusterSeedAnnotation]
	if seed == "" {
		return c
	}
	c.ID = clusterID(seed, namespace, name)
	_, c.Adopted = annotations[infrav1.AdoptedAnnotation]
	c.OldSelector = annotations[infrav1.AdoptedAnnotation] == infrav1.AdoptedOldSelector
	return c
}

// WithSeed is the cluster with the id that comes of a seed.
func (c Cluster) WithSeed(seed string) Cluster {
	return Cluster{Namespace: c.Namespace, Name: c.Name, ID: clusterID(seed, c.Namespace, c.Name)}
}

// AdoptedSeed is the seed for a cluster of an earlier release: from what every backup of it holds, so that a restored one
// gets the same id.
func AdoptedSeed(namespace, name, targetNamespace, endpoint string) string {
	return hash("adopted\n"+namespace+"\n"+name+"\n"+targetNamespace+"\n"+endpoint, 2*idLength)
}

// clusterID mixes namespace and name into the seed, so that a copied annotation makes no second cluster of the same id.
func clusterID(seed, namespace, name string) string {
	return hash(seed+"\n"+namespace+"\n"+name, idLength)
}

func hash(text string, length int) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])[:length]
}

// named joins namespace, name and a word, and the id unless the cluster was adopted.
func (c Cluster) named(word string) string {
	text := c.Namespace + "-" + c.Name + "-" + word
	if c.Adopted || c.ID == "" {
		return dnsLabel(text)
	}
	return withID(text, c.ID)
}

// LoadBalancer names the load balancer in front of the cluster's control plane.
func (c Cluster) LoadBalancer() string { return c.named("lb") }

// VMPool names the address pool that the cluster's inline vmNetworkConfig.ipPool asks for.
func (c Cluster) VMPool() string { return c.named("vm-ippool") }

// LoadBalancerPool names the address pool that the cluster's inline loadBalancerConfig.ipPool asks for.
func (c Cluster) LoadBalancerPool() string { return c.named("ippool") }

// CloudProvider names the ServiceAccount by which the workload cluster's cloud provider and storage driver act on
// Harvester, and its bindings there.
func (c Cluster) CloudProvider() string { return c.named("cloud") }

// CloudProviderToken names the Secret with that account's token.
func (c Cluster) CloudProviderToken() string { return c.named("cloud-token") }

// LoadBalancerOwner is what Harvester's load balancer controller writes into a pool for the address of a load balancer
// (harvester-load-balancer v1.5.0, requestIP).
func LoadBalancerOwner(targetNamespace, loadBalancer string) string {
	return targetNamespace + "/" + loadBalancer
}

// ClusterBinding names a binding of an account on Harvester that holds in all namespaces there. Accounts of the same name
// in other namespaces have other bindings.
func ClusterBinding(targetNamespace, account string) string {
	return dnsLabel(targetNamespace + "-" + account)
}
