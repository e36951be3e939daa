package harvestermachine

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	ipamv1 "sigs.k8s.io/cluster-api/api/ipam/v1beta2"
	"sigs.k8s.io/cluster-api/util/conditions"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

// claim makes sure that there is an IPAddressClaim for every address that comes from a pool in the management cluster, and
// reads what the claims were given. What they wait for is told in one condition; their progress is watched.
func (r *Reconciler) claim(ctx context.Context, s *scope, cards []card) phase.Outcome {
	var waits []string
	s.claims = map[int][]claimedAddress{}
	for _, c := range cards {
		for i, pool := range c.claimed {
			given, wait, err := r.ensureClaim(ctx, s, names.AddressClaim(s.machine.Name, c.index, i), pool)
			switch {
			case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err):
				return phase.Again()
			case err != nil:
				return phase.Fail(err, infrav1.AddressAllocationFailedReason)
			case wait != "":
				waits = append(waits, wait)
			default:
				s.claims[c.index] = append(s.claims[c.index], given)
			}
		}
	}
	if len(waits) > 0 {
		return phase.Wait(infrav1.WaitingForAddressClaimReason, "Waits for "+strings.Join(waits, "; "))
	}
	if change := changedUnderVM(s); change != "" {
		return phase.Wait(infrav1.AddressAllocationFailedReason, change)
	}
	return phase.Unchanged()
}

// changedUnderVM says which address is another one than the VM was made with. A guest reads its addresses once.
func changedUnderVM(s *scope) string {
	if s.vm == nil {
		return ""
	}
	for _, held := range s.machine.Status.AllocatedAddresses {
		for _, given := range s.claims[int(ptr.Deref(held.Index, 0))] {
			if given.claim == held.ClaimRef && given.prefix.Addr().String() != held.Address {
				return fmt.Sprintf("IPAddressClaim %s was given %s, but VM %s uses %s; delete the Machine to get a new one",
					given.claim, given.prefix.Addr(), s.vmKey(), held.Address)
			}
		}
	}
	return ""
}

// ensureClaim makes one claim, or finds the one that an earlier attempt made, and reads its address. What the claim waits
// for is returned in words.
func (r *Reconciler) ensureClaim(ctx context.Context, s *scope, name string, pool ipamv1.IPPoolReference) (claimedAddress, string, error) {
	what := fmt.Sprintf("IPAddressClaim %s from %s %s", name, pool.Kind, pool.Name)
	claim, err := r.findClaim(ctx, s, name, pool)
	switch {
	case err != nil:
		return claimedAddress{}, "", err
	case claim == nil && s.vm != nil:
		return claimedAddress{}, what + fmt.Sprintf(", which is gone although VM %s uses its address; restore it, or delete the Machine to get a new one", s.vmKey()), nil
	case claim == nil:
		claim = newClaim(s, name, pool)
		if err := r.createClaim(ctx, s, claim); err != nil {
			return claimedAddress{}, "", err
		}
	}
	switch {
	case !claim.DeletionTimestamp.IsZero() && s.vm == nil:
		return claimedAddress{}, what + " to be gone, as it is being deleted", r.unprotectClaim(ctx, claim)
	case claim.Status.AddressRef.Name == "" && s.vm == nil:
		return claimedAddress{}, what + reasonOf(claim), nil
	}
	address := &ipamv1.IPAddress{}
	err = r.readEither(ctx, client.ObjectKey{Namespace: claim.Namespace, Name: addressName(claim)}, address)
	if apierrors.IsNotFound(err) {
		return claimedAddress{}, what + ": its IPAddress is not there", nil
	}
	if err != nil {
		return claimedAddress{}, "", fmt.Errorf("read IPAddress %s: %w", addressName(claim), err)
	}
	read, err := readAddress(claim, address)
	if err != nil {
		return claimedAddress{}, "", err
	}
	return read, "", r.protect(ctx, address)
}

