// Package restore makes of kubectl's dumps of a lost management cluster what `clusterctl move --from-directory` reads, and
// holds the command caphv-restore.
//
// clusterctl creates the owners first and gives every owner reference the UID that the owner has now; applied as they are,
// dumps refer to UIDs that mean nothing any more, and the garbage collector deletes what they hold. What clusterctl's own
// files have beyond a dump is done here: Clusters are paused until all is there, and no reference leads out of the dump.
package restore
