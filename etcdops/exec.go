package etcdops

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/remotecommand"
)

// ExecConfig says how to reach etcd by running etcdctl inside its pods, as `kubectl exec` does.
type ExecConfig struct {
	// REST reaches the API server of the cluster. It needs the permission to create pods/exec (and to get it, for
	// WebSockets) in the namespace.
	REST *rest.Config
	// Namespace and Pods name the etcd pods, at least one, in the order in which they are asked.
	Namespace string
	Pods      []string
	// Container is the container that has etcdctl. Empty means "etcd".
	Container string
	// Flavor tells where etcdctl finds its certificates.
	Flavor Flavor
	// RequestTimeout bounds each single command. 0 means 10 s: a command starts a process each time.
	RequestTimeout time.Duration
}

const (
	defaultExecTimeout = 10 * time.Second
	// maxOutput bounds the answer of a command, in bytes. That of a hundred members has a tenth of it.
	maxOutput = 1 << 20
)

// DialExec makes a client whose requests are commands of etcdctl inside the etcd pods; no certificate leaves the pod.
// Each pod speaks for its own member only: a member whose pod cannot be reached is not healthy. It connects to nothing
// yet. Errors are ErrInvalidConfig.
func DialExec(config ExecConfig) (*Client, error) {
	if config.REST == nil || len(config.Pods) == 0 {
		return nil, fmt.Errorf("%w: an API server and at least one etcd pod are needed", ErrInvalidConfig)
	}
	prefix, err := etcdctlPrefix(config.Flavor)
	if err != nil {
		return nil, err
	}
	if config.Container == "" {
		config.Container = "etcd"
	}
	if config.RequestTimeout <= 0 {
		config.RequestTimeout = defaultExecTimeout
	}
	return &Client{
		endpoints: slices.Clone(config.Pods), timeout: config.RequestTimeout, doors: map[string]door{},
		open: func(pod string) (door, error) {
			return &etcdctl{prefix: prefix, run: func(ctx context.Context, command []string) (stdout, stderr []byte, err error) {
				return execInPod(ctx, config, pod, command)
			}}, nil
		},
	}, nil
}

// execInPod runs one command. WebSockets are tried first and SPDY where the API server knows only that.
func execInPod(ctx context.Context, config ExecConfig, pod string, command []string) (stdout, stderr []byte, err error) {
	target, err := execURL(config, pod, command)
	if err != nil {
		return nil, nil, err
	}
	overWebSocket, err := remotecommand.NewWebSocketExecutor(config.REST, http.MethodGet, target.String())
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrInvalidConfig, err)
	}
	_, transport, upgrader, err := spdyTransport(config.REST)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrInvalidConfig, err)
	}
	overSPDY, err := remotecommand.NewSPDYExecutorForTransports(transport, upgrader, http.MethodPost, target)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrInvalidConfig, err)
	}
	executor, err := remotecommand.NewFallbackExecutor(overWebSocket, overSPDY, isUpgradeFailure)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrInvalidConfig, err)
	}
	return stream(ctx, executor)
}

// stream runs a command and keeps what it writes, within limits: the far side may write for ever, or never answer.
func stream(ctx context.Context, executor remotecommand.Executor) (stdout, stderr []byte, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out := &limited{limit: maxOutput, exceeded: func() {
		cancel(fmt.Errorf("%w: the command wrote more than %d bytes", ErrUnreachable, maxOutput))
	}}
	problems := &limited{limit: maxComplaint}
	done := make(chan error, 1)
	go func() {
		done <- executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: out, Stderr: problems})
	}()
	select {
	case err = <-done:
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		return nil, problems.bytes(), context.Cause(ctx)
	}
	return out.bytes(), problems.bytes(), err
}

// limited keeps what is written up to a limit in bytes. It is safe for concurrent use.
type limited struct {
	limit int
	// exceeded, when not nil, is called once more is written.
	exceeded func()

	mu   sync.Mutex
	kept []byte
}

// Write keeps what there is room for, and never fails: client-go would go on reading all the same.
func (l *limited) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	room := min(len(text), l.limit-len(l.kept))
	l.kept = append(l.kept, text[:room]...)
	if room < len(text) && l.exceeded != nil {
		l.exceeded()
	}
	return len(text), nil
}

func (l *limited) bytes() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.kept)
}

func execURL(config ExecConfig, pod string, command []string) (*url.URL, error) {
	base, _, err := rest.DefaultServerUrlFor(config.REST)
	if err != nil {
		return nil, fmt.Errorf("%w: API server address: %w", ErrInvalidConfig, err)
	}
	target := base.JoinPath("api", "v1", "namespaces", config.Namespace, "pods", pod, "exec")
	target.RawQuery = url.Values{
		"container": {config.Container}, "command": command, "stdout": {"true"}, "stderr": {"true"},
	}.Encode()
	return target, nil
}