// addressName names the IPAddress of a claim. A restored claim has lost its status; by the contract its IPAddress has its
// name.
func addressName(claim *ipamv1.IPAddressClaim) string {
	if claim.Status.AddressRef.Name != "" {
		return claim.Status.AddressRef.Name
	}
	return claim.Name
}

// reasonOf is what the IPAM provider says about a claim without an address.
func reasonOf(claim *ipamv1.IPAddressClaim) string {
	ready := conditions.Get(claim, ipamv1.IPAddressClaimReadyCondition)
	if ready == nil || ready.Status == metav1.ConditionTrue {
		return ""
	}
	return strings.TrimSuffix(": "+ready.Reason+": "+ready.Message, ": ")
}

func readAddress(claim *ipamv1.IPAddressClaim, address *ipamv1.IPAddress) (claimedAddress, error) {
	if address.Spec.ClaimRef.Name != claim.Name {
		return claimedAddress{}, fmt.Errorf("IPAddress %s is for IPAddressClaim %s, not for %s", address.Name, address.Spec.ClaimRef.Name, claim.Name)
	}
	addr, err := netip.ParseAddr(address.Spec.Address)
	if err != nil {
		return claimedAddress{}, fmt.Errorf("IPAddress %s: %q is no IP address", address.Name, address.Spec.Address)
	}
	prefix := netip.PrefixFrom(addr, int(ptr.Deref(address.Spec.Prefix, -1)))
	if !prefix.IsValid() {
		return claimedAddress{}, fmt.Errorf("IPAddress %s: prefix %d does not fit %s", address.Name, ptr.Deref(address.Spec.Prefix, -1), addr)
	}
	given := claimedAddress{claim: claim.Name, pool: claim.Spec.PoolRef.Name, prefix: prefix}
	if address.Spec.Gateway == "" {
		return given, nil
	}
	if given.gateway, err = netip.ParseAddr(address.Spec.Gateway); err != nil {
		return claimedAddress{}, fmt.Errorf("IPAddress %s: gateway %q is no IP address", address.Name, address.Spec.Gateway)
	}
	return given, nil
}

// findClaim returns the machine's claim of that name, or nil if there is none. A claim that is somebody else's, or for
// another pool, is an error.
func (r *Reconciler) findClaim(ctx context.Context, s *scope, name string, pool ipamv1.IPPoolReference) (*ipamv1.IPAddressClaim, error) {
	claim := &ipamv1.IPAddressClaim{}
	key := client.ObjectKey{Namespace: s.machine.Namespace, Name: name}
	err := r.readEither(ctx, key, claim)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read IPAddressClaim %s: %w", key, err)
	case claim.Spec.PoolRef != pool:
		return nil, fmt.Errorf("%w: IPAddressClaim %s is for %s %s, and the spec names %s %s; delete the Machine to get a new one",
			phase.ErrForeign, key, claim.Spec.PoolRef.Kind, claim.Spec.PoolRef.Name, pool.Kind, pool.Name)
	}
	return claim, r.adoptClaim(ctx, s, claim)
}

func (r *Reconciler) createClaim(ctx context.Context, s *scope, claim *ipamv1.IPAddressClaim) error {
	s.made = true
	if err := r.Client.Create(ctx, claim); err != nil {
		return fmt.Errorf("make IPAddressClaim %s: %w", client.ObjectKeyFromObject(claim), err)
	}
	r.eventAbout(ctx, s, claim, infrav1.AddressClaimedEvent, "Claim",
		"Made IPAddressClaim %s for an address from %s %s", claim.Name, claim.Spec.PoolRef.Kind, claim.Spec.PoolRef.Name)
	return nil
}

