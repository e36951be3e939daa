package guest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/process"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/etcd"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/rke2"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/supervisor"
)

const (
	etcdDataDir = rke2.EtcdDir + "/data"
	// etcdJoinedFile is written when the member has become a voter; without it,
	// data on the disk are those of an attempt to join that was cut short.
	etcdJoinedFile = rke2.EtcdDir + "/joined"
	// etcdJoinTime bounds one attempt to join.
	etcdJoinTime = 2 * time.Minute
	etcdCallTime = 5 * time.Second
)

// errNotServing means that this server's etcd is not up.
var errNotServing = errors.New("etcd is not up on this server")

// nameMember gives the member its name, <node>-<8 hexadecimal digits>, which
// stays with the disk.
func (s *server) nameMember(context.Context) error {
	disk := s.node.machine.disk
	if err := errors.Join(disk.MkdirAll(rke2.EtcdDir), disk.MkdirAll(rke2.LogDir)); err != nil {
		return err
	}
	if name, err := disk.Read(rke2.EtcdNameFile); err == nil {
		s.member.Name = string(name)
		return nil
	}
	random := make([]byte, 4)
	if _, err := rand.Read(random); err != nil {
		return err
	}
	s.member.Name = s.node.name + "-" + hex.EncodeToString(random)
	return disk.Write(rke2.EtcdNameFile, []byte(s.member.Name))
}

// startEtcd starts the member in whichever way its disk calls for.
func (s *server) startEtcd(ctx context.Context) (*process.Process, error) {
	disk := s.node.machine.disk
	switch {
	case disk.Exists(etcdJoinedFile):
		return s.member.StartAgain(ctx)
	case s.node.config.Server == nil:
		// A first attempt that was cut short has made nothing that matters.
		if err := disk.RemoveAll(etcdDataDir); err != nil {
			return nil, err
		}
		started, err := s.member.StartFirst(ctx)
		if err != nil {
			return nil, err
		}
		s.setPeers([]string{s.member.ClientURL()})
		return started, disk.Write(etcdJoinedFile, []byte(s.member.Name))
	default:
		return s.joinEtcd(ctx)
	}
}

// joinEtcd adds the member as a learner, starts it and has it promoted. An
// attempt that fails leaves no process; the next one starts from nothing.
func (s *server) joinEtcd(ctx context.Context) (joined *process.Process, err error) {
	ctx, cancel := context.WithTimeout(ctx, etcdJoinTime)
	defer cancel()
	if err := s.node.machine.disk.RemoveAll(etcdDataDir); err != nil {
		return nil, err
	}
	client, err := s.dialCluster(ctx)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	initialCluster, err := s.member.AddLearner(ctx, client)
	if err != nil {
		return nil, err
	}
	started, err := s.member.StartJoining(ctx, initialCluster)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, started.Kill())
		}
	}()
	if err := s.member.Promote(ctx, client); err != nil {
		return nil, err
	}
	if err := s.member.AwaitHealthy(ctx); err != nil {
		return nil, err
	}
	s.setPeers(append(client.Endpoints(), s.member.ClientURL()))
	return started, s.node.machine.disk.Write(etcdJoinedFile, []byte(s.member.Name))
}

// dialCluster asks the supervisor for the members and opens a client of them.
func (s *server) dialCluster(ctx context.Context) (*clientv3.Client, error) {
	door, err := supervisor.Connect(ctx, s.node.config.Server, s.node.config.Token)
	if err != nil {
		return nil, err
	}
	info, err := door.EtcdInfo(ctx)
	if err != nil {
		return nil, err
	}
	others := slices.DeleteFunc(info.ClientURLs, func(url string) bool { return url == s.member.ClientURL() })
	if len(others) == 0 {
		return nil, fmt.Errorf("%w: it names no etcd member", supervisor.ErrUnavailable)
	}
	return etcd.Dial(others, s.member.TLS)
}

// etcdExited takes the API server down with its etcd, and finds out whether the
// member may come back.
func (s *server) etcdExited(ctx context.Context) bool {
	s.api.kill()
	if !s.memberRemoved(ctx) {
		return true
	}
	s.node.machine.logf("etcd member %s was removed: this machine is no server any more", s.member.Name)
	s.removed.Store(true)
	s.closeDoor()
	s.stopControllers()
	return false
}

// memberRemoved asks the other members. Only an answer counts: a member that
// can reach nobody starts again.
func (s *server) memberRemoved(ctx context.Context) bool {
	s.mu.Lock()
	others := slices.DeleteFunc(slices.Clone(s.peers), func(url string) bool { return url == s.member.ClientURL() })
	s.mu.Unlock()
	if len(others) == 0 {
		return false
	}
	members, err := s.listMembers(ctx, others)
	return err == nil && !slices.ContainsFunc(members, func(m Member) bool { return m.Name == s.member.Name })
}

// listMembers asks the given endpoints for the cluster's members.
func (s *server) listMembers(ctx context.Context, endpoints []string) ([]Member, error) {
	ctx, cancel := context.WithTimeout(ctx, etcdCallTime)
	defer cancel()
	client, err := etcd.Dial(endpoints, s.member.TLS)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	response, err := client.MemberList(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing etcd members: %w", err)
	}
	var members []Member
	for _, listed := range response.Members {
		members = append(members, Member{
			ID: listed.ID, Name: listed.Name, Learner: listed.IsLearner,
			ClientURLs: listed.ClientURLs, PeerURLs: listed.PeerURLs,
		})
	}
	return members, nil
}

// EtcdInfo implements supervisor.Backend: the voters, as a learner serves no
// changes.
func (s *server) EtcdInfo(ctx context.Context) (supervisor.EtcdInfo, error) {
	if s.etcd.alive() == nil {
		return supervisor.EtcdInfo{}, errNotServing
	}
	members, err := s.listMembers(ctx, []string{s.member.ClientURL()})
	if err != nil {
		return supervisor.EtcdInfo{}, err
	}
	var info supervisor.EtcdInfo
	for _, member := range members {
		if !member.Learner {
			info.ClientURLs = append(info.ClientURLs, member.ClientURLs...)
		}
	}
	s.setPeers(info.ClientURLs)
	return info, nil
}

func (s *server) setPeers(urls []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.peers = slices.Clone(urls)
}

// removeMember takes a member out of the cluster through this server's own.
func (s *server) removeMember(ctx context.Context, name string) error {
	client, err := etcd.Dial([]string{s.member.ClientURL()}, s.member.TLS)
	if err != nil {
		return err
	}
	defer client.Close()
	removed, err := etcd.Remove(ctx, client, name)
	if removed {
		s.node.machine.logf("etcd member %s is out", name)
	}
	return err
}
