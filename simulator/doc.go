// Package simulator is the Harvester API for tests: given a real kube-apiserver it installs upstream's CRDs, registers
// admission webhooks under their real names, and runs controllers that behave as Harvester, KubeVirt, the load balancer
// controller and kube-vip do, as far as a client of the API can tell.
//
// Start is the entry point and *Harvester the running simulator. Clients are meant to reach it through the
// fault-injecting proxy whose kubeconfig Harvester.Kubeconfig returns; tests look behind the scenes with
// Harvester.Admin. All state lies in the API: a simulator started again on the same apiserver carries on.
//
// It refuses to run elsewhere than on loopback, and it never runs a real virtual machine: what happens inside one is
// the business of a guestapi.Guests.
package simulator
