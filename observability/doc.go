// Package observability holds the metrics of the Harvester infrastructure provider: the families of the operations
// guide to the letter, and a few more under the same prefix.
//
// The main type is Metrics. New registers every family with one Registerer; each family has a method that writes it,
// and the families with a cluster or machine label have one that ends their series.
//
// The package measures nothing by itself, starts no server and has no global state: two Metrics on two registries do
// not know of each other. It refuses labels that grow without bound; no object name, address or error text is ever a
// label beyond the cluster, machine and pool names that the guide asks for.
package observability
