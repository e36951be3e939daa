// Package poolwatch tells of leaked addresses: those that a pool on Harvester holds for a machine of this management
// cluster of which there is nothing any more. It sets a metric for each pool and writes an event on the HarvesterCluster.
//
// It only looks. What to do about a leak is for a person with caphv-ipam to decide.
package poolwatch
