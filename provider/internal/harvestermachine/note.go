package harvestermachine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/write"
)

// claimsAnnotation lists, on the cloud-init Secret of a VM that is being deleted, the claims of the VM that cannot be known
// by their name and our labels together: those of a VM that v0.2.x created, and those that CDI makes, to whose DataVolume
// Harvester gives no labels (createDataVolume, v1.8.0). It is written before the VM is deleted, as no one knows them
// afterwards.
//
// The note is on Harvester and not on the HarvesterMachine, because users of the management cluster may write the
// latter's annotations: they could have any volume deleted by naming it.
const claimsAnnotation = "infrastructure.cluster.x-k8s.io/volume-claims"

// note is what claimsAnnotation holds: the UID of the VM and the names of its claims.
type note struct {
	vm     string
	claims []string
}

// String is the form of the annotation: the UID, a space, and the names with commas between them.
func (n note) String() string { return n.vm + " " + strings.Join(n.claims, ",") }

// parseNote reads what String wrote. Anything else gives the zero note.
func parseNote(text string) note {
	vm, claims, found := strings.Cut(text, " ")
	if !found || vm == "" {
		return note{}
	}
	return note{vm: vm, claims: strings.FieldsFunc(claims, func(c rune) bool { return c == ',' })}
}

// claimsOf are the claims of the note, if it is about the machine's VM. A machine whose VM's UID is not known yet has had
// one VM only.
func (n note) claimsOf(vmUID string) []string {
	if n.vm == "" || (vmUID != "" && n.vm != vmUID) {
		return nil
	}
	return n.claims
}

// unknownClaims are the claims that have to go with the VM and that no one would know afterwards.
func unknownClaims(ctx context.Context, s *scope) []string {
	derived := derivedClaims(s)
	return slices.DeleteFunc(harvesterclient.RemovedDisks(s.vm), func(name string) bool {
		return slices.Contains(derived, name) && cachedAsOurs(ctx, s, name)
	})
}

// noteClaims stores the note, if there is anything to note. The Secret is created where the VM has none, or where it is
// gone; it goes with the machine. One that is someone else's is left alone, and the claims are left to Harvester, which
// deletes them with the VM.
func noteClaims(ctx context.Context, s *scope) error {
	claims := unknownClaims(ctx, s)
	if len(claims) == 0 {
		return nil
	}
	text := note{vm: string(s.vm.UID), claims: claims}.String()
	secret, err := readCloudInitSecret(ctx, s)
	switch {
	case err != nil:
		return err
	case secret == nil:
		key := cloudInitKey(s)
		return phase.Wrap(s.harvester.Client().Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{
			Namespace: key.Namespace, Name: key.Name, Labels: names.MachineLabels(s.identity()),
			Annotations: map[string]string{claimsAnnotation: text},
		}}), "create Secret %s", key)
	case !ownedByMachine(s, secret.Labels) || secret.Annotations[claimsAnnotation] == text:
		return nil
	}
	base := write.IfUnchanged(secret)
	secret.Annotations = names.Merged(secret.Annotations, map[string]string{claimsAnnotation: text})
	return phase.Wrap(s.harvester.Client().Patch(ctx, secret, base), "note the volumes on Secret %s", client.ObjectKeyFromObject(secret))
}

// notedClaims reads the note back.
func notedClaims(ctx context.Context, s *scope) ([]string, error) {
	secret, err := readCloudInitSecret(ctx, s)
	if err != nil || secret == nil || !ownedByMachine(s, secret.Labels) {
		return nil, err
	}
	return parseNote(secret.Annotations[claimsAnnotation]).claimsOf(names.VMUID(s.machine.Spec.ProviderID)), nil
}

func cloudInitKey(s *scope) types.NamespacedName {
	return types.NamespacedName{Namespace: s.targetNamespace(), Name: names.CloudInitSecret(s.vmName)}
}

// readCloudInitSecret reads the Secret of the VM's name; nil when it does not exist.
func readCloudInitSecret(ctx context.Context, s *scope) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	err := s.harvester.Client().Get(ctx, cloudInitKey(s), secret)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read Secret %s: %w", cloudInitKey(s), err)
	}
	return secret, nil
}

// usedBy tells what a VM uses, by the names in its namespace.
type usedBy struct {
	claims  []string
	secrets []string
}

// useOf lists the claims and Secrets of a VM: those in its template, hotplugged ones too, and the claims that Harvester is
// to make for it. A nil VM uses nothing. Pure.
func useOf(vm *kubevirtv1.VirtualMachine) usedBy {
	var use usedBy
	if vm == nil {
		return use
	}
	use.claims = harvesterclient.RemovedDisks(vm)
	if vm.Spec.Template == nil {
		return use
	}
	for _, volume := range vm.Spec.Template.Spec.Volumes {
		switch {
		case volume.PersistentVolumeClaim != nil:
			use.claims = append(use.claims, volume.PersistentVolumeClaim.ClaimName)
		case volume.DataVolume != nil:
			use.claims = append(use.claims, volume.DataVolume.Name)
		case volume.Secret != nil:
			use.secrets = append(use.secrets, volume.Secret.SecretName)
		case volume.CloudInitNoCloud != nil:
			use.secrets = append(use.secrets, referred(volume.CloudInitNoCloud.UserDataSecretRef, volume.CloudInitNoCloud.NetworkDataSecretRef)...)
		case volume.CloudInitConfigDrive != nil:
			use.secrets = append(use.secrets, referred(volume.CloudInitConfigDrive.UserDataSecretRef, volume.CloudInitConfigDrive.NetworkDataSecretRef)...)
		}
	}
	return use
}

func referred(references ...*corev1.LocalObjectReference) []string {
	var result []string
	for _, reference := range references {
		if reference != nil {
			result = append(result, reference.Name)
		}
	}
	return result
}
