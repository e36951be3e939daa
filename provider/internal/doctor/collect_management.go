package doctor

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// mostEvents is how many warnings of a namespace are looked at.
const mostEvents = 500

// fromManagement reads everything of the management cluster but the Cluster.
func (c *collector) fromManagement(ctx context.Context) {
	together(
		func() { c.readInfra(ctx) },
		func() { c.readMachines(ctx) },
		func() { c.readClaimedPools(ctx) },
		func() { c.readManagers(ctx) },
		func() { c.readWarnings(ctx) },
	)
}

func (c *collector) readInfra(ctx context.Context) {
	cluster := c.snapshot.Cluster
	if cluster.Spec.InfrastructureRef.Name == "" {
		return
	}
	infra := &infrav1.HarvesterCluster{}
	err := c.management.Get(ctx, types.NamespacedName{Namespace: cluster.Namespace, Name: cluster.Spec.InfrastructureRef.Name}, infra)
	switch {
	case apierrors.IsNotFound(err):
		c.snapshot.InfraMissing = true
	case err != nil:
		c.lack(planeManagement, "get HarvesterCluster "+cluster.Spec.InfrastructureRef.Name, err)
	default:
		c.snapshot.Infra = infra
	}
}

// readMachines reads Machines and HarvesterMachines, and joins those that belong together.
func (c *collector) readMachines(ctx context.Context) {
	machines, infra := &clusterv1.MachineList{}, &infrav1.HarvesterMachineList{}
	ours := []client.ListOption{client.InNamespace(c.snapshot.Cluster.Namespace), client.MatchingLabels{clusterv1.ClusterNameLabel: c.snapshot.Cluster.Name}}
	var failedMachines, failedInfra error
	together(
		func() { failedMachines = c.management.List(ctx, machines, ours...) },
		func() { failedInfra = c.management.List(ctx, infra, ours...) },
	)
	if failedMachines != nil {
		c.lack(planeManagement, "list Machines", failedMachines)
	}
	if failedInfra != nil {
		c.lack(planeManagement, "list HarvesterMachines", failedInfra)
	}
	c.snapshot.Machines = join(machines.Items, infra.Items, failedInfra == nil)
}

// join pairs Machines with their HarvesterMachines, in the order of their names. Without the latter, a Machine says nothing of
// whether its HarvesterMachine exists, so its reference is dropped.
func join(machines []clusterv1.Machine, infra []infrav1.HarvesterMachine, complete bool) []Machine {
	byName := map[string]*infrav1.HarvesterMachine{}
	for i := range infra {
		byName[infra[i].Name] = &infra[i]
	}
	var joined []Machine
	for i := range machines {
		one := Machine{Machine: &machines[i], Infra: byName[machines[i].Spec.InfrastructureRef.Name]}
		delete(byName, machines[i].Spec.InfrastructureRef.Name)
		if !complete {
			one.Machine.Spec.InfrastructureRef = clusterv1.ContractVersionedObjectReference{}
		}
		joined = append(joined, one)
	}
	for _, alone := range byName {
		joined = append(joined, Machine{Infra: alone})
	}
	slices.SortFunc(joined, func(a, b Machine) int { return strings.Compare(a.name(), b.name()) })
	return joined
}

func (m *Machine) name() string {
	if m.Infra != nil {
		return m.Infra.Name
	}
	return m.Machine.Name
}

func (c *collector) readClaimedPools(ctx context.Context) {
	pools := &infrav1.HarvesterIPPoolList{}
	if err := c.management.List(ctx, pools, client.InNamespace(c.snapshot.Cluster.Namespace)); err != nil {
		c.lack(planeManagement, "list HarvesterIPPools", err)
		return
	}
	c.snapshot.Claimed = pools.Items
}

// readManagers finds the provider by the label that all of Cluster API's tools look for.
func (c *collector) readManagers(ctx context.Context) {
	deployments := &appsv1.DeploymentList{}
	if err := c.management.List(ctx, deployments, client.MatchingLabels{clusterv1.ProviderNameLabel: "infrastructure-harvester"}); err != nil {
		c.lack(planeManagement, "list Deployments in all namespaces, to see whether the manager runs", err)
		return
	}
	for i := range deployments.Items {
		d := &deployments.Items[i]
		manager := Manager{Namespace: d.Namespace, Name: d.Name, Desired: 1, Ready: d.Status.ReadyReplicas}
		if d.Spec.Replicas != nil {
			manager.Desired = *d.Spec.Replicas
		}
		for _, condition := range d.Status.Conditions {
			if condition.Type == appsv1.DeploymentAvailable {
				manager.Since = condition.LastTransitionTime.UTC()
			}
		}
		c.snapshot.Managers = append(c.snapshot.Managers, manager)
	}
}

// readWarnings keeps the latest warning of each object.
func (c *collector) readWarnings(ctx context.Context) {
	list := &corev1.EventList{}
	err := c.management.List(ctx, list, client.InNamespace(c.snapshot.Cluster.Namespace), client.Limit(mostEvents), client.MatchingFields{"type": corev1.EventTypeWarning})
	if err != nil {
		c.lack(planeManagement, "list Events", err)
		return
	}
	slices.SortStableFunc(list.Items, func(a, b corev1.Event) int { return eventTime(a).Compare(eventTime(b)) })
	c.snapshot.Warnings = map[Ref]corev1.Event{}
	for _, event := range list.Items {
		c.snapshot.Warnings[Ref{event.InvolvedObject.Kind, event.InvolvedObject.Name}] = event
	}
}

func eventTime(e corev1.Event) time.Time {
	latest := e.LastTimestamp.Time
	if e.Series != nil && e.Series.LastObservedTime.After(latest) {
		latest = e.Series.LastObservedTime.Time
	}
	if e.EventTime.After(latest) {
		latest = e.EventTime.Time
	}
	return latest
}

func sortLacks(lacks []Lack) {
	slices.SortFunc(lacks, func(a, b Lack) int {
		return cmp.Or(strings.Compare(a.Where, b.Where), strings.Compare(a.What, b.What), strings.Compare(a.Why, b.Why))
	})
}
