package admission

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/balancer"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/version"
)

const (
	projectAnnotation           = "field.cattle.io/projectId"
	managementNetworkAnnotation = "cloudprovider.harvesterhci.io/managementNetwork"
)

// balancerRules are the load balancer webhook's for LoadBalancers. All refusals are HTTP 500.
type balancerRules struct {
	reader client.Reader
	quirks version.Quirks
}

// mutate notes who asks for an address, and fills a health check in.
func (r balancerRules) mutate(ctx context.Context, _, lb *lbv1.LoadBalancer) error {
	if !lb.DeletionTimestamp.IsZero() {
		return nil
	}
	if lb.Annotations == nil {
		lb.Annotations = map[string]string{}
	}
	lb.Annotations[balancer.NamespaceAnnotation] = lb.Namespace
	// Before 1.9 an empty type counts as a guest cluster's here, while everything else takes it for a VM's.
	if lb.Spec.WorkloadType == lbv1.Cluster || lb.Spec.WorkloadType == "" && !r.quirks.EmptyWorkloadIsVM {
		if err := r.describeGuest(ctx, lb); err != nil {
			return err
		}
	}
	if check := lb.Spec.HealthCheck; check != nil && check.Port != 0 {
		check.SuccessThreshold = cmp.Or(check.SuccessThreshold, 2)
		check.FailureThreshold = cmp.Or(check.FailureThreshold, 2)
		check.PeriodSeconds = cmp.Or(check.PeriodSeconds, 1)
		check.TimeoutSeconds = cmp.Or(check.TimeoutSeconds, 1)
	}
	return nil
}

// describeGuest notes the project and network of a guest cluster's load balancer.
func (r balancerRules) describeGuest(ctx context.Context, lb *lbv1.LoadBalancer) error {
	namespace := &corev1.Namespace{}
	if err := r.reader.Get(ctx, client.ObjectKey{Name: lb.Namespace}, namespace); err != nil {
		return fmt.Errorf("get namespace %s failed, error: %w", lb.Namespace, err)
	}
	lb.Annotations[balancer.ProjectAnnotation] = strings.Replace(namespace.Annotations[projectAnnotation], ":", "/", 1)
	instances := &kubevirtv1.VirtualMachineInstanceList{}
	if err := r.reader.List(ctx, instances, client.InNamespace(lb.Namespace)); err != nil {
		return fmt.Errorf("list vmis failed, error: %w", err)
	}
	lb.Annotations[balancer.NetworkAnnotation] = guestNetwork(lb, instances.Items, r.quirks.NetworkByGuestCluster)
	return nil
}

// guestNetwork is the network that a guest cluster's machines are on. Before 1.9 it is always looked up by the node
// driver's naming; since then what the load balancer says itself, and the machines' label, come first.
func guestNetwork(lb *lbv1.LoadBalancer, instances []kubevirtv1.VirtualMachineInstance, byLabel bool) string {
	cluster := lb.Annotations[balancer.ClusterAnnotation]
	if byLabel {
		if said := cmp.Or(lb.Annotations[balancer.NetworkAnnotation], lb.Annotations[managementNetworkAnnotation]); said != "" {
			return said
		}
		for i := range instances {
			if network := firstMultus(&instances[i]); cluster != "" && instances[i].Labels[kit.GuestClusterLabel] == cluster && network != "" {
				return network
			}
		}
	}
	for i := range instances {
		vmi := &instances[i]
		if cluster != "" && vmi.Labels[kit.CreatorLabel] == kit.NodeDriver && strings.HasPrefix(vmi.Name, cluster) {
			if network := firstMultus(vmi); network != "" {
				return network
			}
		}
	}
	return ""
}

func firstMultus(vmi *kubevirtv1.VirtualMachineInstance) string {
	for _, network := range vmi.Spec.Networks {
		if network.Multus != nil {
			return network.Multus.NetworkName
		}
	}
	return ""
}

func (r balancerRules) create(ctx context.Context, _, lb *lbv1.LoadBalancer) error {
	err := checkBalancer(lb)
	if err == nil && lb.Spec.WorkloadType == lbv1.Cluster && r.quirks.ClusterBalancersFollowVMs {
		err = r.checkGuestMachines(ctx, lb)
	}
	if err != nil {
		return fmt.Errorf("create loadbalancer %s/%s failed: %w", lb.Namespace, lb.Name, err)
	}
	return nil
}

