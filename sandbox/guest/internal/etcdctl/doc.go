// Package etcdctl is what an exec into a guest's etcd pod finds: the real
// etcdctl, run on the host as if in the container.
//
// Paths of certificates are found on the node's disk, and localhost is the
// node's own member. Without flags it acts with the certificates of its node,
// as in a pod whose ETCDCTL_ variables are set. A shell runs one simple command.
package etcdctl
