package phase

import (
	"errors"
	"fmt"
	"time"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/cloudinit"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/etcdops"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
)

// Retry says how a reconcile goes on after an error.
type Retry string

const (
	// RetryBackoff tries again at once and then ever more slowly: the cause is expected to pass.
	RetryBackoff Retry = "Backoff"
	// RetryAtOnce tries again in a moment and says nothing about it: somebody else wrote first, as happens all the time.
	RetryAtOnce Retry = "AtOnce"
	// RetryLater tries again after a fixed time: a person has to mend something on Harvester that sends no event.
	RetryLater Retry = "Later"
	// RetryOnEvent does not try again by itself: what mends the cause is watched.
	RetryOnEvent Retry = "OnEvent"
)

const (
	// laterDelay is how long RetryLater waits.
	laterDelay = 30 * time.Second
	// momentDelay is how long RetryAtOnce waits.
	momentDelay = 200 * time.Millisecond
)

// ErrIdentitySecretNotFound says that the Secret with Harvester's kubeconfig does not exist, or lacks its key.
var ErrIdentitySecretNotFound = errors.New("identity Secret not found")

// ErrIdentityNotAllowed says that the Secret with Harvester's kubeconfig is in another namespace than the cluster, and
// that its annotation does not allow that namespace.
var ErrIdentityNotAllowed = errors.New("identity Secret does not allow this namespace")

// ErrOtherHarvester says that the identity Secret leads to another Harvester than the one that the cluster's machines were
// made on. Nothing is made, changed or deleted there.
var ErrOtherHarvester = errors.New("another Harvester answers")

// ErrForeign says that something on Harvester has the name of one of our objects but belongs to something else. It is
// neither used nor changed nor deleted.
var ErrForeign = errors.New("name is taken")

// Rule says what one kind of error means.
type Rule struct {
	// Name of the error, as a reader of the code would write it.
	Name string
	// Err is tested for with errors.Is.
	Err error
	// Reason of the condition. Empty leaves it to the phase that failed.
	Reason string
	// Always makes Reason win over what a phase said about the error: the cause lies with the connection.
	Always bool
	// Retry is how to go on.
	Retry Retry
}

