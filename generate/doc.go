// Package generate is the home of caphv-generate, the program that writes the manifests of a cluster on Harvester from
// a handful of answers. The program is in cmd/caphv-generate; this package holds nothing else.
//
// The rooms behind it: settings (the answers and what is wrong with them), manifest (the objects), check (what the
// webhook would say), apply (server-side apply), prompt (questions on a terminal), clusterclass (the ClusterClass that
// ships) and command (flags and exit codes).
package generate
