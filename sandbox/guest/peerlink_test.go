package guest

import (
	"io"
	"net"
	"net/netip"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/etcd"
)

func TestFindInode(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	dialed, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	defer dialed.Close()
	accepted, err := listener.Accept()
	require.NoError(t, err)
	defer accepted.Close()
	inode := inodeOfPeer(accepted)
	require.NotEmpty(t, inode)
	assert.True(t, holdsSocket(os.Getpid(), inode))
	assert.False(t, holdsSocket(os.Getpid(), "0"))
	assert.NotEqual(t, inode, inodeOfPeer(dialed), "each end is a socket of its own")
	assert.Empty(t, findInode([]byte("sl local\n"), netip.MustParseAddrPort("127.0.0.1:1"), netip.MustParseAddrPort("[::1]:2")))
}

// echo answers what it hears.
func echo(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(conn, conn); conn.Close() }()
		}
	}()
	return listener.Addr().String()
}

func TestALinkHoldsBackWhatItsEndsSendWhileOneIsCutOff(t *testing.T) {
	for name, dialerIsCut := range map[string]bool{"the listening end": false, "the dialling end": true} {
		t.Run(name, func(t *testing.T) {
			dials, listens := &server{}, &server{}
			network := newPeerNetwork(func(inode string) *server {
				if holdsSocket(os.Getpid(), inode) {
					return dials
				}
				return nil
			})
			link, err := openPeerLink(t.Context(), network, listens, etcd.Member{Address: "127.77.0.1", ListenPeer: echo(t)})
			require.NoError(t, err)
			conn, err := net.Dial("tcp", "127.77.0.1:2380")
			require.NoError(t, err)
			defer conn.Close()
			say := func(word string) { _, err := conn.Write([]byte(word)); require.NoError(t, err) }
			hear := func(word string) {
				heard := make([]byte, len(word))
				_, err := io.ReadFull(conn, heard)
				require.NoError(t, err)
				assert.Equal(t, word, string(heard))
			}
			say("one")
			hear("one")

			cut := listens
			if dialerIsCut {
				cut = dials
			}
			network.set(&server{}, true)
			say("two")
			hear("two") // somebody else is cut off
			network.set(cut, true)
			said := make(chan struct{})
			heard := make(chan struct{})
			go func() { say("three"); close(said); hear("three"); close(heard) }()
			<-said
			select {
			case <-heard:
				t.Error("it passed the cut")
			default:
			}
			network.set(cut, false)
			<-heard
			network.set(cut, true)
			link.close()
			_, err = conn.Read(make([]byte, 1))
			require.Error(t, err, "a link that is closed lets go of what waits")
		})
	}
}
