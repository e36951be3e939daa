// Package etcdops takes a control-plane node's member out of etcd without harm.
//
// It observes a cluster (Client.Observe gives a Snapshot), decides what to do next (Decide, a pure function from a
// Snapshot to a Plan) and acts (Client.MoveLeader, Client.RemoveMember), each action verified by reading again.
// PortForwardDialer reaches an etcd that listens only inside a guest cluster; ClientCertificate makes the
// certificate for it from the cluster's etcd CA.
//
// The package refuses to plan a removal that would leave fewer healthy voters than the quorum of the voters that
// remain, never touches the last voter, and leaves a cluster alone that is being deleted as a whole. It matches
// members to nodes exactly, never by a bare prefix. It adds no members and repairs no lost quorum.
package etcdops
