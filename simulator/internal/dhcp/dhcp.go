// Package dhcp leases addresses from a prefix, as the DHCP server of a network would: the same client always gets the
// same address. Server is the main type; its leases lie in a ConfigMap, so that they outlive a restart.
//
// It speaks no protocol: who wants an address calls Lease.
package dhcp

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// ErrExhausted is returned when every address of the prefix is leased.
var ErrExhausted = errors.New("no address left to lease")

// firstHost is the offset of the first address that is leased; lower ones are left to routers and servers.
const firstHost = 10

// Server leases addresses. Safe for concurrent use.
type Server struct {
	writer client.Client
	reader client.Reader
	store  client.ObjectKey
	prefix netip.Prefix

	mu     sync.Mutex
	leases map[string]string // nil until read from the store
}

// New returns a server that keeps its leases in the named ConfigMap, whose namespace must exist by the first Lease.
func New(writer client.Client, reader client.Reader, store client.ObjectKey, prefix netip.Prefix) *Server {
	return &Server{writer: writer, reader: reader, store: store, prefix: prefix}
}

// Lease returns the address of a client. The client's id must be a valid ConfigMap key: letters, digits, '-', '_', '.'.
func (s *Server) Lease(ctx context.Context, id string) (netip.Addr, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if addr, err := netip.ParseAddr(s.leases[id]); err == nil {
		return addr, nil
	}
	var addr netip.Addr
	err := retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		leases, err := s.read(ctx)
		if err != nil {
			return err
		}
		if known, err := netip.ParseAddr(leases.Data[id]); err == nil {
			addr, s.leases = known, leases.Data
			return nil
		}
		if addr, err = next(s.prefix, leases.Data); err != nil {
			return err
		}
		leases.Data[id] = addr.String()
		if err := s.write(ctx, leases); err != nil {
			return err
		}
		s.leases = leases.Data
		return nil
	})
	if err != nil {
		return netip.Addr{}, fmt.Errorf("lease an address of %s to %s: %w", s.prefix, id, err)
	}
	return addr, nil
}

// Release gives a client's address back; a client without one is no error.
func (s *Server) Release(ctx context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		leases, err := s.read(ctx)
		if err != nil {
			return err
		}
		if _, ok := leases.Data[id]; !ok {
			return nil
		}
		delete(leases.Data, id)
		s.leases = leases.Data
		return s.write(ctx, leases)
	})
	if err != nil {
		return fmt.Errorf("release the lease of %s: %w", id, err)
	}
	return nil
}

func (s *Server) read(ctx context.Context) (*corev1.ConfigMap, error) {
	leases := &corev1.ConfigMap{}
	err := s.reader.Get(ctx, s.store, leases)
	if apierrors.IsNotFound(err) {
		leases = &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: s.store.Namespace, Name: s.store.Name}}
		err = nil
	}
	if leases.Data == nil {
		leases.Data = map[string]string{}
	}
	return leases, err
}

func (s *Server) write(ctx context.Context, leases *corev1.ConfigMap) error {
	if leases.ResourceVersion == "" {
		return s.writer.Create(ctx, leases)
	}
	return s.writer.Update(ctx, leases)
}

// next is the lowest address that nobody has.
func next(prefix netip.Prefix, leases map[string]string) (netip.Addr, error) {
	taken := make(map[string]bool, len(leases))
	for _, addr := range leases {
		taken[addr] = true
	}
	addr := prefix.Masked().Addr()
	for offset := 0; prefix.Contains(addr); offset++ {
		following := addr.Next()
		// The last address of the prefix is its broadcast address.
		if offset >= firstHost && !taken[addr.String()] && prefix.Contains(following) {
			return addr, nil
		}
		addr = following
	}
	return netip.Addr{}, fmt.Errorf("%s: %w", prefix, ErrExhausted)
}
