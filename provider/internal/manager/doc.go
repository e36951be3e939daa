// Package manager puts the parts together: flags, the controller manager with its caches, the connections to Harvester
// and to guest clusters, both reconcilers and the webhooks.
//
// Options are what the flags say; Run runs until its context ends. The package holds no behaviour of its own.
package manager
