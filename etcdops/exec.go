package etcdops

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/streaming/pkg/httpstream"
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

const defaultExecTimeout = 10 * time.Second

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
	overSPDY, err := remotecommand.NewSPDYExecutor(config.REST, http.MethodPost, target)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrInvalidConfig, err)
	}
	executor, err := remotecommand.NewFallbackExecutor(overWebSocket, overSPDY, httpstream.IsUpgradeFailure)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrInvalidConfig, err)
	}
	var out, problems bytes.Buffer
	err = executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: &out, Stderr: &problems})
	return out.Bytes(), problems.Bytes(), err
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
