package guest

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// inodeOfPeer names the socket at the other end of a connection within this host; empty when it is not found. On
// loopback, addresses do not tell who dials: all come from 127.0.0.1.
func inodeOfPeer(conn net.Conn) string {
	local, okLocal := conn.LocalAddr().(*net.TCPAddr)
	remote, okRemote := conn.RemoteAddr().(*net.TCPAddr)
	if !okLocal || !okRemote {
		return ""
	}
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		return ""
	}
	return findInode(table, remote.AddrPort(), local.AddrPort())
}

// findInode looks a socket up in a table such as /proc/net/tcp (proc(5)): the second and third column are the local and
// the remote address, the tenth is the inode.
func findInode(table []byte, local, remote netip.AddrPort) string {
	wantLocal, wantRemote := procAddress(local), procAddress(remote)
	lines := bufio.NewScanner(bytes.NewReader(table))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) > 9 && fields[1] == wantLocal && fields[2] == wantRemote {
			return fields[9]
		}
	}
	return ""
}

// procAddress writes an IPv4 address as the kernel does: a word in the host's byte order.
func procAddress(address netip.AddrPort) string {
	ip := address.Addr().Unmap()
	if !ip.Is4() {
		return ""
	}
	octets := ip.As4()
	return fmt.Sprintf("%08X:%04X", binary.NativeEndian.Uint32(octets[:]), address.Port())
}

// holdsSocket tells whether a process of this user has the socket open.
func holdsSocket(pid int, inode string) bool {
	dir := filepath.Join("/proc", strconv.Itoa(pid), "fd")
	descriptors, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, descriptor := range descriptors {
		if target, err := os.Readlink(filepath.Join(dir, descriptor.Name())); err == nil && target == "socket:["+inode+"]" {
			return true
		}
	}
	return false
}
