package guest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/process"
)

// Labels by which a machine's cluster is known.
const (
	clusterNameLabel      = "cluster.x-k8s.io/cluster-name"
	clusterNamespaceLabel = "infrastructure.cluster.x-k8s.io/cluster-namespace"
)

// Member is one member of a guest cluster's etcd, as etcd itself lists it.
type Member struct {
	ID   uint64
	Name string
	// Learner is a member without a vote.
	Learner              bool
	ClientURLs, PeerURLs []string
}

// Process is one process that a machine runs.
type Process struct {
	// Machine is <namespace>/<name> of the VM.
	Machine string
	// Name is etcd or kube-apiserver.
	Name string
	PID  int
}

// Members lists the etcd members of a cluster, asking its live members one
// after the other until one answers. The cluster is <name>, or
// <namespace>/<name> where a name is not enough. Errors match ErrUnknownCluster
// when none of its machines is a running server.
func (m *Manager) Members(ctx context.Context, cluster string) ([]Member, error) {
	failures := []error{fmt.Errorf("cluster %s: no etcd member answers", cluster)}
	servers := m.servers(cluster)
	if len(servers) == 0 {
		return nil, fmt.Errorf("cluster %s: %w", cluster, ErrUnknownCluster)
	}
	for _, candidate := range servers {
		if candidate.etcd.alive() == nil {
			continue
		}
		members, err := candidate.listMembers(ctx, []string{candidate.member.ClientURL()})
		if err == nil {
			return members, nil
		}
		failures = append(failures, err)
	}
	return nil, errors.Join(failures...)
}

// Processes lists the processes that run for a cluster, or for all clusters
// when its name is empty, sorted by machine.
func (m *Manager) Processes(cluster string) []Process {
	var processes []Process
	for _, found := range m.servers(cluster) {
		for name, running := range map[string]*process.Process{
			componentEtcd: found.etcd.alive(), componentAPIServer: found.api.alive(),
		} {
			if running != nil {
				boot := found.node.machine.boot
				processes = append(processes, Process{Machine: boot.Namespace + "/" + boot.Name, Name: name, PID: running.PID()})
			}
		}
	}
	slices.SortFunc(processes, func(a, b Process) int {
		return strings.Compare(a.Machine+" "+a.Name, b.Machine+" "+b.Name)
	})
	return processes
}

// Kubeconfig returns an administrator's kubeconfig for a guest cluster, named
// as in Members. It leads to one of its live API servers directly, not through
// the load balancer. Errors match ErrUnknownCluster.
func (m *Manager) Kubeconfig(cluster string) ([]byte, error) {
	for _, candidate := range m.servers(cluster) {
		if candidate.api.alive() == nil {
			continue
		}
		config := candidate.config
		return clientcmd.Write(clientcmdapi.Config{
			Clusters: map[string]*clientcmdapi.Cluster{
				cluster: {Server: config.Host, CertificateAuthorityData: config.CAData},
			},
			AuthInfos: map[string]*clientcmdapi.AuthInfo{
				"admin": {ClientCertificateData: config.CertData, ClientKeyData: config.KeyData},
			},
			Contexts:       map[string]*clientcmdapi.Context{cluster: {Cluster: cluster, AuthInfo: "admin"}},
			CurrentContext: cluster,
		})
	}
	return nil, fmt.Errorf("cluster %s: %w with a live API server", cluster, ErrUnknownCluster)
}

// Machines lists the machines that are on, as <namespace>/<name>, sorted.
func (m *Manager) Machines() []string {
	var names []string
	for _, found := range m.running(nil) {
		names = append(names, found.boot.Namespace+"/"+found.boot.Name)
	}
	slices.Sort(names)
	return names
}

// servers are the running servers of a cluster, sorted by machine; of all
// clusters when its name is empty.
func (m *Manager) servers(cluster string) []*server {
	var found []*server
	for _, candidate := range m.running(func(c *machine) bool { return cluster == "" || c.belongsTo(cluster) }) {
		if played := candidate.currentNode(); played != nil && played.server != nil {
			found = append(found, played.server)
		}
	}
	slices.SortFunc(found, func(a, b *server) int { return strings.Compare(a.node.machine.String(), b.node.machine.String()) })
	return found
}

func (m *machine) belongsTo(cluster string) bool {
	name := m.boot.Labels[clusterNameLabel]
	return name != "" && (cluster == name || cluster == m.boot.Labels[clusterNamespaceLabel]+"/"+name)
}

// ownerOfSocket finds the server whose etcd holds a socket; nil when none does.
func (m *Manager) ownerOfSocket(inode string) *server {
	for _, candidate := range m.servers("") {
		if running := candidate.etcd.alive(); running != nil && holdsSocket(running.PID(), inode) {
			return candidate
		}
	}
	return nil
}
