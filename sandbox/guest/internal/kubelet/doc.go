// Package kubelet plays the kubelet of a guest's node towards its API server:
// it registers the Node, keeps its lease and status fresh, mirrors static pods,
// settles the pods bound to the node, and serves exec, logs and port-forward
// on port 10250.
//
// [Kubelet] is the part that writes, [Server] the part that answers. It runs no
// containers: a pod bound to the node is declared running, and one that is
// being deleted is let go.
//
// As the real one, it authenticates as system:node:<name> and does not create a
// Node again that somebody deleted while it ran.
package kubelet