func newClaim(s *scope, name string, pool ipamv1.IPPoolReference) *ipamv1.IPAddressClaim {
	claim := &ipamv1.IPAddressClaim{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.machine.Namespace, Name: name, Finalizers: []string{infrav1.AddressInUseFinalizer},
			Labels:          map[string]string{clusterv1.ClusterNameLabel: s.clusterName()},
			OwnerReferences: []metav1.OwnerReference{machineReference(s)},
		},
		Spec: ipamv1.IPAddressClaimSpec{ClusterName: s.clusterName(), PoolRef: pool},
	}
	if filter, filtered := s.machine.Labels[clusterv1.WatchLabel]; filtered {
		claim.Labels[clusterv1.WatchLabel] = filter
	}
	return claim
}

func machineReference(s *scope) metav1.OwnerReference {
	return *metav1.NewControllerRef(s.machine, infrav1.GroupVersion.WithKind("HarvesterMachine"))
}

// adoptClaim puts right the owner reference of a claim that was restored together with its machine, and the finalizer.
func (r *Reconciler) adoptClaim(ctx context.Context, s *scope, claim *ipamv1.IPAddressClaim) error {
	if !ownsClaim(s.machine, claim) {
		return fmt.Errorf("%w: IPAddressClaim %s exists and is not this machine's; delete it", phase.ErrForeign, client.ObjectKeyFromObject(claim))
	}
	if !claim.DeletionTimestamp.IsZero() || (metav1.IsControlledBy(claim, s.machine) && controllerutil.ContainsFinalizer(claim, infrav1.AddressInUseFinalizer)) {
		return nil
	}
	base := client.MergeFromWithOptions(claim.DeepCopy(), client.MergeFromWithOptimisticLock{})
	claim.OwnerReferences = slices.DeleteFunc(claim.OwnerReferences, func(owner metav1.OwnerReference) bool { return ptr.Deref(owner.Controller, false) })
	claim.OwnerReferences = append(claim.OwnerReferences, machineReference(s))
	controllerutil.AddFinalizer(claim, infrav1.AddressInUseFinalizer)
	return phase.Wrap(r.Client.Patch(ctx, claim, base), "adopt IPAddressClaim %s", client.ObjectKeyFromObject(claim))
}

// ownsClaim tells whether a claim is the machine's. It goes by the name, as UIDs change when a backup is restored.
func ownsClaim(machine *infrav1.HarvesterMachine, claim *ipamv1.IPAddressClaim) bool {
	return claimOwner(claim) == machine.Name
}

// claimOwner names the machine that a claim is for; empty if it is for none. A backup may be restored without owner
// references: then our finalizer tells that the claim is ours, and its name whose it is.
func claimOwner(claim client.Object) string {
	owner := metav1.GetControllerOf(claim)
	switch {
	case owner != nil && owner.Kind == "HarvesterMachine":
		return owner.Name
	case owner == nil && controllerutil.ContainsFinalizer(claim, infrav1.AddressInUseFinalizer):
		return names.MachineOfAddressClaim(claim.GetName())
	default:
		return ""
	}
}

// readEither reads from the cache, and live where the cache does not have it yet.
func (r *Reconciler) readEither(ctx context.Context, key client.ObjectKey, object client.Object) error {
	err := r.Client.Get(ctx, key, object)
	if apierrors.IsNotFound(err) {
		return r.Secrets.Get(ctx, key, object)
	}
	return err
}

// protect keeps an address until the VM is gone: a provider gives an address to others as soon as the object is gone.
func (r *Reconciler) protect(ctx context.Context, address *ipamv1.IPAddress) error {
	if !address.DeletionTimestamp.IsZero() || controllerutil.ContainsFinalizer(address, infrav1.AddressInUseFinalizer) {
		return nil
	}
	base := client.MergeFromWithOptions(address.DeepCopy(), client.MergeFromWithOptimisticLock{})
	controllerutil.AddFinalizer(address, infrav1.AddressInUseFinalizer)
	return phase.Wrap(r.Client.Patch(ctx, address, base), "protect IPAddress %s", client.ObjectKeyFromObject(address))
}
