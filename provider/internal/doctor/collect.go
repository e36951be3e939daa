package doctor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// The planes, as a Lack names them.
const (
	planeManagement = "management cluster"
	planeHarvester  = "Harvester"
	planeWorkload   = "workload cluster"
)

var (
	// errUsage says that the command was not understood, or that what was asked about does not exist.
	errUsage = errors.New("wrong usage")
	// errLeak says that a report was not printed because it held a secret.
	errLeak = errors.New("the report held a credential and was not printed: please report this")
)

// Target is what is asked about.
type Target struct {
	// Machine is the name of a Machine or of its HarvesterMachine; empty for the cluster.
	Machine string
	// Cluster is the name of the Cluster; empty where a machine leads to it.
	Cluster   string
	Namespace string
}

// collector reads a snapshot. Its reads run at the same time; what they find is put down under mu.
type collector struct {
	management client.Reader
	// timeout is how long Harvester and the workload cluster may take, each.
	timeout time.Duration
	now     func() time.Time

	mu       sync.Mutex
	snapshot Snapshot
	secrets  secrets
}

// collect reads what there is of the target. It fails only if the Cluster itself cannot be read; everything else that
// cannot be is a Lack.
func (c *collector) collect(ctx context.Context, target Target) error {
	c.snapshot.Now, c.snapshot.Focus = c.now(), target.Machine
	name := target.Cluster
	if target.Machine != "" {
		var err error
		if name, err = c.clusterOf(ctx, target); err != nil {
			return err
		}
	}
	cluster := &clusterv1.Cluster{}
	switch err := c.management.Get(ctx, types.NamespacedName{Namespace: target.Namespace, Name: name}, cluster); {
	case apierrors.IsNotFound(err):
		return fmt.Errorf("%w: Cluster %s/%s does not exist: name the namespace with -n", errUsage, target.Namespace, name)
	case err != nil:
		return fmt.Errorf("read Cluster %s/%s: %w", target.Namespace, name, err)
	}
	if ref := cluster.Spec.InfrastructureRef; ref.Kind != "" && ref.Kind != kindInfra {
		return fmt.Errorf("%w: Cluster %s/%s is not on Harvester: its infrastructure is a %s", errUsage, target.Namespace, name, ref.Kind)
	}
	c.snapshot.Cluster = cluster
	c.fromManagement(ctx)
	together(func() { c.fromHarvester(ctx) }, func() { c.fromWorkload(ctx) })
	sortLacks(c.snapshot.Lacks)
	return nil
}

// clusterOf finds the cluster of a machine by the label that Cluster API puts on both of its objects.
func (c *collector) clusterOf(ctx context.Context, target Target) (string, error) {
	key := types.NamespacedName{Namespace: target.Namespace, Name: target.Machine}
	for _, object := range []client.Object{&clusterv1.Machine{}, &infrav1.HarvesterMachine{}} {
		err := c.management.Get(ctx, key, object)
		switch name := object.GetLabels()[clusterv1.ClusterNameLabel]; {
		case err == nil && name != "":
			return name, nil
		case err == nil:
			return "", fmt.Errorf("%w: machine %s has no label %s yet: ask about its cluster", errUsage, key, clusterv1.ClusterNameLabel)
		case !apierrors.IsNotFound(err):
			return "", fmt.Errorf("read machine %s: %w", key, err)
		}
	}
	return "", fmt.Errorf("%w: neither a Machine nor a HarvesterMachine %s exists: name the namespace with -n", errUsage, key)
}

// lack puts down what could not be read. An object that does not exist is for the caller to judge.
func (c *collector) lack(where, what string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.snapshot.Lacks = append(c.snapshot.Lacks, Lack{Where: where, What: what, Why: whyNot(err, c.timeout)})
}

// whyNot says what would help.
func whyNot(err error, timeout time.Duration) string {
	switch {
	case apierrors.IsForbidden(err):
		return "the right to do this is missing"
	case apierrors.IsUnauthorized(err):
		return "the credentials are refused"
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("no answer within %s (--timeout)", timeout)
	default:
		return err.Error()
	}
}

// together runs functions at the same time and waits for all.
func together(functions ...func()) {
	var running sync.WaitGroup
	for _, function := range functions {
		running.Go(function)
	}
	running.Wait()
}
