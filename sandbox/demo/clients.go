package demo

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox"
)

// clients reach the management cluster and the guest clusters.
type clients struct{ management client.Client }

func newClients(s *sandbox.Sandbox) (clients, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, clusterv1.AddToScheme, infrav1.AddToScheme} {
		if err := add(scheme); err != nil {
			return clients{}, fmt.Errorf("a client for the management cluster: %w", err)
		}
	}
	c, err := client.New(s.Management().Config(), client.Options{Scheme: scheme})
	if err != nil {
		return clients{}, fmt.Errorf("a client for the management cluster: %w", err)
	}
	return clients{management: c}, nil
}

// guest reaches a guest cluster through the kubeconfig Cluster API keeps for it.
func (c clients) guest(ctx context.Context, cluster client.ObjectKey) (client.Client, error) {
	secret := &corev1.Secret{}
	key := client.ObjectKey{Namespace: cluster.Namespace, Name: cluster.Name + "-kubeconfig"}
	if err := c.management.Get(ctx, key, secret); err != nil {
		return nil, fmt.Errorf("the kubeconfig of cluster %s: %w", cluster, err)
	}
	config, err := clientcmd.RESTConfigFromKubeConfig(secret.Data["value"])
	if err != nil {
		return nil, fmt.Errorf("the kubeconfig of cluster %s: %w", cluster, err)
	}
	guest, err := client.New(config, client.Options{Scheme: clientgoscheme.Scheme})
	if err != nil {
		return nil, fmt.Errorf("a client for cluster %s: %w", cluster, err)
	}
	return guest, nil
}
