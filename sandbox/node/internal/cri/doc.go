// Package cri is a container runtime (CRI) whose containers are processes, for the real kubelet of a node.
//
// [Server] answers the kubelet's calls. A Pod's sandbox is a process that holds a network namespace; a container is started by
// pod-shim in user, mount and process namespaces of its own, over a file system that lies on its image. Nothing is kept on
// disk that a later Server would read: a node lives as long as its machine.
package cri
