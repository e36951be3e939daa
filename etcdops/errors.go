package etcdops

import "errors"

// Errors that callers act on. They come wrapped; use errors.Is.
var (
	// ErrUnhealthy says that etcd itself refused a member change because the cluster is not healthy enough, which is
	// usual within about 5 s of another change. Observe, decide and try again later.
	ErrUnhealthy = errors.New("etcd refuses member changes while its cluster is unhealthy; try again later")
	// ErrNoLeader says that etcd has no leader, or lost it during the call. Try again later.
	ErrNoLeader = errors.New("etcd has no leader; try again later")
	// ErrUnreachable says that no member answered.
	ErrUnreachable = errors.New("no etcd member answers")
	// ErrNotApplied says that etcd accepted a change and yet reading again did not show it. Observe and decide again.
	ErrNotApplied = errors.New("the change does not show when etcd is read again")
	// ErrUnknownMember says that the cluster has no member of that ID, so it cannot lead or take over.
	ErrUnknownMember = errors.New("etcd has no such member")
	// ErrInvalidConfig says that the caller's configuration cannot work; trying again does not help.
	ErrInvalidConfig = errors.New("invalid etcd client configuration")
)
