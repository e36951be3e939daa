// Package guest is what runs inside the sandbox's virtual machines.
//
// A [Manager] boots machines for the Harvester stand-in: it implements
// guestapi.Guests. A machine reads its user-data and network-data as cloud-init
// does, takes its addresses, and, if its commands start RKE2, becomes a node:
// a server runs a real etcd member and a real kube-apiserver on the machine's
// own 127.x address and opens the join port, an agent joins through whatever
// its configuration names, usually the load balancer. Guests share no memory: a
// machine has no way into a cluster but the address and the token that its
// bootstrap data gave it.
//
// What is stand-in: there are no containers, so there is no scheduler and no
// network plugin either; the kubelet's writing and streaming side and the few
// controllers that Cluster API depends on are ours. Commands of the user-data
// are recognised, never run.
//
// In light mode no process is started: machines register their Nodes in an API
// server that all share, for tests with many machines.
//
// Linux only, as machines bind loopback addresses freely.
package guest
