package settings

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// cisProfiles are those that the ClusterClass knows; RKE2 refuses the one that its version does not have.
var cisProfiles = []string{"cis", "cis-1.23", "cis-1.6", "cis-1.5"}

// Role is what a machine is for. Its value begins the flags that set the role's machines apart.
type Role string

// The two roles.
const (
	ControlPlane Role = "cp"
	Worker       Role = "worker"
)

// Overrides returns what is different for a role.
func (s Settings) Overrides(role Role) Overrides {
	if role == ControlPlane {
		return s.ControlPlane
	}
	return s.Workers
}

// Machine returns how the machines of a role are built, all told.
func (s Settings) Machine(role Role) Overrides {
	machine, common := s.Overrides(role), s.Machines()
	if machine.CPU == 0 {
		machine.CPU = common.CPU
	}
	if machine.Memory == "" {
		machine.Memory = common.Memory
	}
	if machine.DiskSize == "" {
		machine.DiskSize = common.DiskSize
	}
	if len(machine.Networks) == 0 {
		machine.Networks = common.Networks
	}
	if len(machine.ExtraDisks) == 0 {
		machine.ExtraDisks = common.ExtraDisks
	}
	return machine
}

// Machines returns how machines are built whose role says nothing else.
func (s Settings) Machines() Overrides {
	return Overrides{CPU: s.CPU, Memory: s.Memory, DiskSize: s.DiskSize, Networks: s.Networks, ExtraDisks: s.ExtraDisks}
}

// WorkerGroup is one MachineDeployment.
type WorkerGroup struct {
	Name string
	// FailureDomain is empty for no choice.
	FailureDomain string
	Replicas      int
}

// WorkerGroups spreads the workers evenly over the failure domains, the first ones taking what is left over.
func (s Settings) WorkerGroups() []WorkerGroup {
	if len(s.FailureDomains) == 0 {
		return []WorkerGroup{{Name: "md-0", Replicas: s.WorkerReplicas}}
	}
	groups := make([]WorkerGroup, 0, len(s.FailureDomains))
	share, rest := s.WorkerReplicas/len(s.FailureDomains), s.WorkerReplicas%len(s.FailureDomains)
	for i, domain := range s.FailureDomains {
		group := WorkerGroup{Name: fmt.Sprintf("md-%d", i), FailureDomain: domain, Replicas: share}
		if i < rest {
			group.Replicas++
		}
		groups = append(groups, group)
	}
	return groups
}

// SplitDisk reads "storageclass:size", or "size:storageclass" as the field writes it: the half that is a size is the size.
// Where both are, the one with a unit is, and else the second.
func SplitDisk(disk string) (storageClass, size string) {
	first, second, _ := strings.Cut(disk, ":")
	isSize, isToo := quantityPattern.MatchString(first), quantityPattern.MatchString(second)
	if isSize && (!isToo || hasUnit(first) && !hasUnit(second)) {
		return second, first
	}
	return first, second
}

func hasUnit(size string) bool { return strings.TrimRight(size, "kKMGTPEi") != size }

func extraDisks(disks []string) string {
	for _, disk := range disks {
		storageClass, size := SplitDisk(disk)
		if objectName(storageClass) != "" || diskSize(size) != "" {
			return fmt.Sprintf("%q is not of the form storageclass:size or size:storageclass, such as harvester-longhorn:100Gi", disk)
		}
	}
	return ""
}

func failureDomain(value string) string {
	if value == "" || strings.TrimSpace(value) != value {
		return fmt.Sprintf("%q is not a failure domain: kubectl get harvestercluster -o yaml lists them in status.failureDomains", value)
	}
	return ""
}

// ownLabels are set by other flags, or by the program itself.
var ownLabels = map[string]string{
	"ccm":                           "it is what the addon of the cloud provider goes by",
	"csi":                           "it is what the addon of the storage driver goes by",
	"cni":                           "it is what the addon of the pod network goes by",
	"cloud-config":                  "it is what the credentials of the cloud provider go by",
	"cluster.x-k8s.io/cluster-name": "Cluster API goes by it",
	"cluster-api.cattle.io/rancher-auto-import": "use --rancher-auto-import",
}

func clusterLabels(s Settings) string {
	var keys []string
	for _, pair := range s.Labels {
		key, value, found := strings.Cut(pair, "=")
		if !found || len(validation.IsQualifiedName(key)) > 0 || len(validation.IsValidLabelValue(value)) > 0 {
			return fmt.Sprintf("%q is not a label of the form key=value", pair)
		}
		if why, own := ownLabels[key]; own {
			return fmt.Sprintf("%q cannot be set: %s", key, why)
		}
		if slices.Contains(keys, key) {
			return fmt.Sprintf("sets %q twice: leave one out", key)
		}
		keys = append(keys, key)
	}
	return ""
}
