// Package doctor is the command caphv-doctor: it answers why a cluster or a machine is not ready.
//
// Diagnose is a pure function of a Snapshot. What the snapshot holds is collected from the management cluster and, as far as
// the caller's rights reach, from Harvester and the workload cluster. Nothing is written anywhere. What could not be read is
// listed with the right that was missing; what could be read is answered all the same.
package doctor
