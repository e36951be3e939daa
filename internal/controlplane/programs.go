package controlplane

import (
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"k8s.io/client-go/rest"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/process"
)

// etcd keeps the API server's data, without waiting for the disk: losing it
// with the machine loses nothing.
func (c *ControlPlane) etcd() process.Spec {
	client := fmt.Sprintf("http://127.0.0.1:%d", c.ports.etcdClient)
	peer := fmt.Sprintf("http://127.0.0.1:%d", c.ports.etcdPeer)
	return c.spec("etcd", map[string]string{
		"name":                        c.options.Name,
		"data-dir":                    c.files.data,
		"listen-client-urls":          client,
		"advertise-client-urls":       client,
		"listen-peer-urls":            peer,
		"initial-advertise-peer-urls": peer,
		"initial-cluster":             c.options.Name + "=" + peer,
		"unsafe-no-fsync":             "true",
		"log-level":                   "warn",
	}, answers(&http.Client{Timeout: 2 * time.Second}, client+"/health"))
}

func (c *ControlPlane) apiServer() process.Spec {
	args := map[string]string{
		"etcd-servers":                     fmt.Sprintf("http://127.0.0.1:%d", c.ports.etcdClient),
		"bind-address":                     "127.0.0.1",
		"advertise-address":                "127.0.0.1",
		"secure-port":                      fmt.Sprint(c.ports.api),
		"tls-cert-file":                    c.files.servingCert,
		"tls-private-key-file":             c.files.servingKey,
		"client-ca-file":                   c.files.caCert,
		"authorization-mode":               "RBAC",
		"service-account-issuer":           c.options.ServiceAccountIssuer,
		"service-account-key-file":         c.files.serviceAccountPublic,
		"service-account-signing-key-file": c.files.serviceAccountKey,
		"service-cluster-ip-range":         "10.0.0.0/16",
		"allow-privileged":                 "true",
		// Nothing can reach a loopback API server through the kubernetes
		// Service; its endpoint would be refused as a loopback address.
		"endpoint-reconciler-type": "none",
	}
	if c.options.NodeAddress != "" {
		maps.Copy(args, c.withNodes())
	}
	maps.Copy(args, c.options.APIServerArgs)
	return c.spec("kube-apiserver", args, answers(c.adminClient(), c.admin.Host+"/readyz"))
}

// withNodes has the API server reach kubelets, and be reached by Pods.
func (c *ControlPlane) withNodes() map[string]string {
	return map[string]string{
		"bind-address":                    "0.0.0.0",
		"advertise-address":               c.options.NodeAddress,
		"endpoint-reconciler-type":        "lease",
		"authorization-mode":              "Node,RBAC",
		"enable-admission-plugins":        "NodeRestriction",
		"kubelet-certificate-authority":   c.files.caCert,
		"kubelet-client-certificate":      c.files.kubeletClientCert,
		"kubelet-client-key":              c.files.kubeletClientKey,
		"kubelet-preferred-address-types": "InternalIP",
	}
}

// adminClient trusts the control plane's CA and is known to its servers.
func (c *ControlPlane) adminClient() *http.Client {
	client := &http.Client{Timeout: 2 * time.Second}
	// It fails only for certificates that do not parse; these we made, and a
	// client without them is told so by the server.
	if transport, err := rest.TransportFor(c.admin); err == nil {
		client.Transport = transport
	}
	return client
}

func (c *ControlPlane) controllerManager(port int, controllers []string) process.Spec {
	return c.spec("kube-controller-manager", map[string]string{
		"kubeconfig":                       c.files.adminKubeconfig,
		"controllers":                      strings.Join(controllers, ","),
		"service-account-private-key-file": c.files.serviceAccountKey,
		"root-ca-file":                     c.files.caCert,
		"leader-elect":                     "false",
		"bind-address":                     "127.0.0.1",
		"secure-port":                      fmt.Sprint(port),
		"tls-cert-file":                    c.files.servingCert,
		"tls-private-key-file":             c.files.servingKey,
		"profiling":                        "false",
		"kube-api-qps":                     "200",
		"kube-api-burst":                   "400",
	}, answers(c.adminClient(), fmt.Sprintf("https://127.0.0.1:%d/healthz", port)))
}

// spec describes one of the control plane's processes. Arguments are sorted so
// that a process list reads the same on every run.
func (c *ControlPlane) spec(program string, args map[string]string, ready readiness) process.Spec {
	spec := process.Spec{
		Name:         program + " of " + c.options.Name,
		Path:         filepath.Join(c.options.AssetsDir, program),
		LogFile:      filepath.Join(c.files.logs, program+".log"),
		Dir:          c.files.dir,
		Ready:        ready,
		ReadyTimeout: startTimeout,
	}
	for _, name := range slices.Sorted(maps.Keys(args)) {
		spec.Args = append(spec.Args, "--"+name+"="+args[name])
	}
	return spec
}
