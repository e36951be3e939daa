package cli

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/etcdops"
)

// target says which cluster is meant.
type target struct {
	kubeconfig, context, namespace, cluster, workload string
}

// guest finds the way to the cluster's API server and, from the management cluster, its etcd CA.
func (t target) guest(ctx context.Context) (etcdops.Guest, error) {
	switch {
	case (t.cluster == "") == (t.workload == ""):
		return etcdops.Guest{}, fmt.Errorf("%w: give either --cluster or --workload-kubeconfig", errUsage)
	case t.workload != "":
		config, err := clientcmd.BuildConfigFromFlags("", t.workload)
		if err != nil {
			return etcdops.Guest{}, fmt.Errorf("read the cluster's kubeconfig: %w", err)
		}
		return etcdops.Guest{REST: config}, nil
	}
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = t.kubeconfig
	management, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: t.context}).ClientConfig()
	if err != nil {
		return etcdops.Guest{}, fmt.Errorf("read the management cluster's kubeconfig: %w", err)
	}
	core, err := corev1client.NewForConfig(management)
	if err != nil {
		return etcdops.Guest{}, err
	}
	return t.fromSecrets(ctx, core.Secrets(t.namespace))
}

// fromSecrets reads what Cluster API keeps about the cluster. A cluster without the etcd CA is reached without it.
func (t target) fromSecrets(ctx context.Context, secrets corev1client.SecretInterface) (etcdops.Guest, error) {
	kubeconfig, err := secrets.Get(ctx, t.cluster+"-kubeconfig", metav1.GetOptions{})
	if err != nil {
		return etcdops.Guest{}, fmt.Errorf("read the kubeconfig of cluster %s/%s: %w", t.namespace, t.cluster, err)
	}
	config, err := clientcmd.RESTConfigFromKubeConfig(kubeconfig.Data["value"])
	if err != nil {
		return etcdops.Guest{}, fmt.Errorf("the Secret %s/%s-kubeconfig holds no valid kubeconfig", t.namespace, t.cluster)
	}
	authority, err := secrets.Get(ctx, t.cluster+"-etcd", metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return etcdops.Guest{REST: config}, nil
	}
	if err != nil {
		return etcdops.Guest{}, fmt.Errorf("read the etcd CA of cluster %s/%s: %w", t.namespace, t.cluster, err)
	}
	return etcdops.Guest{REST: config, CACert: authority.Data["tls.crt"], CAKey: authority.Data["tls.key"]}, nil
}
