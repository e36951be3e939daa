package etcdctl

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var inside = Container{
	Program: "/bin/etcdctl", Endpoint: "https://127.50.1.10:2379", CACert: "/h/ca", Cert: "/h/cert", Key: "/h/key",
	Path: func(name string) string { return "/disk" + name },
}

func TestPathsAndLocalhostMeanTheNode(t *testing.T) {
	assert.Equal(t,
		[]string{"--endpoints=https://127.50.1.10:2379,https://10.0.0.1:2379", "--cacert", "/disk/ca.crt", "--cert=/disk/c.crt", "-w", "json", "member", "list", "--key"},
		inside.arguments([]string{"--endpoints=https://127.0.0.1:2379,https://10.0.0.1:2379", "--cacert", "/ca.crt", "--cert=/c.crt", "-w", "json", "member", "list", "--key"}))
}

func TestTheNodesOwnIdentityIsTheDefault(t *testing.T) {
	for name, test := range map[string]struct {
		called invocation
		want   []string
	}{
		"nothing is named": {invocation{arguments: []string{"member", "list"}},
			[]string{"ETCDCTL_CACERT=/h/ca", "ETCDCTL_CERT=/h/cert", "ETCDCTL_ENDPOINTS=https://127.50.1.10:2379", "ETCDCTL_KEY=/h/key"}},
		"flags": {invocation{arguments: []string{"--endpoints", "x", "--cacert=y"}}, nil},
		"variables": {invocation{environment: map[string]string{"ETCDCTL_API": "3", "ETCDCTL_CERT": "/c", "ETCDCTL_ENDPOINTS": "localhost:2379"}},
			[]string{"ETCDCTL_API=3", "ETCDCTL_CERT=/disk/c", "ETCDCTL_ENDPOINTS=https://127.50.1.10:2379"}},
	} {
		found := inside.environment(test.called)
		slices.Sort(found)
		assert.ElementsMatch(t, test.want, found, name)
	}
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	var problems bytes.Buffer
	require.Equal(t, exitNotFound, inside.Run(t.Context(), []string{"bash-completion"}, &problems, &problems))
	none := Container{}
	require.Equal(t, exitNotFound, none.Run(t.Context(), []string{"etcdctl", "version"}, &problems, &problems))
	broken := Container{Program: t.TempDir()}
	require.Equal(t, exitCannotRun, broken.Run(t.Context(), []string{"etcdctl", "version"}, &problems, &problems))
}
