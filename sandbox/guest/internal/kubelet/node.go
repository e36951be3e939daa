package kubelet

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

// Identity is what a node says about itself.
type Identity struct {
	// Name is the Node's name, Address its internal address.
	Name, Address string
	// Port of Server; 0 leaves the endpoint unset.
	Port int32
	// Labels and Taints the node registers with, beside the well-known labels.
	Labels map[string]string
	Taints []corev1.Taint
	// External leaves addresses alone that a cloud controller has set.
	External bool
	// Capacity is also what can be allocated.
	Capacity corev1.ResourceList
	// Version is the kubelet's, such as v1.33.4+rke2r1.
	Version string
	// MachineID, SystemUUID and BootID tell the machine, and this boot of it.
	MachineID, SystemUUID, BootID string
}

// node is the Node to register.
func (i Identity) node(now time.Time) *corev1.Node {
	labels := map[string]string{
		corev1.LabelHostname: i.Name, corev1.LabelOSStable: "linux", corev1.LabelArchStable: "amd64",
		"beta.kubernetes.io/os": "linux", "beta.kubernetes.io/arch": "amd64",
	}
	maps.Copy(labels, i.Labels)
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: i.Name, Labels: labels},
		Spec:       corev1.NodeSpec{Taints: i.Taints},
		Status:     i.status(corev1.NodeStatus{}, now),
	}
}

// status is what the node's status should be now, given what it is. Times move
// only where something changes, so that an unchanged node needs no write.
func (i Identity) status(current corev1.NodeStatus, now time.Time) corev1.NodeStatus {
	desired := *current.DeepCopy()
	desired.Capacity, desired.Allocatable = i.Capacity, i.Capacity
	if !i.External || len(current.Addresses) == 0 {
		desired.Addresses = []corev1.NodeAddress{
			{Type: corev1.NodeInternalIP, Address: i.Address}, {Type: corev1.NodeHostName, Address: i.Name},
		}
	}
	desired.DaemonEndpoints.KubeletEndpoint.Port = i.Port
	desired.NodeInfo = corev1.NodeSystemInfo{
		MachineID: i.MachineID, SystemUUID: i.SystemUUID, BootID: i.BootID,
		KernelVersion: "6.4.0-sandbox", OSImage: "CAPHV sandbox guest", ContainerRuntimeVersion: "containerd://2.0.0-sandbox",
		KubeletVersion: i.Version, OperatingSystem: "linux", Architecture: "amd64",
	}
	for _, condition := range []corev1.NodeCondition{
		{Type: corev1.NodeMemoryPressure, Status: corev1.ConditionFalse, Reason: "KubeletHasSufficientMemory", Message: "kubelet has sufficient memory available"},
		{Type: corev1.NodeDiskPressure, Status: corev1.ConditionFalse, Reason: "KubeletHasNoDiskPressure", Message: "kubelet has no disk pressure"},
		{Type: corev1.NodePIDPressure, Status: corev1.ConditionFalse, Reason: "KubeletHasSufficientPID", Message: "kubelet has sufficient PID available"},
		{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady", Message: "kubelet is posting ready status"},
	} {
		setCondition(&desired.Conditions, condition, now)
	}
	return desired
}

// setCondition puts a condition in place; its times move only with its status.
func setCondition(conditions *[]corev1.NodeCondition, wanted corev1.NodeCondition, now time.Time) {
	wanted.LastHeartbeatTime, wanted.LastTransitionTime = metav1.NewTime(now), metav1.NewTime(now)
	index := slices.IndexFunc(*conditions, func(c corev1.NodeCondition) bool { return c.Type == wanted.Type })
	if index < 0 {
		*conditions = append(*conditions, wanted)
		return
	}
	current := (*conditions)[index]
	if current.Status == wanted.Status {
		wanted.LastTransitionTime = current.LastTransitionTime
		if current.Reason == wanted.Reason && current.Message == wanted.Message {
			wanted.LastHeartbeatTime = current.LastHeartbeatTime
		}
	}
	(*conditions)[index] = wanted
}

// sameStatus compares what two statuses say, whatever their form.
func sameStatus(a, b corev1.NodeStatus) bool { return equality.Semantic.DeepEqual(a, b) }

// statusPatch is a strategic merge patch from one status to the other.
func statusPatch(from, to corev1.NodeStatus) ([]byte, error) {
	before, err := json.Marshal(corev1.Node{Status: from})
	if err != nil {
		return nil, err
	}
	after, err := json.Marshal(corev1.Node{Status: to})
	if err != nil {
		return nil, err
	}
	return strategicpatch.CreateTwoWayMergePatch(before, after, corev1.Node{})
}
