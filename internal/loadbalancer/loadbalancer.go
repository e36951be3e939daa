// Package loadbalancer is the data path of the simulator's load balancers: plain TCP proxies that listen on virtual
// addresses of the loopback network and forward to the machines behind them.
//
// Proxies is the main type; it stands for kube-vip and kube-proxy together. Backends that do not accept connections
// are skipped, as a service that follows readiness would skip them, so that clients survive the loss of a machine.
// It refuses anything but TCP, and it binds exactly the address it was given, never a wildcard.
package loadbalancer

// Listener is one port of a load balancer and the machines behind it.
type Listener struct {
	// Port is the port on the virtual address, 1 to 65535.
	Port int
	// Backends are host:port addresses, tried in turn from a rotating start. With none, and when none answers, a
	// client's connection is reset.
	Backends []string
}
