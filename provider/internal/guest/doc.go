// Package guest is how the provider reaches into a guest cluster: to initialise the Node of a machine, and to see its
// etcd members leave. Access goes through Cluster API's clustercache.
//
// What to do with a Node is decided by PlanNode, a pure function. The package never overwrites what the guest's own
// cloud provider has set, and never deletes a Node.
package guest
