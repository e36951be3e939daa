package controlplane

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
)

// Controllers the sandbox's control planes run: what an API server alone does
// not do and clients rely on. Everything else of kube-controller-manager deals
// with pods and nodes.
var Controllers = []string{
	"garbage-collector-controller",
	"namespace-controller",
	"serviceaccount-controller",
	"serviceaccount-token-controller",
	"clusterrole-aggregation-controller",
}

// Options of a control plane.
type Options struct {
	// Name tells it apart in errors and names its kubeconfig contexts.
	Name string
	// Dir keeps its data, certificates and logs; made if missing.
	Dir string
	// AssetsDir holds etcd, kube-apiserver and kube-controller-manager.
	AssetsDir string
	// Controllers to start at once; none when empty. See StartControllers.
	Controllers []string
	// ServiceAccountIssuer is the token issuer; https://<Name>.sandbox when empty.
	ServiceAccountIssuer string
	// Hosts are further names and addresses that the API server's certificate holds.
	Hosts []string
	// APIServerArgs are further kube-apiserver flags, without dashes; they win
	// over the package's own.
	APIServerArgs map[string]string
}

// ErrInvalidOptions marks Options that cannot be started.
var ErrInvalidOptions = errors.New("invalid control plane options")

func (o Options) withDefaults() (Options, error) {
	switch {
	case o.Name == "":
		return o, fmt.Errorf("%w: no Name", ErrInvalidOptions)
	case o.Dir == "":
		return o, fmt.Errorf("%w: no Dir for %s", ErrInvalidOptions, o.Name)
	case o.AssetsDir == "":
		return o, fmt.Errorf("%w: no AssetsDir for %s; `make assets` makes one in bin/assets", ErrInvalidOptions, o.Name)
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return o, fmt.Errorf("%w: %w", ErrInvalidOptions, err)
	}
	o.Dir = dir
	if o.ServiceAccountIssuer == "" {
		o.ServiceAccountIssuer = "https://" + o.Name + ".sandbox"
	}
	return o, nil
}

// FreePorts finds n TCP ports of 127.0.0.1 that nobody listens on. Between the
// answer and their use another process could take one; all are held open until
// the last is found, so that they differ.
func FreePorts(n int) ([]int, error) {
	ports := make([]int, 0, n)
	held := make([]net.Listener, 0, n)
	defer func() {
		for _, listener := range held {
			listener.Close()
		}
	}()
	var config net.ListenConfig
	for range n {
		listener, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("finding a free port: %w", err)
		}
		held = append(held, listener)
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
