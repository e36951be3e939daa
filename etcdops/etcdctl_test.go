package etcdops

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
)

// recorded is what etcdctl 3.6.14 wrote when it was asked for these words of a real etcd.
func recorded(tb testing.TB, name string) []byte {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "etcdctl-3.6", name))
	require.NoError(tb, err)
	return text
}

// spoken is an etcdctl door whose command answers with a recorded text, and what it was asked.
func spoken(stdout, stderr []byte, err error) (*etcdctl, *[]string) {
	var asked []string
	return &etcdctl{prefix: []string{"etcdctl"}, run: func(_ context.Context, command []string) ([]byte, []byte, error) {
		asked = append(asked, strings.Join(command, " "))
		return stdout, stderr, err
	}}, &asked
}

func TestEtcdctlAnswersAreUnderstood(t *testing.T) {
	e, asked := spoken(recorded(t, "member-list.json"), nil, nil)
	members, err := e.members(t.Context(), true)
	require.NoError(t, err)
	require.Len(t, members, 2)
	assert.Equal(t, uint64(10788421597131779730), members[0].ID)
	assert.Equal(t, "cp-1-0123abcd", members[0].Name)
	assert.Equal(t, []string{"http://127.60.0.1:2379"}, members[0].ClientURLs)
	assert.True(t, members[1].IsLearner)
	assert.Empty(t, members[1].Name, "it has not started")
	_, err = e.members(t.Context(), false)
	require.NoError(t, err)
	assert.Equal(t, []string{"etcdctl member list", "etcdctl member list --consistency=s"}, *asked)

	e, _ = spoken(recorded(t, "endpoint-status.json"), nil, nil)
	status, err := e.status(t.Context())
	require.NoError(t, err)
	assert.Equal(t, uint64(10788421597131779730), status.Header.MemberId)
	assert.Equal(t, status.Header.MemberId, status.Leader)
	assert.Equal(t, "3.6.8", status.Version)
	assert.EqualValues(t, 5, status.RaftAppliedIndex)
	assert.EqualValues(t, 2147483648, status.DbSizeQuota)

	e, _ = spoken(recorded(t, "alarm-list.json"), nil, nil)
	raised, err := e.alarms(t.Context())
	require.NoError(t, err)
	require.Len(t, raised, 1)
	assert.Equal(t, etcdserverpb.AlarmType_NOSPACE, raised[0].Alarm)
	assert.Equal(t, uint64(15438372813139537100), raised[0].MemberID)
}

func TestEtcdctlIsAskedInHexadecimal(t *testing.T) {
	e, asked := spoken(nil, nil, nil)
	require.NoError(t, e.removeMember(t.Context(), 0xabc))
	require.NoError(t, e.moveLeader(t.Context(), 0xdef))
	assert.Equal(t, []string{"etcdctl member remove abc", "etcdctl move-leader def"}, *asked)
}

func TestEtcdctlRefusalsMeanWhatEtcdMeant(t *testing.T) {
	exit := errors.New("command terminated with exit code 1")
	for name, c := range map[string]struct {
		stderr string
		want   error
	}{
		"not found, recorded":  {string(recorded(t, "member-remove.stderr")), ErrUnknownMember},
		"transferee, recorded": {string(recorded(t, "move-leader.stderr")), ErrUnknownMember},
		"unhealthy":            {"Error: etcdserver: unhealthy cluster\n", ErrUnhealthy},
		"not enough":           {"Error: etcdserver: re-configuration failed due to not enough started members", ErrUnhealthy},
		"no leader":            {"Error: etcdserver: no leader\r\n", ErrNoLeader},
		"within a log line":    {`{"level":"warn","error":"rpc error: code = Unavailable desc = etcdserver: leader changed"}`, ErrNoLeader},
		"no such program":      {"OCI runtime exec failed: etcdctl: executable file not found in $PATH", exit},
		"an unknown flag":      {"Error: unknown flag: --consistency\n", exit},
		"silence":              {"", exit},
	} {
		t.Run(name, func(t *testing.T) {
			e, _ := spoken(nil, []byte(c.stderr), exit)
			require.ErrorIs(t, translate(e.removeMember(t.Context(), 1)), c.want)
		})
	}
}

func TestEtcdctlSaysNothingOfUse(t *testing.T) {
	for _, text := range []string{"", "null", "[]", "{}", `[{"Endpoint":"x"}]`, `[{"Status":{}}]`, `{"members":[null]}`, `{"members":[{"name":"x"}]}`, "Error"} {
		_, err := parseStatus([]byte(text))
		require.Error(t, err, text)
		_, err = parseMembers([]byte(text))
		require.Error(t, err, text)
	}
}

func TestEtcdctlFindsItsCertificates(t *testing.T) {
	for flavor, want := range map[Flavor]string{
		RKE2:    "--cacert=/var/lib/rancher/rke2/server/tls/etcd/server-ca.crt",
		Kubeadm: "--cacert=/etc/kubernetes/pki/etcd/ca.crt",
	} {
		prefix, err := etcdctlPrefix(flavor)
		require.NoError(t, err)
		assert.Contains(t, prefix, want)
	}
	_, err := DialExec(ExecConfig{})
	require.ErrorIs(t, err, ErrInvalidConfig)
	_, err = etcdctlPrefix("k0s")
	require.ErrorIs(t, err, ErrInvalidConfig)
}

func FuzzEtcdctlOutput(f *testing.F) {
	f.Add(recorded(f, "member-list.json"))
	f.Add(recorded(f, "endpoint-status.json"))
	f.Add([]byte(`[{"Status":{"header":null}}]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if members, err := parseMembers(text); err == nil {
			for _, member := range members {
				assert.NotZero(t, member.ID)
			}
		}
		if status, err := parseStatus(text); err == nil {
			assert.NotNil(t, status.Header)
		}
		require.Error(t, commandError(text, errors.New("exit")))
	})
}
