package simulator

import (
	"context"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/apiproxy"
)

// openProxy opens the way in for clients.
func (h *Harvester) openProxy(context.Context) (err error) {
	h.proxy, err = apiproxy.Start(apiproxy.Options{
		Target: h.admin, Dir: h.dir, Address: h.options.ProxyAddress, PathPrefix: h.options.PathPrefix,
		Seed: h.options.Seed, History: h.history, Log: h.options.Logger,
		Subresources: &apiproxy.Subresources{Client: h.direct, Machines: h.operations},
	})
	return err
}
