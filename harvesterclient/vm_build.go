package harvesterclient

import (
	"encoding/json"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// BuildVM turns a description into the object to create on Harvester. It is pure: equal
// descriptions give equal objects, byte for byte when encoded, and nothing in the result shares memory
// with the description. An error wraps ErrInvalid and names the field.
//
// The object is for creation only. Afterwards Harvester and its storage driver write into its spec (MAC
// addresses, requests, hot-plugged disks), so later changes must be patches of single fields.
//
// Harvester computes resources.requests itself, so only limits are set. The machine restarts after a crash
// but stays down when its guest shuts down (RerunOnFailure), and moves to another host when its own
// is drained if it can (LiveMigrateIfPossible: anything stricter blocks Harvester's upgrades).
func BuildVM(vm VM) (*kubevirtv1.VirtualMachine, error) {
	if err := vm.validate(); err != nil {
		return nil, err
	}
	annotations, err := vm.annotations()
	if err != nil {
		return nil, err
	}
	template, err := vm.template()
	if err != nil {
		return nil, err
	}
	runStrategy := kubevirtv1.RunStrategyRerunOnFailure

	return &kubevirtv1.VirtualMachine{
		TypeMeta: metav1.TypeMeta{APIVersion: kubevirtv1.GroupVersion.String(), Kind: "VirtualMachine"},
		ObjectMeta: metav1.ObjectMeta{
			Namespace:   vm.Namespace,
			Name:        vm.Name,
			Labels:      vm.labels(),
			Annotations: annotations,
		},
		Spec: kubevirtv1.VirtualMachineSpec{RunStrategy: &runStrategy, Template: template},
	}, nil
}

// labels returns a new map each time: the machine and its template must not share one.
func (vm *VM) labels() map[string]string {
	labels := make(map[string]string, len(vm.Labels)+1)
	maps.Copy(labels, vm.Labels)
	labels[LabelVMName] = vm.Name

	return labels
}

func (vm *VM) annotations() (map[string]string, error) {
	claims, err := vm.claimTemplates()
	if err != nil {
		return nil, err
	}
	annotations := make(map[string]string, len(vm.Annotations)+1)
	maps.Copy(annotations, vm.Annotations)
	annotations[AnnotationVolumeClaimTemplates] = claims

	return annotations, nil
}

func (vm *VM) template() (*kubevirtv1.VirtualMachineInstanceTemplateSpec, error) {
	sshNames, err := json.Marshal(append([]string{}, vm.SSHKeyNames...))
	if err != nil {
		return nil, fmt.Errorf("encode key pair names: %w", err)
	}
	evictionStrategy := kubevirtv1.EvictionStrategyLiveMigrateIfPossible

	return &kubevirtv1.VirtualMachineInstanceTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{
			Labels:      vm.labels(),
			Annotations: map[string]string{AnnotationSSHNames: string(sshNames)},
		},
		Spec: kubevirtv1.VirtualMachineInstanceSpec{
			Hostname:         vm.Name,
			EvictionStrategy: &evictionStrategy,
			Affinity:         vm.affinity(),
			Domain:           vm.domain(),
			Networks:         vm.networks(),
			Volumes:          vm.volumes(),
		},
	}, nil
}

func (vm *VM) affinity() *corev1.Affinity {
	if vm.NodeAffinity == nil && vm.PodAffinity == nil && vm.PodAntiAffinity == nil {
		return nil
	}

	return &corev1.Affinity{
		NodeAffinity:    vm.NodeAffinity.DeepCopy(),
		PodAffinity:     vm.PodAffinity.DeepCopy(),
		PodAntiAffinity: vm.PodAntiAffinity.DeepCopy(),
	}
}

func (vm *VM) domain() kubevirtv1.DomainSpec {
	// Harvester 1.7 and later wants guest memory or a memory limit, and trips over a memory without guest;
	// it then overwrites the guest's share with its own computation.
	guest := vm.Memory.DeepCopy()

	return kubevirtv1.DomainSpec{
		CPU:    &kubevirtv1.CPU{Cores: vm.CPU, Sockets: 1, Threads: 1, Model: vm.CPUModel},
		Memory: &kubevirtv1.Memory{Guest: &guest},
		Resources: kubevirtv1.ResourceRequirements{
			Limits: corev1.ResourceList{
				corev1.ResourceCPU:    *resource.NewQuantity(int64(vm.CPU), resource.DecimalSI),
				corev1.ResourceMemory: vm.Memory.DeepCopy(),
			},
		},
		Features: vm.features(),
		Firmware: vm.firmware(),
		Devices: kubevirtv1.Devices{
			Disks:       vm.disks(),
			Interfaces:  vm.interfaces(),
			TPM:         vm.tpm(),
			HostDevices: vm.hostDevices(),
		},
	}
}
