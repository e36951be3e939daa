// Package identity leads from a HarvesterCluster to a connection with its Harvester.
//
// Resolver reads the identity Secret and hands its kubeconfig to harvesterclient.Connections. The manager keeps only
// the metadata of Secrets in memory; the content is read once for each version of the Secret. It never puts a
// kubeconfig into an error or a log.
package identity
