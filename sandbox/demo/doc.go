// Package demo lives through a cluster's life in a sandbox and tells about it:
// the real caphv-generate writes and applies a cluster, its machines become
// Running, it gets one worker more, a lost machine is replaced, it is deleted,
// and what is left behind is counted on Harvester and in the process table.
//
// [Run] is the whole story; the end-to-end tests tell it too, with the manager
// killed meanwhile. It changes only the namespace it makes and the cluster in
// it, and it fails, with the first thing that is not as it should be, rather
// than report a success it has not seen.
package demo
