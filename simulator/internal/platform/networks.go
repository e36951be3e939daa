package platform

import (
	"context"
	"encoding/json"
	"maps"
	"strconv"
	"strings"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"

	nadv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/cni/v1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
)

// NetworkController labels networks with what their configuration says.
type NetworkController struct {
	kit.Env
}

// SetupWithManager starts the controller with the manager.
func (c *NetworkController) SetupWithManager(manager ctrl.Manager, options controller.Options) error {
	return ctrl.NewControllerManagedBy(manager).Named("network").For(&nadv1.NetworkAttachmentDefinition{}).WithOptions(options).Complete(c)
}

// Reconcile labels one network.
func (c *NetworkController) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	network := &nadv1.NetworkAttachmentDefinition{}
	if err := c.Client.Get(ctx, request.NamespacedName, network); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	labels := NetworkLabels(network)
	if maps.Equal(labels, network.Labels) || !network.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil
	}
	network.Labels = labels
	return ctrl.Result{}, client.IgnoreNotFound(c.Client.Update(ctx, network))
}

// NetworkLabels are the labels a network should have: those it has, and what its configuration says. A network that is
// no VLAN bridge keeps what it has.
func NetworkLabels(network *nadv1.NetworkAttachmentDefinition) map[string]string {
	labels := maps.Clone(network.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	var config struct {
		Type   string `json:"type"`
		Bridge string `json:"bridge"`
		VLAN   int    `json:"vlan"`
	}
	if err := json.Unmarshal([]byte(network.Spec.Config), &config); err != nil || config.Type != "bridge" {
		return labels
	}
	suggest := func(key, value string) {
		if _, known := labels[key]; !known {
			labels[key] = value
		}
	}
	suggest(nadv1.LabelClusterNetwork, strings.TrimSuffix(config.Bridge, "-br"))
	if config.VLAN == 0 {
		suggest(nadv1.LabelType, "UntaggedNetwork")
	} else {
		suggest(nadv1.LabelType, "L2VlanNetwork")
		suggest(nadv1.LabelVLANID, strconv.Itoa(config.VLAN))
	}
	suggest(nadv1.LabelReady, "true")
	return labels
}
