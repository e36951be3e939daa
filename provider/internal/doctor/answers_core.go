package doctor

import (
	"time"

	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability/alerts"
)

// Reasons of findings that no condition of ours holds.
const (
	// ReasonManagerDown tells that no replica of this provider's manager is ready.
	ReasonManagerDown = "ManagerDown"
	// ReasonInfrastructureNotFound tells that the object that a Cluster or a Machine names does not exist.
	ReasonInfrastructureNotFound = "InfrastructureNotFound"
	// ReasonNotReconciled tells that no controller has looked at an object yet.
	ReasonNotReconciled = "NotReconciled"
	// ReasonNodeNotReady tells that the kubelet says that its Node is not ready.
	ReasonNodeNotReady = "NodeNotReady"
)

// ownAnswers are those to the reasons above.
func ownAnswers() map[string]Answer {
	return map[string]Answer{
		ReasonManagerDown:            fault(alerts.Down, "Look why it does not run: kubectl describe deployment {name} -n {namespace}. Until it does, conditions are not renewed."),
		ReasonInfrastructureNotFound: fault("", "The object that is named does not exist: it was deleted, or its template or ClusterClass could not be read. Look at the conditions and events of {name}."),
		ReasonNotReconciled: progress(2*time.Minute, alerts.Down,
			"No controller has looked at the object: see whether the manager runs (kubectl get deployments -A -l cluster.x-k8s.io/provider=infrastructure-harvester), and whether its --watch-filter and --namespace leave the object out."),
		ReasonNodeNotReady: progress(10*time.Minute, alerts.MachineNotReady,
			"The kubelet says that the Node is not ready. The message says why; where it names the network, look at the pods of the CNI: kubectl get pods -n kube-system"),
	}
}

// coreCondition is a condition of Cluster API's own objects. They are looked at where none of ours says why.
type coreCondition struct {
	conditionType string
	answer        Answer
}

// clusterConditions are those of a Cluster, in the order in which they are met.
func clusterConditions() []coreCondition {
	return []coreCondition{
		{clusterv1.ClusterTopologyReconciledCondition, fault("", "Fix what the message says about the topology: the ClusterClass, its variables or the version.")},
		{clusterv1.ClusterInfrastructureReadyCondition, progress(10*time.Minute, alerts.ClusterNotReady, "Look at the conditions of the HarvesterCluster.")},
		{clusterv1.ClusterControlPlaneInitializedCondition, progress(bootstrapPatience, alerts.ClusterNotReady,
			"The first control plane comes up. If it does not, look at the conditions of the control-plane object and at the VM's console.")},
		{clusterv1.ClusterRemoteConnectionProbeCondition, progress(10*time.Minute, alerts.ClusterNotReady,
			"Cluster API's manager cannot reach the workload cluster: look at the load balancer and the control-plane VMs.")},
		{clusterv1.ClusterControlPlaneAvailableCondition, progress(bootstrapPatience, alerts.ClusterNotReady,
			"Look at the conditions of the control-plane object: kubectl describe {owner} -n {namespace}")},
		{clusterv1.ClusterWorkersAvailableCondition, progress(bootstrapPatience, alerts.MachineNotReady,
			"Look at the MachineDeployments: kubectl get machinedeployments -n {namespace} -l cluster.x-k8s.io/cluster-name={cluster}")},
		{clusterv1.ClusterAvailableCondition, progress(bootstrapPatience, alerts.ClusterNotReady, "Read the message of the condition: kubectl describe cluster {cluster} -n {namespace}")},
	}
}

// machineConditions are those of a Machine.
func machineConditions() []coreCondition {
	return []coreCondition{
		{clusterv1.MachineBootstrapConfigReadyCondition, progress(bootstrapPatience, alerts.MachineNotReady, "Look at the conditions of the Machine's bootstrap config, and at the bootstrap provider's log.")},
		{clusterv1.MachineInfrastructureReadyCondition, progress(10*time.Minute, alerts.MachineNotReady, "Look at the conditions of the HarvesterMachine.")},
		{clusterv1.MachineNodeHealthyCondition, progress(15*time.Minute, alerts.MachineNotReady, "Look at the Node in the workload cluster: the message says which of its conditions is not met.")},
		{clusterv1.MachineHealthCheckSucceededCondition, progress(15*time.Minute, alerts.RemediationLoop, "A MachineHealthCheck found the machine unhealthy and has it replaced.")},
		{clusterv1.MachineReadyCondition, progress(15*time.Minute, alerts.MachineNotReady, "Read the message of the condition: kubectl describe machine {name} -n {namespace}")},
	}
}
