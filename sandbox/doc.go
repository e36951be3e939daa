// Package sandbox runs CAPHV and everything around it on one machine, as plain
// processes on loopback addresses: a management cluster with the real managers
// of Cluster API core, of RKE2's providers and of CAPHV, and a Harvester
// stand-in whose virtual machines run real etcd members and a real API server.
//
// [Start] returns a running [Sandbox]. It owns one folder and every process it
// started; [Sandbox.Stop] ends them all, and so does the death of the program
// that called Start, however it dies.
//
// It needs Linux, which lets an ordinary user bind any address of 127.0.0.0/8.
// It needs no root, no container runtime and no hypervisor, and it refuses to
// touch a folder that it did not make. Nothing that ships imports it.
package sandbox
