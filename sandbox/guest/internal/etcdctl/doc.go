// Package etcdctl is what an exec into a guest's etcd pod finds: the commands
// of etcdctl that operators use on members, done for real on the running etcd.
//
// It knows member list, member remove, member promote, move-leader, endpoint
// health, endpoint status, alarm list and version, with the output formats simple, fields
// left out, and json. Without flags it acts with the certificates of its node,
// as an etcdctl whose ETCDCTL_ variables are set.
package etcdctl
