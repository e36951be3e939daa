package etcdops

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
)

const (
	// etcdNamespace is where RKE2 and kubeadm run etcd as static pods, named etcd-<node>.
	etcdNamespace = "kube-system"
	etcdPodPrefix = "etcd-"
	etcdPort      = 2379
	// etcdServerName is the name that etcd's server certificates hold when reached by a port-forward.
	etcdServerName = "localhost"
)

var (
	errNotWanted     = errors.New("the caller does not want this way")
	errNoCertificate = errors.New("the etcd CA is not at hand, so no client certificate can be issued")
)

// Guest is a cluster whose etcd runs as static pods of RKE2 or kubeadm.
type Guest struct {
	// REST reaches the cluster's API server.
	REST *rest.Config
	// Flavor of the cluster; empty has Routes find it out.
	Flavor Flavor
	// CACert and CAKey are the keys tls.crt and tls.key of the Secret "<cluster>-etcd", which RKE2's and kubeadm's
	// control-plane providers keep in the management cluster. Without them there is no way by port-forward.
	CACert, CAKey []byte
	// Only restricts the ways; empty means all.
	Only []Way
	// RequestTimeout bounds each single request to etcd; 0 means the default of each way.
	RequestTimeout time.Duration
}

// Routes finds out what ways there are to the cluster's etcd, best first, and prepares them; see TakeOut. The leaving
// node's pod is asked last, as it may be half gone; leaving may be empty. The flavor is returned that was given or
// found. Ways that are not there are in the list too, with the reason. End them with CloseRoutes.
//
// ErrUnreachable says that the API server does not answer; ErrInvalidConfig that REST or the CA cannot be used.
func (g Guest) Routes(ctx context.Context, leaving string) ([]Route, Flavor, error) {
	core, err := corev1client.NewForConfig(g.REST)
	if err != nil {
		return nil, "", fmt.Errorf("%w: API server: %w", ErrInvalidConfig, err)
	}
	pods, err := core.Pods(etcdNamespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, "", fmt.Errorf("%w: list etcd pods: %w", ErrUnreachable, err)
	}
	if g.Flavor == "" {
		if g.Flavor, err = findFlavor(ctx, core.Nodes()); err != nil {
			return nil, "", err
		}
	}
	names := etcdPods(pods.Items, leaving)
	routes := []Route{g.byPortForward(ctx, names), g.byExec(names), g.byAnnotation(core.Nodes(), leaving)}
	for i := range routes {
		if len(g.Only) > 0 && !slices.Contains(g.Only, routes[i].Way) {
			routes[i].Observer, routes[i].Missing = nil, errNotWanted
		}
	}
	return routes, g.Flavor, nil
}

func (g Guest) byPortForward(ctx context.Context, pods []string) Route {
	config := Config{RequestTimeout: g.RequestTimeout}
	missing := noPods(pods)
	if missing == nil && len(g.CACert) == 0 {
		missing = errNoCertificate
	}
	if missing == nil {
		config.TLS, missing = ClientCertificate(g.CACert, g.CAKey, CertificateOptions{ServerName: etcdServerName})
	}
	if missing != nil {
		return Route{Way: WayPortForward, Missing: missing}
	}
	dialers := make(map[string]DialFunc, len(pods))
	for _, pod := range pods {
		dialers[pod] = PortForwardDialer(g.REST, etcdNamespace, pod, etcdPort)
		config.Endpoints = append(config.Endpoints, "https://"+net.JoinHostPort(pod, strconv.Itoa(etcdPort)))
	}
	config.Dialer = RouteByHost(dialers)
	client, err := Dial(ctx, config)
	return route(WayPortForward, client, err)
}

func (g Guest) byExec(pods []string) Route {
	if missing := noPods(pods); missing != nil {
		return Route{Way: WayExec, Missing: missing}
	}
	client, err := DialExec(ExecConfig{
		REST: g.REST, Namespace: etcdNamespace, Pods: pods, Flavor: g.Flavor, RequestTimeout: g.RequestTimeout,
	})
	return route(WayExec, client, err)
}

func (g Guest) byAnnotation(nodes corev1client.NodeInterface, leaving string) Route {
	if g.Flavor != RKE2 {
		return Route{Way: WayAnnotation, Missing: errors.New("only RKE2 removes members by annotation")}
	}
	return Route{Way: WayAnnotation, Observer: NewNodes(NodesConfig{Nodes: nodes, Leaving: leaving})}
}

// route keeps a nil client from becoming an interface that is not nil.
func route(way Way, client *Client, err error) Route {
	if err != nil {
		return Route{Way: way, Missing: err}
	}
	return Route{Way: way, Observer: client}
}

func noPods(pods []string) error {
	if len(pods) == 0 {
		return fmt.Errorf("%w: no etcd pod in namespace %s", ErrUnreachable, etcdNamespace)
	}
	return nil
}

// findFlavor tells RKE2, which names its members on the Nodes, from kubeadm, which does not.
func findFlavor(ctx context.Context, nodes corev1client.NodeInterface) (Flavor, error) {
	list, err := nodes.List(ctx, metav1.ListOptions{LabelSelector: etcdRoleLabel})
	if err != nil {
		return "", fmt.Errorf("%w: list Nodes: %w", ErrUnreachable, err)
	}
	if len(list.Items) > 0 {
		return RKE2, nil
	}
	return Kubeadm, nil
}

// etcdPods names the etcd pods, that of the leaving node last.
func etcdPods(pods []corev1.Pod, leaving string) []string {
	var found []string
	last := etcdPodPrefix + leaving
	for i := range pods {
		name := pods[i].Name
		if strings.HasPrefix(name, etcdPodPrefix) && name == etcdPodPrefix+pods[i].Spec.NodeName {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	if i, ok := slices.BinarySearch(found, last); ok {
		found = append(slices.Delete(found, i, i+1), last)
	}
	return found
}
