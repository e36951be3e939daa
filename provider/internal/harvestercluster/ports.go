package harvestercluster

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

const (
	// serverPort is where RKE2's API server listens on each machine, and kubeadm's by default.
	serverPort = 6443
	// joinPort is where RKE2 lets nodes join; it cannot be changed.
	joinPort = 9345
	// rke2Kind is the kind of a control plane of RKE2.
	rke2Kind = "RKE2ControlPlane"

	apiListener  = "rke2-api"
	joinListener = "rke2-join"
)

// ports are those of a load balancer, and the one among them at which the API server is reached.
type ports struct {
	listeners []lbv1.Listener
	api       int32
}

// askedPort is the port of the endpoint that somebody decided on: the HarvesterCluster's, else the Cluster's
// spec.clusterNetwork.apiServerPort. 0 means that nobody did. Beside the placeholder host of old templates the port is a
// placeholder as well.
func askedPort(infra *infrav1.HarvesterCluster, cluster *clusterv1.Cluster) int32 {
	var network int32
	if cluster != nil {
		network = cluster.Spec.ClusterNetwork.APIServerPort
	}
	if infra.Spec.ControlPlaneEndpoint.Host == unsetHost {
		return cmp.Or(network, infra.Spec.ControlPlaneEndpoint.Port)
	}
	return cmp.Or(infra.Spec.ControlPlaneEndpoint.Port, network)
}

// planPorts finds the listeners of the load balancer: the user's, and ours where theirs do not do it. The endpoint's port
// is the one that was asked for, else that of the user's listener that leads to the API server, else 6443.
//
// Harvester takes one listener for each port and one for each backend port of a protocol. Where the user's listeners leave
// no way to the API server, or to where nodes of RKE2 join, problem says which one it is and what to do.
func planPorts(infra *infrav1.HarvesterCluster, cluster *clusterv1.Cluster) (planned ports, problem string) {
	theirs := userListeners(infra)
	rke2 := cluster == nil || cluster.Spec.ControlPlaneRef.Kind == rke2Kind
	toServer := find(theirs, func(l lbv1.Listener) bool { return l.BackendPort == serverPort })
	port := askedPort(infra, cluster)
	if port == 0 && toServer != nil {
		port = toServer.Port
	}
	port = cmp.Or(port, serverPort)

	result := theirs
	join, problem := planJoin(theirs, port, rke2)
	if problem != "" {
		return ports{}, problem
	}
	if join {
		result = withListener(result, joinListener, joinPort, joinPort)
	}
	at := find(theirs, func(l lbv1.Listener) bool { return l.Port == port })
	switch {
	case at != nil && (at.BackendPort == serverPort || !rke2):
		// The user's own; where a kubeadm's API server listens is known to its configuration only.
	case at != nil:
		return ports{}, fmt.Sprintf("Listener %q sends port %d, which is the endpoint's, to port %d of the machines, but RKE2's API server listens on %d: change its backendPort, or its port",
			at.Name, port, at.BackendPort, serverPort)
	case toServer != nil:
		return ports{}, fmt.Sprintf("Listener %q sends port %d to the API server, but the endpoint's port is %d, and Harvester takes one listener for each backend port: remove it, or set its port to %d",
			toServer.Name, toServer.Port, port, port)
	default:
		result = withListener(result, apiListener, port, serverPort)
	}
	return ports{listeners: result, api: port}, ""
}

// planJoin tells whether the load balancer needs a listener of ours for nodes that join.
func planJoin(theirs []lbv1.Listener, apiPort int32, rke2 bool) (needed bool, problem string) {
	at := find(theirs, func(l lbv1.Listener) bool { return l.Port == joinPort })
	to := find(theirs, func(l lbv1.Listener) bool { return l.BackendPort == joinPort })
	switch {
	case at != nil && at == to:
		return false, ""
	case !rke2:
		return at == nil && to == nil && apiPort != joinPort, ""
	case apiPort == joinPort:
		return false, fmt.Sprintf("The endpoint's port is %d, at which nodes of RKE2 join: choose another one", joinPort)
	case at != nil:
		return false, fmt.Sprintf("Listener %q sends port %d, at which nodes of RKE2 join, to port %d of the machines: change its port", at.Name, joinPort, at.BackendPort)
	case to != nil:
		return false, fmt.Sprintf("Listener %q sends port %d to port %d of the machines, but nodes of RKE2 join at port %d: change its port to %d, or remove it", to.Name, to.Port, joinPort, joinPort, joinPort)
	}
	return true, ""
}

func userListeners(infra *infrav1.HarvesterCluster) []lbv1.Listener {
	var result []lbv1.Listener
	for _, l := range infra.Spec.LoadBalancerConfig.Listeners {
		result = append(result, lbv1.Listener{
			Name: l.Name, Port: l.Port, BackendPort: l.BackendPort,
			Protocol: corev1.Protocol(cmp.Or(l.Protocol, infrav1.ListenerTCP)),
		})
	}
	return result
}

// find returns the listener of TCP that is wanted; nil when there is none.
func find(listeners []lbv1.Listener, wanted func(lbv1.Listener) bool) *lbv1.Listener {
	i := slices.IndexFunc(listeners, func(l lbv1.Listener) bool { return l.Protocol == corev1.ProtocolTCP && wanted(l) })
	if i < 0 {
		return nil
	}
	return &listeners[i]
}

// withListener puts a listener of ours before the others, under a name that none of them has.
func withListener(listeners []lbv1.Listener, name string, port, backendPort int32) []lbv1.Listener {
	free := name
	for n := 2; slices.ContainsFunc(listeners, func(l lbv1.Listener) bool { return l.Name == free }); n++ {
		free = fmt.Sprintf("%s-%d", name, n)
	}
	return append([]lbv1.Listener{{Name: free, Port: port, Protocol: corev1.ProtocolTCP, BackendPort: backendPort}}, listeners...)
}
