// Package storage behaves as the storage side of Harvester: it imports images, binds claims to volumes after a while,
// protects claims that a machine uses, and turns CDI's data volumes into claims. It stands for Longhorn, CDI, and those
// parts of kube-controller-manager that a simulator without pods cannot leave to the real one.
//
// ClaimController, DataVolumeController and ImageController are the shells; what an image's status says next is decided
// by the pure function NextImageStatus. No byte is ever stored.
package storage
