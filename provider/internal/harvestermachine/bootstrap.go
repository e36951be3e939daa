package harvestermachine

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/cloudinit"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

const (
	// bootstrapKey is where a bootstrap provider puts its data (Cluster API's bootstrap contract).
	bootstrapKey = "value"
	// userDataKey and networkDataKey are where KubeVirt looks in a cloud-init Secret.
	userDataKey    = "userdata"
	networkDataKey = "networkdata"
)

// bootstrap stores what the guest reads at its first boot on Harvester, before there is a VM to read it. Once the VM
// exists the Secret stays as it is: it is read again at every start of the VM.
func (r *Reconciler) bootstrap(ctx context.Context, s *scope) phase.Outcome {
	if s.vm != nil {
		return phase.Done(infrav1.BootstrapStoredReason, "")
	}
	if s.owner.Spec.Bootstrap.DataSecretName == nil {
		return phase.Wait(infrav1.WaitingForBootstrapDataReason,
			fmt.Sprintf("Waits for the bootstrap provider to write the data of Machine %s", s.owner.Name))
	}
	data, err := r.bootstrapData(ctx, s)
	if err != nil {
		return phase.Fail(err, infrav1.BootstrapDataInvalidReason)
	}
	secret, err := cloudInitSecret(s, data)
	if err != nil {
		return phase.Fail(phase.Because(infrav1.BootstrapDataInvalidReason, err), infrav1.BootstrapDataInvalidReason)
	}
	if err := ensureSecret(ctx, s, secret); err != nil {
		return phase.Fail(err, infrav1.BootstrapStoreFailedReason)
	}
	return phase.Done(infrav1.BootstrapStoredReason, "")
}

// bootstrapData reads the bootstrap provider's Secret, live: Secrets are not cached.
func (r *Reconciler) bootstrapData(ctx context.Context, s *scope) ([]byte, error) {
	key := types.NamespacedName{Namespace: s.machine.Namespace, Name: *s.owner.Spec.Bootstrap.DataSecretName}
	secret := &corev1.Secret{}
	if err := r.Secrets.Get(ctx, key, secret); err != nil {
		return nil, fmt.Errorf("read bootstrap data: %w", err)
	}
	data, found := secret.Data[bootstrapKey]
	if !found {
		return nil, fmt.Errorf("bootstrap Secret %s has no key %q", key, bootstrapKey)
	}
	return data, nil
}

// cloudInitSecret renders the Secret. It is pure, and its errors never quote the bootstrap data.
func cloudInitSecret(s *scope, data []byte) (*corev1.Secret, error) {
	static, err := staticCards(s)
	if err != nil {
		return nil, err
	}
	needs := guestOf(s.machine.Spec.Guest, bootImage(s.machine.Spec.Volumes, s.references.images))
	network, err := layout{
		macs: macAddresses(s), choices: choicesOf(&s.machine.Spec), static: static, version: needs.version,
		settings: settingsFor(s.infraCluster.Spec.VMNetworkConfig, s.machine.Spec.VMNetworkConfig),
	}.network()
	if err != nil {
		return nil, err
	}
	config, network, err := cloudinit.ApplyQuirks(cloudinit.Config{
		Hostname:          s.vmName,
		User:              s.machine.Spec.SSHUser,
		SSHAuthorizedKeys: []string{s.references.keyPair.PublicKey},
		InstallGuestAgent: needs.installAgent,
		StartGuestAgent:   true,
		ManageEtcHosts:    true,
	}, network, needs.quirks...)
	if err != nil {
		return nil, fmt.Errorf("apply the guest's quirks: %w", err)
	}
	userData, err := cloudinit.RenderUserData(config, data)
	if err != nil {
		return nil, fmt.Errorf("render user data: %w", err)
	}
	networkData, err := cloudinit.RenderNetworkData(network, needs.version)
	if err != nil {
		return nil, fmt.Errorf("render network data: %w", err)
	}
	if err := cloudinit.CheckSecretSize(userData, networkData); err != nil {
		return nil, fmt.Errorf("store user data and network data together: %w", err)
	}
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.targetNamespace(), Name: names.CloudInitSecret(s.vmName), Labels: names.MachineLabels(s.identity()),
		},
		Data: map[string][]byte{userDataKey: userData, networkDataKey: networkData},
	}, nil
}

// macAddresses are those of the VM's network cards. They follow from the UID, so that the guest's network data and the
// VM agree although they are written one after the other, and no two machines ever share one.
func macAddresses(s *scope) []net.HardwareAddr {
	macs := make([]net.HardwareAddr, len(s.machine.Spec.Networks))
	for i := range macs {
		macs[i] = cloudinit.MACFor(string(s.machine.UID), names.NIC(i))
	}
	return macs
}

// ensureSecret creates the Secret, or brings the one that an interrupted attempt left up to date. A Secret of that name
// that is not this machine's is left alone.
func ensureSecret(ctx context.Context, s *scope, wanted *corev1.Secret) error {
	harvester := s.harvester.Client()
	s.made = true
	err := harvester.Create(ctx, wanted.DeepCopy())
	if !apierrors.IsAlreadyExists(err) {
		return phase.Wrap(err, "create Secret %s/%s", wanted.Namespace, wanted.Name)
	}
	existing := &corev1.Secret{}
	if err := harvester.Get(ctx, types.NamespacedName{Namespace: wanted.Namespace, Name: wanted.Name}, existing); err != nil {
		return phase.Wrap(err, "read Secret %s/%s", wanted.Namespace, wanted.Name)
	}
	if !ownedByMachine(s, existing.Labels) {
		return fmt.Errorf("%w: Secret %s/%s exists and is not this machine's; delete or rename it", phase.ErrForeign, wanted.Namespace, wanted.Name)
	}
	if maps.EqualFunc(existing.Data, wanted.Data, bytes.Equal) {
		return nil
	}
	existing.Data = wanted.Data
	return phase.Wrap(harvester.Update(ctx, existing), "update Secret %s/%s", wanted.Namespace, wanted.Name)
}
