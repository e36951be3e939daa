package controlplane

import (
	"errors"
	"fmt"
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
	// NodeAddress is an address of this machine at which nodes and their Pods reach the API server, and at which it finds
	// kubelets. Empty where there are no nodes: then it listens on loopback only.
	NodeAddress string
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
