package etcdops

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
)

// runFunc runs a command and returns what it wrote. An error means that it did not run or did not exit with 0.
type runFunc func(ctx context.Context, command []string) (stdout, stderr []byte, err error)

// etcdctl asks the member beside it by running etcdctl, with JSON for an answer.
type etcdctl struct {
	run runFunc
	// prefix is the command and its global flags.
	prefix []string
}

var _ door = (*etcdctl)(nil)

// localEndpoint is where RKE2 and kubeadm have etcd listen for those on the same node.
const localEndpoint = "https://127.0.0.1:2379"

// etcdctlPrefix names the certificates as the etcd pod sees them: RKE2 mounts its etcd directory, kubeadm its pki directory.
func etcdctlPrefix(flavor Flavor) ([]string, error) {
	prefix := []string{"etcdctl", "--endpoints=" + localEndpoint}
	switch flavor {
	case RKE2:
		const dir = "/var/lib/rancher/rke2/server/tls/etcd/"
		prefix = append(prefix, "--cacert="+dir+"server-ca.crt", "--cert="+dir+"server-client.crt", "--key="+dir+"server-client.key")
	case Kubeadm:
		const dir = "/etc/kubernetes/pki/etcd/"
		prefix = append(prefix, "--cacert="+dir+"ca.crt", "--cert="+dir+"healthcheck-client.crt", "--key="+dir+"healthcheck-client.key")
	default:
		return nil, fmt.Errorf("%w: flavor %q is unknown, so where etcdctl finds its certificates is too", ErrInvalidConfig, flavor)
	}
	return append(prefix, "--write-out=json"), nil
}

func (e *etcdctl) status(ctx context.Context) (*etcdserverpb.StatusResponse, error) {
	out, err := e.do(ctx, "endpoint", "status")
	if err != nil {
		return nil, err
	}
	return parseStatus(out)
}

func (e *etcdctl) members(ctx context.Context, byConsensus bool) ([]*etcdserverpb.Member, error) {
	words := []string{"member", "list"}
	if !byConsensus {
		words = append(words, "--consistency=s")
	}
	out, err := e.do(ctx, words...)
	if err != nil {
		return nil, err
	}
	return parseMembers(out)
}

func (e *etcdctl) alarms(ctx context.Context) ([]*etcdserverpb.AlarmMember, error) {
	out, err := e.do(ctx, "alarm", "list")
	if err != nil {
		return nil, err
	}
	var response etcdserverpb.AlarmResponse
	if err := json.Unmarshal(out, &response); err != nil {
		return nil, fmt.Errorf("read etcdctl's list of alarms: %w", err)
	}
	return slices.DeleteFunc(response.Alarms, func(a *etcdserverpb.AlarmMember) bool { return a == nil }), nil
}

func (e *etcdctl) moveLeader(ctx context.Context, target uint64) error {
	_, err := e.do(ctx, "move-leader", strconv.FormatUint(target, 16))
	return err
}

func (e *etcdctl) removeMember(ctx context.Context, id uint64) error {
	_, err := e.do(ctx, "member", "remove", strconv.FormatUint(id, 16))
	return err
}

func (e *etcdctl) close() error { return nil }

func (e *etcdctl) do(ctx context.Context, words ...string) ([]byte, error) {
	stdout, stderr, err := e.run(ctx, append(slices.Clone(e.prefix), words...))
	if err != nil {
		return nil, commandError(stderr, err)
	}
	return stdout, nil
}

// parseStatus reads the answer of `etcdctl endpoint status` for one endpoint. An endpoint that does not answer is left
// out of the list, which is then null.
func parseStatus(out []byte) (*etcdserverpb.StatusResponse, error) {
	var statuses []struct {
		Status *etcdserverpb.StatusResponse
	}
	if err := json.Unmarshal(out, &statuses); err != nil {
		return nil, fmt.Errorf("read etcdctl's status: %w", err)
	}
	if len(statuses) != 1 || statuses[0].Status == nil || statuses[0].Status.Header == nil {
		return nil, fmt.Errorf("etcdctl gave no status of the member")
	}
	return statuses[0].Status, nil
}

// parseMembers reads the answer of `etcdctl member list`. A list without anybody cannot be a list of members.
func parseMembers(out []byte) ([]*etcdserverpb.Member, error) {
	var response etcdserverpb.MemberListResponse
	if err := json.Unmarshal(out, &response); err != nil {
		return nil, fmt.Errorf("read etcdctl's list of members: %w", err)
	}
	if len(response.Members) == 0 {
		return nil, fmt.Errorf("etcdctl listed no member")
	}
	for _, member := range response.Members {
		if member == nil || member.ID == 0 {
			return nil, fmt.Errorf("etcdctl listed a member without an ID")
		}
	}
	return response.Members, nil
}

// serverWords are etcd's own reasons, wherever etcdctl puts them: in a line of its own or within a log entry.
var serverWords = regexp.MustCompile(`etcdserver: [^"\r\n]*[^". \r\n]`)

// maxStderr bounds how much of a command's complaint goes into an error, in bytes.
const maxStderr = 300

// commandError finds etcd's own reason in what etcdctl complained about, so that it means the same as from a connection.
func commandError(stderr []byte, err error) error {
	if found := serverWords.FindAll(stderr, -1); len(found) > 0 {
		return rpctypes.Error(errors.New(string(found[len(found)-1])))
	}
	if text := lastLine(stderr); text != "" {
		return fmt.Errorf("etcdctl: %s (%w)", text, err)
	}
	return fmt.Errorf("etcdctl: %w", err)
}

// lastLine is the last line that is not empty, without what does not belong into an error.
func lastLine(text []byte) string {
	var last []rune
	for line := range slices.Values(regexp.MustCompile(`[\r\n]+`).Split(string(text), -1)) {
		if line != "" {
			last = []rune(line)
		}
	}
	return string(last[:min(len(last), maxStderr)])
}
