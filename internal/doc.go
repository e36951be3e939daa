// Package internal is the root of what the modules of this project share to run things on loopback: child processes
// ([github.com/rancher-sandbox/cluster-api-provider-harvester/internal/process]), certificates (pki), control planes
// (controlplane) and load balancers (loadbalancer).
//
// It is a module of its own, so that the simulator can be imported without the sandbox. Nothing outside the project can
// import it, and it promises nothing.
package internal
