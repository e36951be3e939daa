// Package controlplane runs a Kubernetes control plane as plain processes on
// loopback: etcd, kube-apiserver and, when asked, kube-controller-manager with
// the controllers that are wanted. There is no scheduler here, and no node: sandbox/node
// adds both.
//
// [Start] returns a [ControlPlane] whose API server is ready, with RBAC as its
// authorizer. [ControlPlane.StartControllers] comes when the CRDs are installed:
// the garbage collector discovers new kinds only every 30 seconds, so that one
// started before them would be blind for half a minute.
//
// Data is thrown away with its directory; etcd runs without fsync. It listens on
// 127.0.0.1 alone, unless Options.NodeAddress says that there will be nodes.
package controlplane
