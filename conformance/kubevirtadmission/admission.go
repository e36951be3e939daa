package kubevirtadmission

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	jsonpatch "github.com/evanphx/json-patch"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"kubevirt.io/kubevirt/pkg/virt-api/webhooks"
	"kubevirt.io/kubevirt/pkg/virt-api/webhooks/mutating-webhook/mutators"
	"kubevirt.io/kubevirt/pkg/virt-api/webhooks/validating-webhook/admitters"
)

// ErrDenied is matched by the error of a machine that KubeVirt refuses; the error says why, in KubeVirt's words.
var ErrDenied = errors.New("KubeVirt denied the request")

var (
	vmResource  = webhooks.VirtualMachineGroupVersionResource
	vmiResource = webhooks.VirtualMachineInstanceGroupVersionResource
)

// Admission is KubeVirt's admission. It is safe for concurrent use.
type Admission struct {
	mutateVM    *mutators.VMsMutator
	mutateVMI   *mutators.VMIsMutator
	validateVM  *admitters.VMsAdmitter
	validateVMI *admitters.VMICreateAdmitter
}

// New makes one that is configured as KubeVirt is on Harvester v1.8.0.
func New() (*Admission, error) {
	config, err := clusterConfig()
	if err != nil {
		return nil, err
	}
	client, err := unreachable()
	if err != nil {
		return nil, err
	}
	accounts := webhooks.KubeVirtServiceAccounts(kubevirtNamespace)
	informers := &webhooks.Informers{}
	informers.VMIPresetInformer = still(&kubevirtv1.VirtualMachineInstancePreset{})

	return &Admission{
		mutateVM:    mutators.NewVMsMutator(config, client),
		mutateVMI:   &mutators.VMIsMutator{ClusterConfig: config, VMIPresetInformer: informers.VMIPresetInformer, KubeVirtServiceAccounts: accounts},
		validateVM:  admitters.NewVMsAdmitter(config, client, informers, accounts),
		validateVMI: &admitters.VMICreateAdmitter{ClusterConfig: config, KubeVirtServiceAccounts: accounts},
	}, nil
}

// Create asks what becomes of a new machine, given as JSON: first of the machine, then of the instance that KubeVirt's
// controller makes of its template, each defaulted and then validated as the webhooks of virt-api would. It returns the
// defaulted machine. An error that matches ErrDenied is KubeVirt's refusal; any other is the package's own failure.
func (a *Admission) Create(ctx context.Context, vm []byte) ([]byte, error) {
	defaulted, err := patched(vm, a.mutateVM.Mutate(review(vmResource, admissionv1.Create, nil, vm)))
	if err != nil {
		return nil, fmt.Errorf("default the virtual machine: %w", err)
	}
	if err := verdict(a.validateVM.Admit(ctx, review(vmResource, admissionv1.Create, nil, defaulted))); err != nil {
		return nil, fmt.Errorf("virtual machine: %w", err)
	}
	if err := a.instance(ctx, defaulted); err != nil {
		return nil, fmt.Errorf("its instance: %w", err)
	}

	return defaulted, nil
}

// Update asks what becomes of a change to a machine.
func (a *Admission) Update(ctx context.Context, old, vm []byte) ([]byte, error) {
	defaulted, err := patched(vm, a.mutateVM.Mutate(review(vmResource, admissionv1.Update, old, vm)))
	if err != nil {
		return nil, fmt.Errorf("default the virtual machine: %w", err)
	}
	if err := verdict(a.validateVM.Admit(ctx, review(vmResource, admissionv1.Update, old, defaulted))); err != nil {
		return nil, fmt.Errorf("virtual machine: %w", err)
	}

	return defaulted, nil
}

// instance validates the instance that a machine is started as.
func (a *Admission) instance(ctx context.Context, vm []byte) error {
	machine := &kubevirtv1.VirtualMachine{}
	if err := json.Unmarshal(vm, machine); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	raw, err := json.Marshal(instanceOf(machine))
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	defaulted, err := patched(raw, a.mutateVMI.Mutate(review(vmiResource, admissionv1.Create, nil, raw)))
	if err != nil {
		return err
	}

	return verdict(a.validateVMI.Admit(ctx, review(vmiResource, admissionv1.Create, nil, defaulted)))
}

// instanceOf is what virt-controller creates to run a machine: name and namespace of the machine, the rest of its template.
func instanceOf(vm *kubevirtv1.VirtualMachine) *kubevirtv1.VirtualMachineInstance {
	vmi := kubevirtv1.NewVMIReferenceFromNameWithNS(vm.Namespace, vm.Name)
	vmi.TypeMeta = metav1.TypeMeta{APIVersion: kubevirtv1.GroupVersion.String(), Kind: "VirtualMachineInstance"}
	vmi.ObjectMeta = *vm.Spec.Template.ObjectMeta.DeepCopy()
	vmi.Namespace, vmi.Name = vm.Namespace, vm.Name
	vmi.Spec = *vm.Spec.Template.Spec.DeepCopy()

	return vmi
}

func review(resource metav1.GroupVersionResource, operation admissionv1.Operation, old, object []byte) *admissionv1.AdmissionReview {
	return &admissionv1.AdmissionReview{Request: &admissionv1.AdmissionRequest{
		UID: types.UID("conformance"), Resource: resource, Operation: operation,
		Object: runtime.RawExtension{Raw: object}, OldObject: runtime.RawExtension{Raw: old},
	}}
}

// patched applies what a mutator answers.
func patched(object []byte, response *admissionv1.AdmissionResponse) ([]byte, error) {
	if err := verdict(response); err != nil {
		return nil, err
	}
	if len(response.Patch) == 0 {
		return object, nil
	}
	patch, err := jsonpatch.DecodePatch(response.Patch)
	if err != nil {
		return nil, fmt.Errorf("decode patch: %w", err)
	}
	object, err = withStatus(object)
	if err != nil {
		return nil, err
	}
	changed, err := patch.Apply(object)
	if err != nil {
		return nil, fmt.Errorf("apply patch: %w", err)
	}

	return changed, nil
}

// withStatus adds an empty status where there is none: KubeVirt's patches replace it, as typed clients always send it.
func withStatus(object []byte) ([]byte, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(object, &fields); err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	if _, ok := fields["status"]; !ok {
		fields["status"] = json.RawMessage("{}")
	}

	return json.Marshal(fields)
}

// verdict turns a refusal into an error.
func verdict(response *admissionv1.AdmissionResponse) error {
	switch {
	case response.Allowed:
		return nil
	case response.Result == nil:
		return ErrDenied
	default:
		return fmt.Errorf("%w: %s", ErrDenied, response.Result.Message)
	}
}
