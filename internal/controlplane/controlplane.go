package controlplane

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"k8s.io/client-go/rest"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/pki"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/process"
)

// ControlPlane is a running control plane. Safe for concurrent use.
type ControlPlane struct {
	options Options
	ports   ports
	files   files
	admin   *rest.Config
	ca      *pki.CA

	mu        sync.Mutex
	processes []*process.Process // in the order of their start
}

// ports it listens on, all of 127.0.0.1.
type ports struct{ etcdClient, etcdPeer, api int }

// startTimeout of each process: an API server takes 3 s on an idle machine, and
// ten times that when everything else starts or compiles beside it.
const startTimeout = 2 * time.Minute

// Start brings up etcd and the API server, and the controllers that options
// name. When it fails, nothing is left running. ctx bounds the start only.
func Start(ctx context.Context, options Options) (*ControlPlane, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	found, err := FreePorts(3)
	if err != nil {
		return nil, err
	}
	c := &ControlPlane{options: options, ports: ports{found[0], found[1], found[2]}}
	if err := c.issue(); err != nil {
		return nil, err
	}
	err = c.start(ctx, c.etcd())
	if err == nil {
		err = c.start(ctx, c.apiServer())
	}
	if err == nil && len(options.Controllers) > 0 {
		err = c.StartControllers(ctx, options.Controllers...)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("control plane %s: %w", options.Name, err), c.Stop(context.WithoutCancel(ctx)))
	}
	return c, nil
}

// StartControllers starts kube-controller-manager with the named controllers.
// Call it when the CRDs whose objects have owners are established.
func (c *ControlPlane) StartControllers(ctx context.Context, names ...string) error {
	found, err := FreePorts(1)
	if err != nil {
		return err
	}
	return c.start(ctx, c.controllerManager(found[0], names))
}

func (c *ControlPlane) start(ctx context.Context, spec process.Spec) error {
	started, err := process.Start(ctx, spec)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.processes = append(c.processes, started)
	return nil
}

// Stop ends all processes, the last started first. It returns when they are
// gone; stopping twice is harmless.
func (c *ControlPlane) Stop(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for i := len(c.processes) - 1; i >= 0; i-- {
		errs = append(errs, c.processes[i].Stop(ctx))
	}
	c.processes = nil
	return errors.Join(errs...)
}

// PIDs are the process ids, in the order of their start.
func (c *ControlPlane) PIDs() []int {
	c.mu.Lock()
	defer c.mu.Unlock()
	var pids []int
	for _, p := range c.processes {
		pids = append(pids, p.PID())
	}
	return pids
}

// Config reaches the API server as cluster administrator. The caller may change
// the copy it gets.
func (c *ControlPlane) Config() *rest.Config { return rest.CopyConfig(c.admin) }

// AdminKubeconfig is the path of the administrator's kubeconfig file.
func (c *ControlPlane) AdminKubeconfig() string { return c.files.adminKubeconfig }

// URL of the API server.
func (c *ControlPlane) URL() string { return c.admin.Host }

// issue makes certificates, keys and directories.
func (c *ControlPlane) issue() error {
	ca, err := pki.NewCA(c.options.Name + "-ca")
	if err != nil {
		return err
	}
	c.ca = ca
	hosts := c.options.Hosts
	if c.options.NodeAddress != "" {
		hosts = append(slices.Clone(hosts), c.options.NodeAddress)
	}
	if c.files, err = writeFiles(c.options.Dir, ca, hosts); err != nil {
		return err
	}
	if c.admin, err = c.ClientConfig("sandbox-admin", "system:masters"); err != nil {
		return err
	}
	kubeconfig, err := c.Kubeconfig(c.admin)
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.files.adminKubeconfig, kubeconfig, 0o600); err != nil {
		return fmt.Errorf("writing the administrator's kubeconfig: %w", err)
	}
	return nil
}

// ServingCertificate issues a certificate for a server that this control plane trusts, such as a kubelet. Files are made in
// dir, whose paths it returns: the certificate, its key, and the authority that issued it.
func (c *ControlPlane) ServingCertificate(dir, name string, hosts ...string) (cert, key, authority string, err error) {
	pair, err := c.ca.Server(name, hosts...)
	if err != nil {
		return "", "", "", err
	}
	cert, key, err = pair.Write(dir, name)
	return cert, key, c.files.caCert, err
}

// ClientConfig issues a client certificate for a user of the API server.
func (c *ControlPlane) ClientConfig(user string, groups ...string) (*rest.Config, error) {
	pair, err := c.ca.Client(user, groups...)
	if err != nil {
		return nil, err
	}
	return &rest.Config{
		Host: fmt.Sprintf("https://127.0.0.1:%d", c.ports.api),
		TLSClientConfig: rest.TLSClientConfig{
			CAData: c.ca.Pair().Cert, CertData: pair.Cert, KeyData: pair.Key,
		},
		// The sandbox's own calls are few and must not wait in line.
		QPS: 200, Burst: 400,
	}, nil
}

// answers makes a readiness check of a GET that must return 200.
func answers(client *http.Client, url string) func(context.Context) error {
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return fmt.Errorf("asking %s: %w", url, err)
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answers %s", url, response.Status)
		}
		return nil
	}
}

// files of a control plane on disk.
type files struct {
	dir, data, logs, adminKubeconfig        string
	caCert, caKey                           string
	servingCert, servingKey                 string
	serviceAccountPublic, serviceAccountKey string
	kubeletClientCert, kubeletClientKey     string
}

func writeFiles(dir string, ca *pki.CA, hosts []string) (files, error) {
	f := files{dir: dir, data: filepath.Join(dir, "etcd"), logs: filepath.Join(dir, "logs"), adminKubeconfig: filepath.Join(dir, "admin.kubeconfig")}
	for _, d := range []string{f.dir, f.logs} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return f, fmt.Errorf("making the directory of a control plane: %w", err)
		}
	}
	hosts = append([]string{"127.0.0.1", "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "10.0.0.1"}, hosts...)
	serving, err := ca.Server("kube-apiserver", hosts...)
	if err != nil {
		return f, err
	}
	serviceAccount, err := pki.KeyPair()
	if err != nil {
		return f, err
	}
	certs := filepath.Join(dir, "pki")
	if f.caCert, f.caKey, err = ca.Pair().Write(certs, "ca"); err != nil {
		return f, err
	}
	if f.servingCert, f.servingKey, err = serving.Write(certs, "apiserver"); err != nil {
		return f, err
	}
	kubelets, err := ca.Client("kube-apiserver-kubelet-client", "system:masters")
	if err != nil {
		return f, err
	}
	if f.kubeletClientCert, f.kubeletClientKey, err = kubelets.Write(certs, "kubelet-client"); err != nil {
		return f, err
	}
	f.serviceAccountPublic, f.serviceAccountKey, err = serviceAccount.Write(certs, "service-account")
	return f, err
}
