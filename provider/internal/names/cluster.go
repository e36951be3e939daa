package names

// LoadBalancer names the load balancer in front of a cluster's control plane.
func LoadBalancer(namespace, cluster string) string {
	return dnsLabel(namespace + "-" + cluster + "-lb")
}

// VMPool names the address pool that a cluster's inline vmNetworkConfig.ipPool asks for.
func VMPool(namespace, cluster string) string {
	return dnsLabel(namespace + "-" + cluster + "-vm-ippool")
}

// LoadBalancerPool names the address pool that a cluster's inline loadBalancerConfig.ipPool asks for.
func LoadBalancerPool(namespace, cluster string) string {
	return dnsLabel(namespace + "-" + cluster + "-ippool")
}

// LoadBalancerOwner is what Harvester's load balancer controller writes into a pool for the address of a load balancer
// (harvester-load-balancer v1.5.0, requestIP).
func LoadBalancerOwner(targetNamespace, loadBalancer string) string {
	return targetNamespace + "/" + loadBalancer
}

// CloudProvider names the ServiceAccount by which a guest cluster's cloud provider and storage driver act on Harvester,
// and its bindings there.
func CloudProvider(namespace, cluster string) string {
	return dnsLabel(namespace + "-" + cluster + "-cloud")
}

// CloudProviderToken names the Secret with that account's token.
func CloudProviderToken(namespace, cluster string) string {
	return dnsLabel(namespace + "-" + cluster + "-cloud-token")
}

// ClusterBinding names a binding of an account on Harvester that holds in all namespaces there. Accounts of the same name
// in other namespaces have other bindings.
func ClusterBinding(targetNamespace, account string) string {
	return dnsLabel(targetNamespace + "-" + account)
}
