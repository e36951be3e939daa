package guest_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/client-go/util/exec"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/pki"
)

// run executes a command in a pod's container, by either streaming protocol.
func (l *clusterLife) run(t *testing.T, websocket bool, pod, container string, command ...string) (stdout, stderr string, err error) {
	t.Helper()
	request := l.client.CoreV1().RESTClient().Post().Resource("pods").Namespace("kube-system").Name(pod).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{Container: container, Command: command, Stdout: true, Stderr: true}, scheme.ParameterCodec)
	var executor remotecommand.Executor
	if websocket {
		executor, err = remotecommand.NewWebSocketExecutor(l.config(), "GET", request.URL().String())
	} else {
		executor, err = remotecommand.NewSPDYExecutor(l.config(), "POST", request.URL())
	}
	require.NoError(t, err)
	var out, problems bytes.Buffer
	err = executor.StreamWithContext(t.Context(), remotecommand.StreamOptions{Stdout: &out, Stderr: &problems})
	return out.String(), problems.String(), err
}

func (l *clusterLife) etcdctl(t *testing.T) {
	t.Helper()
	for _, websocket := range []bool{false, true} {
		out, problems, err := l.run(t, websocket, "etcd-cp-a", "etcd", "etcdctl", "member", "list")
		require.NoError(t, err, problems)
		assert.Len(t, strings.Split(strings.TrimSpace(out), "\n"), 3)
		assert.Regexp(t, `(?m)^[0-9a-f]+, started, cp-b-[0-9a-f]{8}, https://[0-9.]+:2380, https://[0-9.]+:2379, false$`, out)
	}
	const tlsDir = "/var/lib/rancher/rke2/server/tls/etcd/"
	out, problems, err := l.run(t, false, "etcd-cp-b", "etcd", "sh", "-c",
		"ETCDCTL_API=3 etcdctl --endpoints 'https://127.0.0.1:2379' --cacert="+tlsDir+"server-ca.crt --cert="+tlsDir+
			"server-client.crt --key="+tlsDir+"server-client.key -w json member list")
	require.NoError(t, err, problems)
	assert.Contains(t, out, `"members":[`)
	for _, words := range [][]string{{"endpoint", "health"}, {"endpoint", "status"}, {"version"}} {
		_, problems, err := l.run(t, false, "etcd-cp-c", "etcd", append([]string{"etcdctl"}, words...)...)
		require.NoError(t, err, problems)
	}
	for _, refused := range []struct {
		status  int
		command []string
	}{
		{127, []string{"bash-completion"}},
		{1, []string{"etcdctl", "member", "remove", "123"}},
		{128, []string{"etcdctl", "--cacert", "/no/such/file", "member", "list"}},
		{1, []string{"etcdctl", "nonsense"}},
		{128, []string{"sh", "-c", "etcdctl member list | grep x"}},
	} {
		_, problems, err := l.run(t, false, "etcd-cp-a", "etcd", refused.command...)
		var exit exec.CodeExitError
		require.ErrorAs(t, err, &exit, "%v", refused.command)
		assert.Equal(t, refused.status, exit.Code, "%v: %s", refused.command, problems)
		assert.NotEmpty(t, problems)
	}
	_, _, err = l.run(t, false, "kube-scheduler-cp-a", "kube-scheduler", "etcdctl", "version")
	assert.Error(t, err, "other containers have no programs")
}

// portForward goes the way of the RKE2 provider: through the API server, to the
// etcd pod, with a certificate of the etcd authority.
func (l *clusterLife) portForward(t *testing.T) {
	t.Helper()
	transport, upgrader, err := spdy.RoundTripperFor(l.config())
	require.NoError(t, err)
	request := l.client.CoreV1().RESTClient().Post().Resource("pods").Namespace("kube-system").Name("etcd-cp-b").SubResource("portforward")
	stop, open := make(chan struct{}), make(chan struct{})
	defer close(stop)
	forwarder, err := portforward.New(spdy.NewDialer(upgrader, &http.Client{Transport: transport}, "POST", request.URL()),
		[]string{"0:2379"}, stop, open, io.Discard, io.Discard)
	require.NoError(t, err)
	go func() { _ = forwarder.ForwardPorts() }() // ends with the test
	<-open
	ports, err := forwarder.GetPorts()
	require.NoError(t, err)

	client, err := clientv3.New(clientv3.Config{
		Endpoints: []string{fmt.Sprintf("https://127.0.0.1:%d", ports[0].Local)}, TLS: l.etcdTLS(t),
	})
	require.NoError(t, err)
	defer client.Close()
	members, err := client.MemberList(t.Context())
	require.NoError(t, err)
	assert.Len(t, members.Members, 3)
	status, err := client.Status(t.Context(), client.Endpoints()[0])
	require.NoError(t, err)
	assert.NotZero(t, status.Leader)
}

// etcdTLS makes a client of the etcd authority in the bootstrap data.
func (l *clusterLife) etcdTLS(t *testing.T) *tls.Config {
	t.Helper()
	unindent := func(placeholder string) []byte {
		return []byte(strings.ReplaceAll(l.values.Replace(placeholder), "\n      ", "\n"))
	}
	authority, err := pki.Load(pki.Pair{Certificate: unindent("@@etcd-server-ca.crt@@"), Key: unindent("@@etcd-server-ca.key@@")})
	require.NoError(t, err)
	pair, err := authority.Issue(pki.Request{CommonName: "cluster-api", Client: true})
	require.NoError(t, err)
	certificate, err := pair.TLS()
	require.NoError(t, err)
	return &tls.Config{RootCAs: authority.Pool(), Certificates: []tls.Certificate{certificate}, ServerName: "localhost"}
}

func (l *clusterLife) logs(t *testing.T) {
	t.Helper()
	pods := l.client.CoreV1().Pods("kube-system")
	lines := int64(2)
	tail, err := pods.GetLogs("kube-apiserver-cp-a", &corev1.PodLogOptions{TailLines: &lines}).DoRaw(t.Context())
	require.NoError(t, err)
	assert.Len(t, strings.Split(strings.TrimSpace(string(tail)), "\n"), 2)
	follow, err := pods.GetLogs("kube-apiserver-cp-a", &corev1.PodLogOptions{Follow: true}).Stream(t.Context())
	require.NoError(t, err)
	defer follow.Close()
	_, err = io.ReadFull(follow, make([]byte, 1000))
	require.NoError(t, err)
	_, err = pods.GetLogs("kube-scheduler-cp-a", &corev1.PodLogOptions{}).DoRaw(t.Context())
	assert.Error(t, err, "what does not run writes no log")
}

func replace(text []byte, before, after string) []byte {
	return []byte(strings.ReplaceAll(string(text), before, after))
}
