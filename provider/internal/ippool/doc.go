// Package ippool lets module ipam allocate from Harvester's IPPool objects: Store is the adapter.
//
// Harvester's load balancer controller is a second writer of the same objects, which have no status subresource. So a
// Store reads live, changes only what it must in the object as it was read (unstructured: fields this provider has
// never heard of survive), and writes the whole object with the resourceVersion it read. It refuses to write anything
// when somebody else wrote first.
package ippool
