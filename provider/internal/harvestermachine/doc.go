// Package harvestermachine reconciles HarvesterMachines: each becomes a VM on Harvester and a Node in its guest cluster.
//
// The reconcile is a list of phases (see normalPhases and deletionPhases); each owns one condition and is a file of
// its own. What can be decided from values is a pure function beside the phase that uses it. Everything on Harvester
// is found again by its deterministic name and judged by its labels, so an interrupted reconcile is simply run again.
//
// The package never adopts or deletes a VM by its name alone, never writes into the spec of a VM that exists, and never
// drops its finalizer while anything it created is left.
package harvestermachine
