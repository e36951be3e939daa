package etcdops

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
)

const (
	// keepAliveTime and keepAliveTimeout let a connection through a dead tunnel be noticed. etcd allows no less than
	// 5 s between pings.
	keepAliveTime    = 10 * time.Second
	keepAliveTimeout = 5 * time.Second
	// reconnectDelay bounds the pause between attempts to connect again, so that a member which comes back is seen.
	reconnectDelay = 2 * time.Second
)

// server is the connection to one endpoint.
type server struct{ etcd *clientv3.Client }

var _ door = (*server)(nil)

func newServer(endpoint string, config Config) (*server, error) {
	named, dial, err := underServerName(endpoint, config)
	if err != nil {
		return nil, err
	}
	etcd, err := clientv3.New(clientv3.Config{
		Endpoints:            []string{named},
		TLS:                  config.TLS,
		DialKeepAliveTime:    keepAliveTime,
		DialKeepAliveTimeout: keepAliveTimeout,
		MaxUnaryRetries:      1,
		// The client logs each failed attempt to stderr otherwise; failures are returned, once, to the caller.
		Logger: zap.NewNop(),
		DialOptions: []grpc.DialOption{
			grpc.WithContextDialer(dial),
			grpc.WithConnectParams(grpc.ConnectParams{
				Backoff:           backoff.Config{BaseDelay: reconnectDelay / 8, Multiplier: 2, MaxDelay: reconnectDelay},
				MinConnectTimeout: config.RequestTimeout,
			}),
			grpc.WithChainUnaryInterceptor(failFast),
		},
	})
	if err != nil {
		return nil, fmt.Errorf("%w: endpoint %s: %w", ErrInvalidConfig, endpoint, err)
	}
	return &server{etcd: etcd}, nil
}

// underServerName makes TLS check the server for config.TLS.ServerName. The etcd client takes the name to check from
// the endpoint and overrides what the configuration says, so the endpoint it gets bears that name, and the dialer
// leads to where the endpoint really is.
func underServerName(endpoint string, config Config) (string, DialFunc, error) {
	if config.TLS == nil || config.TLS.ServerName == "" {
		return endpoint, config.Dialer, nil
	}
	u, err := url.Parse(endpoint)
	if err != nil {
		return "", nil, fmt.Errorf("%w: endpoint: %w", ErrInvalidConfig, err)
	}
	address := u.Host
	u.Host = net.JoinHostPort(config.TLS.ServerName, u.Port())
	return u.String(), func(ctx context.Context, _ string) (net.Conn, error) {
		return config.Dialer(ctx, address)
	}, nil
}

// failFast makes a request fail with the reason when the endpoint cannot be reached; the etcd client would wait for
// the whole timeout and then only tell that it passed.
func failFast(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	return invoke(ctx, method, req, reply, conn, append(opts, grpc.WaitForReady(false))...)
}

// status asks over the connection that is there; the etcd client's own Status would open another one each time.
func (s *server) status(ctx context.Context) (*etcdserverpb.StatusResponse, error) {
	return etcdserverpb.NewMaintenanceClient(s.etcd.ActiveConnection()).Status(ctx, &etcdserverpb.StatusRequest{})
}

func (s *server) members(ctx context.Context, byConsensus bool) ([]*etcdserverpb.Member, error) {
	var opts []clientv3.OpOption
	if !byConsensus {
		opts = append(opts, clientv3.WithSerializable())
	}
	response, err := s.etcd.MemberList(ctx, opts...)
	if err != nil {
		return nil, err
	}
	return response.Members, nil
}

func (s *server) alarms(ctx context.Context) ([]*etcdserverpb.AlarmMember, error) {
	response, err := s.etcd.AlarmList(ctx)
	if err != nil {
		return nil, err
	}
	return response.Alarms, nil
}

func (s *server) moveLeader(ctx context.Context, target uint64) error {
	_, err := s.etcd.MoveLeader(ctx, target)
	return err
}

func (s *server) removeMember(ctx context.Context, id uint64) error {
	_, err := s.etcd.MemberRemove(ctx, id)
	return err
}

func (s *server) close() error { return s.etcd.Close() }
