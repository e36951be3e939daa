// Package kubevirt behaves as KubeVirt does towards a client of its API: it runs VirtualMachines as
// VirtualMachineInstances, brings those through their phases, reports what their guest agents say, and takes them down
// in two steps behind finalizers.
//
// MachineController and InstanceController are the shells; what they do is decided by pure functions: Decide (whether an
// instance should exist), PrintableStatus, PickNode and Interfaces. Power owns what runs inside. Operations are the
// subresources (start, stop, restart, migrate), and Faults what can go wrong on demand.
//
// It refuses to schedule for real: there are no launcher pods, and a machine runs wherever its guestapi.Guests runs it.
package kubevirt
