package guest

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/etcd"
)

// peerNetwork is what lies between the etcd members of all machines. A member that is cut off keeps its connections,
// but nothing passes in either direction, as behind a broken cable; what was under way arrives when it is mended.
type peerNetwork struct {
	// owner finds the server whose etcd holds a socket; nil when it is not known yet.
	owner func(inode string) *server

	mu sync.Mutex
	// changed wakes those who wait for a mended cable, and for the end of their connection.
	changed *sync.Cond
	cut     map[*server]bool
}

func newPeerNetwork(owner func(inode string) *server) *peerNetwork {
	n := &peerNetwork{owner: owner, cut: map[*server]bool{}}
	n.changed = sync.NewCond(&n.mu)
	return n
}

func (n *peerNetwork) set(s *server, broken bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if broken {
		n.cut[s] = true
	} else {
		delete(n.cut, s)
	}
	n.changed.Broadcast()
}

// await returns when the connection may carry data, and reports false when it has ended.
func (n *peerNetwork) await(c *peerConnection) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for !c.closed && n.blocks(c) {
		n.changed.Wait()
	}
	return !c.closed
}

// blocks tells whether one of the two ends is cut off. Who dials is found out only when it matters.
func (n *peerNetwork) blocks(c *peerConnection) bool {
	if len(n.cut) == 0 {
		return false
	}
	if c.dialer == nil {
		c.dialer = n.owner(c.inode)
	}
	return n.cut[c.link.server] || n.cut[c.dialer]
}

// peerLink stands at a member's peer address and leads to where its etcd listens.
type peerLink struct {
	server   *server
	network  *peerNetwork
	listener net.Listener
	target   string
	// cancel ends what is being dialled.
	cancel context.CancelFunc
	group  sync.WaitGroup

	// connections and closed are guarded by the network's mu.
	connections map[*peerConnection]struct{}
	closed      bool
}

func openPeerLink(ctx context.Context, network *peerNetwork, s *server, member etcd.Member) (*peerLink, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", member.PeerAddress())
	if err != nil {
		return nil, fmt.Errorf("opening the link of etcd's peers: %w", err)
	}
	// The link lives until it is closed, not until ctx ends.
	living, cancel := context.WithCancel(context.WithoutCancel(ctx))
	l := &peerLink{
		server: s, network: network, listener: listener, target: member.ListenPeer, cancel: cancel,
		connections: map[*peerConnection]struct{}{},
	}
	l.group.Go(func() { l.accept(living) })
	return l, nil
}

func (l *peerLink) accept(ctx context.Context) {
	for {
		near, err := l.listener.Accept()
		if err != nil {
			return // the link is closed
		}
		c := &peerConnection{link: l, near: near, inode: inodeOfPeer(near)}
		if !l.add(c) {
			near.Close()
			return
		}
		l.group.Go(func() { c.carry(ctx) })
	}
}

func (l *peerLink) add(c *peerConnection) bool {
	l.network.mu.Lock()
	defer l.network.mu.Unlock()
	if !l.closed {
		l.connections[c] = struct{}{}
	}
	return !l.closed
}

// close ends the link with all its connections.
func (l *peerLink) close() {
	l.network.set(l.server, false)
	l.cancel()
	l.listener.Close()
	l.network.mu.Lock()
	l.closed = true
	for c := range l.connections {
		c.end()
	}
	l.network.mu.Unlock()
	l.group.Wait()
}

// peerConnection is one connection through a link.
type peerConnection struct {
	link  *peerLink
	near  net.Conn
	inode string

	// The rest is guarded by the network's mu.
	far    net.Conn
	dialer *server
	closed bool
}

// carry leads the connection on and returns when it has ended.
func (c *peerConnection) carry(ctx context.Context) {
	defer c.close()
	if !c.link.network.await(c) {
		return
	}
	var dialer net.Dialer
	far, err := dialer.DialContext(ctx, "tcp", c.link.target)
	if err != nil {
		return // etcd does not listen: the other end sees its connection end
	}
	if !c.attach(far) {
		far.Close()
		return
	}
	var both sync.WaitGroup
	both.Go(func() { c.copy(far, c.near) })
	both.Go(func() { c.copy(c.near, far) })
	both.Wait()
}

func (c *peerConnection) attach(far net.Conn) bool {
	c.link.network.mu.Lock()
	defer c.link.network.mu.Unlock()
	if !c.closed {
		c.far = far
	}
	return !c.closed
}

// copy passes on what arrives while the cable is whole. The end of one direction is the end of both: so HTTP ends.
func (c *peerConnection) copy(to io.Writer, from io.Reader) {
	defer c.close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if !c.link.network.await(c) {
				return
			}
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (c *peerConnection) close() {
	c.link.network.mu.Lock()
	defer c.link.network.mu.Unlock()
	c.end()
}

// end is close for those who hold the network's mu.
func (c *peerConnection) end() {
	if c.closed {
		return
	}
	c.closed = true
	c.near.Close()
	if c.far != nil {
		c.far.Close()
	}
	delete(c.link.connections, c)
	c.link.network.changed.Broadcast()
}
