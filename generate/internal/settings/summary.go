package settings

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
)

// Summary tells in a few lines what the complete settings make, and what all machines take together.
func (s Settings) Summary() string {
	var text strings.Builder
	line := func(what, format string, args ...any) {
		fmt.Fprintf(&text, "  %-14s %s\n", what, fmt.Sprintf(format, args...))
	}
	fmt.Fprintf(&text, "Cluster %s in namespace %s, on Harvester in namespace %s\n", s.Name, s.Namespace, s.TargetNamespace)
	controlPlane, worker := s.Machine(ControlPlane), s.Machine(Worker)
	line("control plane", "%s", machines(s.ControlPlaneReplicas, controlPlane))
	line("workers", "%s", machines(s.WorkerReplicas, worker))
	line("together", "%d CPUs, %s memory, %s disks", s.ControlPlaneReplicas*controlPlane.CPU+s.WorkerReplicas*worker.CPU,
		total(s.ControlPlaneReplicas, controlPlane.Memory, s.WorkerReplicas, worker.Memory),
		total(s.ControlPlaneReplicas, controlPlane.DiskSize, s.WorkerReplicas, worker.DiskSize))
	line("image", "%s", s.Image)
	line("key pair", "%s, for user %s", s.SSHKeyPair, s.SSHUser)
	line("networks", "%s", strings.Join(s.Networks, ", "))
	if pools := s.Pools(); len(pools) > 0 {
		line("addresses", "from %s; router %s, mask %s", strings.Join(pools, ", then "), s.Gateway, s.SubnetMask)
	} else {
		line("addresses", "by DHCP")
	}
	line("API server", "address by %s", s.LoadBalancerIPAM)
	line("Kubernetes", "%s, pod network %s", s.KubernetesVersion, s.CNI)
	return text.String()
}

func machines(count int, machine Overrides) string {
	if count == 0 {
		return "none"
	}
	noun := "machine"
	if count > 1 {
		noun = "machines, each"
	}
	return fmt.Sprintf("%d %s with %d CPUs, %s memory, %s disk", count, noun, machine.CPU, machine.Memory, machine.DiskSize)
}

func total(firsts int, first string, seconds int, second string) string {
	sum := resource.NewQuantity(0, resource.BinarySI)
	for _, part := range []struct {
		count int
		size  string
	}{{firsts, first}, {seconds, second}} {
		if size, err := resource.ParseQuantity(part.size); err == nil {
			size.Mul(int64(part.count))
			sum.Add(size)
		}
	}
	return sum.String()
}
