// Package simulator is the Harvester API for tests: a real kube-apiserver with upstream's CRDs, with admission webhooks under
// their real names, and with controllers that behave as Harvester, KubeVirt, the load balancer controller and kube-vip do, as
// far as a client of the API can tell.
//
// [Start] is the entry point and [Harvester] what runs; package simulatortest starts one for a test. Clients reach it by
// [Harvester.Kubeconfig], through a proxy that [Harvester.Faults] breaks, with the rights of a provider. Tests look behind the
// scenes with [Harvester.Admin]. [Harvester.Seed] creates what an operator would have prepared, and [Harvester.VMs] breaks VMs.
// All state is in the API: a simulator that is started again on the same API server continues where it was.
//
// It needs programs: see [Options.Assets] and [Options.KubeVirtAdmission]. It refuses to run elsewhere than on loopback, and it
// never runs a real virtual machine: what happens inside one is decided by a guestapi.Guests.
package simulator
