// Package supervisor is the door of an RKE2 server, port 9345, through which
// other machines join the cluster: [Server] answers, [Client] asks.
//
// The paths and the way of presenting the token are RKE2's; what is sent is of
// our own making, as both ends are ours. A joining server receives the
// cluster's authorities and its list of etcd members, a joining agent receives
// certificates for its kubelet, and neither receives anything without the
// token. There is no other way in: guests share no memory.
package supervisor

import "errors"

// Errors of the client that a caller can act on.
var (
	// ErrUnauthorized means that the token was refused.
	ErrUnauthorized = errors.New("the cluster refused the token")
	// ErrUnavailable means that no server answered, or that it is still
	// starting; trying again may help.
	ErrUnavailable = errors.New("no server of the cluster is ready")
)

// Paths served.
const (
	pathPing           = "/ping"
	pathCACerts        = "/cacerts"
	pathBootstrap      = "/v1-rke2/server-bootstrap"
	pathClientKubelet  = "/v1-rke2/client-kubelet.crt"
	pathServingKubelet = "/v1-rke2/serving-kubelet.crt"
	pathAPIServers     = "/v1-rke2/apiservers"
	pathEtcdInfo       = "/db/info"
)

// Headers by which a node names itself, as RKE2 does.
const (
	headerNodeName = "rke2-Node-Name"
	headerNodeIP   = "rke2-Node-IP"
)

// Users of the basic authentication whose password is the token.
const (
	userServer = "server"
	userNode   = "node"
)

// Bootstrap is what a joining server needs: files of the cluster by their
// absolute path, authorities with their keys among them.
type Bootstrap struct {
	Files map[string][]byte `json:"files"`
}

// EtcdInfo lists the members of the cluster's etcd.
type EtcdInfo struct {
	ClientURLs []string `json:"clientURLs"`
}

// KubeletIdentity is a certificate for a node and the authority to trust.
type KubeletIdentity struct {
	Certificate []byte `json:"certificate"`
	ClientCA    []byte `json:"clientCA"`
	ServerCA    []byte `json:"serverCA"`
}

// APIServers lists the cluster's API servers as host:port.
type APIServers struct {
	Addresses []string `json:"addresses"`
}
