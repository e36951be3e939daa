package poolcommand

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/clientcmd"
	ipamv1 "sigs.k8s.io/cluster-api/api/ipam/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/poolaudit"
)

// tool is the command with its flags.
type tool struct {
	streams     Streams
	harvester   string
	managements []string
	output      string
}

// view is what there is on Harvester and in the management clusters.
type view struct {
	client  client.Client
	pools   []lbv1.IPPool
	holders *poolaudit.Holders
}

// gather reads everything, and then leaves the named pools; none named means all.
func (t *tool) gather(ctx context.Context, named []string) (*view, error) {
	if t.output != "table" && t.output != "json" {
		return nil, fmt.Errorf("%w: --output is table or json, not %q", errUsage, t.output)
	}
	v := &view{holders: poolaudit.NewHolders()}
	var err error
	if v.client, err = connect(t.harvester, harvesterclient.NewScheme()); err != nil {
		return nil, err
	}
	if v.pools, err = poolaudit.ReadHarvester(ctx, v.client, v.holders); err != nil {
		return nil, err
	}
	for _, path := range t.managements {
		scheme := runtime.NewScheme()
		for _, add := range []func(*runtime.Scheme) error{infrav1.AddToScheme, ipamv1.AddToScheme} {
			if err := add(scheme); err != nil {
				return nil, err
			}
		}
		management, err := connect(path, scheme)
		if err != nil {
			return nil, err
		}
		if err := poolaudit.ReadManagement(ctx, management, v.holders); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	for _, name := range named {
		if !slices.ContainsFunc(v.pools, func(pool lbv1.IPPool) bool { return pool.Name == name }) {
			return nil, fmt.Errorf("%w: Harvester has no IPPool %q", errUsage, name)
		}
	}
	return v, nil
}

func connect(path string, scheme *runtime.Scheme) (client.Client, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = path
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, nil).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("%w: read the kubeconfig: %w", errUsage, err)
	}
	config.QPS = -1
	return client.New(config, client.Options{Scheme: scheme})
}

// among tells whether a pool was named; none named means all.
func among(named []string, pool string) bool { return len(named) == 0 || slices.Contains(named, pool) }

func completePools(t *tool) func(ctx context.Context) []string {
	return func(ctx context.Context) []string {
		v, err := t.gather(ctx, nil)
		if err != nil {
			return nil
		}
		known := make([]string, 0, len(v.pools))
		for _, pool := range v.pools {
			known = append(known, pool.Name)
		}
		return known
	}
}