// Rules is the table of all typed errors. The first rule that fits holds: connection problems come first, because any
// phase may meet them, and a summary error of ipam wraps the reasons of several pools.
var Rules = []Rule{
	{Name: "phase.ErrIdentitySecretNotFound", Err: ErrIdentitySecretNotFound, Reason: infrav1.IdentitySecretNotFoundReason, Always: true, Retry: RetryOnEvent},
	{Name: "phase.ErrIdentityNotAllowed", Err: ErrIdentityNotAllowed, Reason: infrav1.IdentityNotAllowedReason, Always: true, Retry: RetryOnEvent},
	{Name: "phase.ErrOtherHarvester", Err: ErrOtherHarvester, Reason: infrav1.HarvesterMismatchReason, Always: true, Retry: RetryOnEvent},
	{Name: "harvesterclient.ErrInvalidKubeconfig", Err: harvesterclient.ErrInvalidKubeconfig, Reason: infrav1.IdentitySecretInvalidReason, Always: true, Retry: RetryOnEvent},
	{Name: "harvesterclient.ErrUnauthorized", Err: harvesterclient.ErrUnauthorized, Reason: infrav1.CredentialsRejectedReason, Always: true, Retry: RetryLater},
	{Name: "harvesterclient.ErrTransient", Err: harvesterclient.ErrTransient, Reason: infrav1.HarvesterUnreachableReason, Always: true, Retry: RetryBackoff},

	{Name: "phase.ErrForeign", Err: ErrForeign, Retry: RetryLater},

	{Name: "ipam.ErrExhausted", Err: ipam.ErrExhausted, Reason: infrav1.PoolExhaustedReason, Retry: RetryOnEvent},
	{Name: "ipam.ErrUnavailable", Err: ipam.ErrUnavailable, Reason: infrav1.AddressAllocationFailedReason, Retry: RetryOnEvent},
	{Name: "ipam.ErrPoolNotFound", Err: ipam.ErrPoolNotFound, Reason: infrav1.PoolNotFoundReason, Retry: RetryOnEvent},
	{Name: "ipam.ErrInvalidRange", Err: ipam.ErrInvalidRange, Reason: infrav1.PoolInvalidReason, Retry: RetryOnEvent},
	{Name: "ipam.ErrNoEligiblePool", Err: ipam.ErrNoEligiblePool, Reason: infrav1.PoolMismatchReason, Retry: RetryOnEvent},
	{Name: "ipam.ErrConflict", Err: ipam.ErrConflict, Retry: RetryAtOnce},
	{Name: "ipam.ErrNotOwner", Err: ipam.ErrNotOwner, Reason: infrav1.AddressAllocationFailedReason, Retry: RetryOnEvent},
	{Name: "ipam.ErrInvalidRequest", Err: ipam.ErrInvalidRequest, Reason: infrav1.AddressAllocationFailedReason, Retry: RetryLater},

	{Name: "cloudinit.ErrUnsupportedFormat", Err: cloudinit.ErrUnsupportedFormat, Reason: infrav1.BootstrapDataInvalidReason, Retry: RetryLater},
	{Name: "cloudinit.ErrInvalidBootstrapData", Err: cloudinit.ErrInvalidBootstrapData, Reason: infrav1.BootstrapDataInvalidReason, Retry: RetryLater},
	{Name: "cloudinit.ErrInvalidConfig", Err: cloudinit.ErrInvalidConfig, Reason: infrav1.BootstrapDataInvalidReason, Retry: RetryLater},
	{Name: "cloudinit.ErrInvalidNetwork", Err: cloudinit.ErrInvalidNetwork, Reason: infrav1.BootstrapDataInvalidReason, Retry: RetryLater},
	{Name: "cloudinit.ErrUnknownQuirk", Err: cloudinit.ErrUnknownQuirk, Reason: infrav1.BootstrapDataInvalidReason, Retry: RetryLater},
	{Name: "cloudinit.ErrTooLarge", Err: cloudinit.ErrTooLarge, Reason: infrav1.BootstrapDataInvalidReason, Retry: RetryLater},

	{Name: "etcdops.ErrUnreachable", Err: etcdops.ErrUnreachable, Reason: infrav1.EtcdUnreachableReason, Retry: RetryBackoff},
	{Name: "etcdops.ErrUnhealthy", Err: etcdops.ErrUnhealthy, Reason: infrav1.EtcdMemberRemovalFailedReason, Retry: RetryBackoff},
	{Name: "etcdops.ErrNoLeader", Err: etcdops.ErrNoLeader, Reason: infrav1.EtcdMemberRemovalFailedReason, Retry: RetryBackoff},
	{Name: "etcdops.ErrNotApplied", Err: etcdops.ErrNotApplied, Reason: infrav1.EtcdMemberRemovalFailedReason, Retry: RetryBackoff},
	{Name: "etcdops.ErrUnknownMember", Err: etcdops.ErrUnknownMember, Reason: infrav1.EtcdMemberRemovalFailedReason, Retry: RetryBackoff},
	{Name: "etcdops.ErrInvalidConfig", Err: etcdops.ErrInvalidConfig, Reason: infrav1.EtcdMemberRemovalFailedReason, Retry: RetryLater},

	{Name: "harvesterclient.ErrNotFound", Err: harvesterclient.ErrNotFound, Retry: RetryLater},
	{Name: "harvesterclient.ErrInvalid", Err: harvesterclient.ErrInvalid, Retry: RetryLater},
	{Name: "harvesterclient.ErrExhausted", Err: harvesterclient.ErrExhausted, Retry: RetryLater},
	{Name: "harvesterclient.ErrNotReady", Err: harvesterclient.ErrNotReady, Retry: RetryLater},
	{Name: "harvesterclient.ErrConflict", Err: harvesterclient.ErrConflict, Retry: RetryAtOnce},
}

// Explain says what an error means for a condition and for the work queue. An error that no rule knows is retried with
// backoff. Errors must have passed harvesterclient.Classify if they come from a Kubernetes API.
func Explain(err error, fallback string) (reason string, retry Retry) {
	said := fallback
	var because *reasonError
	if errors.As(err, &because) {
		said = because.reason
	}
	for _, rule := range Rules {
		if !errors.Is(err, rule.Err) {
			continue
		}
		if rule.Always || (rule.Reason != "" && because == nil) {
			return rule.Reason, rule.Retry
		}
		return said, rule.Retry
	}
	return said, RetryBackoff
}

// Because gives an error the reason that a condition gets for it, unless the cause lies with the connection.
func Because(reason string, err error) error {
	if err == nil {
		return nil
	}
	return &reasonError{reason: reason, err: err}
}

type reasonError struct {
	reason string
	err    error
}

func (e *reasonError) Error() string { return e.err.Error() }
func (e *reasonError) Unwrap() error { return e.err }

func suggestedDelay(err error) (time.Duration, bool) { return harvesterclient.RetryAfter(err) }

// Wrap says what failed; nil stays nil.
func Wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), err)
}
