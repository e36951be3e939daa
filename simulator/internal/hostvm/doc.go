// Package hostvm behaves as the controllers that Harvester itself runs beside KubeVirt for every VM: they create claims
// from an annotation, delete the listed ones with the VM, and keep writing to the VM and its instance in the background.
//
// MachineController and InstanceController are the shells; AnnotateMachine, SyncLabels and Topology decide what to write.
// A client must expect its objects to change under its hands: these writers are why.
package hostvm