func (r balancerRules) update(_ context.Context, old, lb *lbv1.LoadBalancer) error {
	if !lb.DeletionTimestamp.IsZero() {
		return nil
	}
	err := checkBalancer(lb)
	if err == nil && r.quirks.ImmutableIPAM {
		err = checkUnchanged(old, lb)
	}
	if err != nil {
		return fmt.Errorf("update loadbalancer %s/%s failed: %w", lb.Namespace, lb.Name, err)
	}
	return nil
}

// checkUnchanged refuses to turn a load balancer into one of another sort, which would leak its address.
func checkUnchanged(old, lb *lbv1.LoadBalancer) error {
	if (old.Spec.IPAM == lbv1.DHCP) != (lb.Spec.IPAM == lbv1.DHCP) {
		return fmt.Errorf("can't change the IPAM from %s to %s", old.Spec.IPAM, lb.Spec.IPAM)
	}
	if (old.Spec.WorkloadType == lbv1.Cluster) != (lb.Spec.WorkloadType == lbv1.Cluster) {
		return fmt.Errorf("can't change the WorkloadType from %s to %s", old.Spec.WorkloadType, lb.Spec.WorkloadType)
	}
	return nil
}

// checkBalancer judges listeners and health check; a guest cluster's load balancer has neither on Harvester.
func checkBalancer(lb *lbv1.LoadBalancer) error {
	if lb.Spec.WorkloadType == lbv1.Cluster {
		return nil
	}
	if len(lb.Spec.Listeners) == 0 {
		return errors.New("the loadbalancer needs to have at least one listener")
	}
	names, fronts, backs := map[string]bool{}, map[string]string{}, map[string]string{}
	for _, listener := range lb.Spec.Listeners {
		front := fmt.Sprintf("%s/%d", listener.Protocol, listener.Port)
		back := fmt.Sprintf("%s/%d", listener.Protocol, listener.BackendPort)
		switch {
		case names[listener.Name]:
			return fmt.Errorf("listener has duplicate name %s", listener.Name)
		case fronts[front] != "":
			return fmt.Errorf("listener %s has duplicate port %d with listener %s", listener.Name, listener.Port, fronts[front])
		case backs[back] != "":
			return fmt.Errorf("listener %s has duplicate backend port %d with listener %s", listener.Name, listener.BackendPort, backs[back])
		case !isPort(listener.Port):
			return fmt.Errorf("listener port %d must be 1 to 65535", listener.Port)
		case !isPort(listener.BackendPort):
			return fmt.Errorf("listener backend port %d must be 1 to 65535", listener.BackendPort)
		}
		names[listener.Name], fronts[front], backs[back] = true, listener.Name, listener.Name
	}
	return checkHealth(lb)
}

func isPort(port int32) bool { return port >= 1 && port <= 65535 }

// checkHealth demands that the probed port is a TCP backend port.
func checkHealth(lb *lbv1.LoadBalancer) error {
	check := lb.Spec.HealthCheck
	if check == nil || check.Port == 0 {
		return nil
	}
	for _, listener := range lb.Spec.Listeners {
		if uint(listener.BackendPort) != check.Port {
			continue
		}
		if listener.Protocol != corev1.ProtocolTCP {
			return fmt.Errorf("healthcheck port %d can only be a TCP backend port", check.Port)
		}
		if check.SuccessThreshold == 0 || check.FailureThreshold == 0 || check.PeriodSeconds == 0 || check.TimeoutSeconds == 0 {
			return errors.New("healthcheck thresholds, period and timeout should > 0")
		}
		return nil
	}
	return fmt.Errorf("healthcheck port %d is not in listener backend port list", check.Port)
}

// checkGuestMachines looks at the machines of the guest cluster that a load balancer is for.
func (r balancerRules) checkGuestMachines(ctx context.Context, lb *lbv1.LoadBalancer) error {
	cluster := lb.Labels[kit.GuestBalancerLabel]
	if cluster == "" {
		return nil
	}
	machines := &kubevirtv1.VirtualMachineList{}
	err := r.reader.List(ctx, machines, client.InNamespace(lb.Namespace),
		client.MatchingLabels{kit.CreatorLabel: kit.NodeDriver, kit.GuestClusterLabel: cluster})
	if err != nil {
		return err
	}
	if len(machines.Items) == 0 && r.quirks.ClusterBalancersNeedVMs {
		return fmt.Errorf("the guest cluster %s is not valid: it has no running vm", cluster)
	}
	for i := range machines.Items {
		if machines.Items[i].Annotations[kit.RemoveAllAnnotation] == "true" {
			return fmt.Errorf("the guest cluster %s is being removed", cluster)
		}
	}
	return nil
}
