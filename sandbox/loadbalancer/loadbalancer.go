// Package loadbalancer is the data path of the stand-in's load balancers: plain TCP proxies that listen on virtual
// addresses of the loopback network and forward to the machines behind them.
//
// It stands for kube-vip and kube-proxy together. Backends that do not accept connections are skipped, as a
// readiness-driven service would skip them, so that clients survive the loss of a machine.
// It refuses anything but TCP, and it binds exactly the address it was given, never a wildcard.
package loadbalancer

// Listener is one port of a load balancer and the machines behind it.
type Listener struct {
	// Port is the port on the virtual address, 1 to 65535. Zero picks a free one, which Address tells (for tests).
	Port int
	// Backends are host:port addresses, tried in turn from a rotating start. None is allowed: connections are then
	// refused by closing them.
	Backends []string
}
