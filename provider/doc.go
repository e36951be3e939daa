// Package provider is the root of the Cluster API infrastructure provider for Harvester: the manager binary in
// cmd/manager and the reconcilers behind it.
//
// It composes and does not compute: addresses come from module ipam, what a guest reads at its first boot from
// cloudinit, VMs and connections from harvesterclient, etcd's next step from etcdops, verdicts on manifests from
// validation. What is here is how they work together: internal/harvestercluster and internal/harvestermachine are lists
// of phases, internal/phase says what each typed error means for a condition and a retry.
//
// Everything is internal: the module is a binary, not a library, and makes no promise to importers.
package provider
