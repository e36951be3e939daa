package guest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"strconv"
	"sync"

	"k8s.io/client-go/kubernetes"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/kubelet"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/rke2"
)

// kubeletService is a node's kubelet, which a fault may stop for a while.
type kubeletService struct {
	node   *node
	client kubernetes.Interface
	// serving is what its port answers with; nil leaves the port closed.
	serving  *tls.Certificate
	clientCA *x509.CertPool
	pods     func() []kubelet.StaticPod

	registered chan struct{}
	once       sync.Once

	mu      sync.Mutex
	again   func()
	cancel  context.CancelFunc
	running *kubelet.Kubelet
	port    io.Closer
	group   sync.WaitGroup
}

// start runs the kubelet until stop or the end of ctx.
func (k *kubeletService) start(ctx context.Context) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.cancel != nil || ctx.Err() != nil {
		return
	}
	k.again = func() { k.start(ctx) }
	run, cancel := context.WithCancel(ctx)
	k.cancel = cancel
	if k.serving != nil {
		k.open(ctx)
	}
	options := k.node.machine.manager.options
	var port int32
	if k.serving != nil {
		port = rke2.KubeletPort
	}
	running := kubelet.New(kubelet.Options{
		Identity: k.node.identity(port), Client: k.client, Heartbeat: options.Heartbeat,
		StaticPods: k.pods, Clock: options.Clock, Logf: k.node.machine.logf,
		Registered: func() { k.once.Do(func() { close(k.registered) }) },
	})
	k.running = running
	k.group.Go(func() { running.Run(run) })
}

// open serves the kubelet's port. A port that is taken is reported: the machine
// shares its address with another one.
func (k *kubeletService) open(ctx context.Context) {
	host := k.node.address.String()
	server, err := kubelet.Listen(ctx, kubelet.ServerOptions{
		Address: net.JoinHostPort(host, strconv.Itoa(rke2.KubeletPort)), Host: host,
		Certificate: *k.serving, ClientCA: k.clientCA,
		Commands: containers{k.node}, LogFile: k.node.logOf,
	})
	if err != nil {
		k.node.machine.logf("%v", err)
		return
	}
	k.port = server
}

// stop ends the kubelet and returns when it has ended. Its Node stays.
func (k *kubeletService) stop() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.cancel == nil {
		return
	}
	k.cancel()
	if k.port != nil {
		k.port.Close()
		k.port = nil
	}
	k.group.Wait()
	k.cancel, k.running = nil, nil
}

// resume starts a kubelet that a fault has stopped.
func (k *kubeletService) resume() {
	k.mu.Lock()
	again := k.again
	k.mu.Unlock()
	if again != nil {
		again()
	}
}

// sync has a changed static pod reported at once.
func (k *kubeletService) sync() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.running != nil {
		k.running.Sync()
	}
}

func (k *kubeletService) awaitRegistered(ctx context.Context) bool {
	select {
	case <-k.registered:
		return true
	case <-ctx.Done():
		return false
	}
}
