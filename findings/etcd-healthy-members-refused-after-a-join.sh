#!/usr/bin/env bash
# etcd v3.6.8: for about five seconds after a member has joined, a cluster whose members are all up and in sync refuses
# every change of membership with "etcdserver: unhealthy cluster". Nothing has to be repaired; the same request succeeds
# a few seconds later.
#
# Expected by most: the answer means that a member is down. The leader counts a peer as healthy only after its connection
# has stood for five seconds (HealthInterval), so that a controller which replaces control plane nodes one after the
# other meets the error in ordinary operation and must retry instead of calling for repair.
#
# Output seen:
#   learner promoted: every member answers a linearizable read
#   next change: refused, etcdserver: unhealthy cluster
#   the same change, retried: accepted
. "$(dirname "$0")/lib/go.sh"

cat >go.mod <<'EOF'
module finding

go 1.26.0

require (
	go.etcd.io/etcd/api/v3 v3.6.8
	go.etcd.io/etcd/client/v3 v3.6.8
	go.etcd.io/etcd/server/v3 v3.6.8
)
EOF
cat >main.go <<'EOF'
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/url"
	"os"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
)

func freeURL() url.URL {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	defer listener.Close()
	return url.URL{Scheme: "http", Host: listener.Addr().String()}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func start(name string, peer, client url.URL, members, state string) *embed.Etcd {
	config := embed.NewConfig()
	config.Name, config.Dir, config.LogLevel = name, name, "fatal"
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	config.InitialCluster, config.ClusterState = members, state
	server, err := embed.StartEtcd(config)
	check(err)
	return server
}

// retry repeats an action until it succeeds or 30 seconds are over.
func retry(ctx context.Context, action func() error) {
	for {
		err := action()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			log.Fatal(err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func main() {
	log.SetOutput(os.Stdout)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()

	peers, clients := []url.URL{freeURL(), freeURL()}, []url.URL{freeURL(), freeURL()}
	first := start("one", peers[0], clients[0], "one="+peers[0].String(), embed.ClusterStateFlagNew)
	defer first.Close()
	<-first.Server.ReadyNotify()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{clients[0].String()}})
	check(err)
	defer client.Close()

	added, err := client.MemberAddAsLearner(ctx, []string{peers[1].String()})
	check(err)
	second := start("two", peers[1], clients[1], "one="+peers[0].String()+",two="+peers[1].String(), embed.ClusterStateFlagExisting)
	defer second.Close()
	retry(ctx, func() error { _, err := client.MemberPromote(ctx, added.Member.ID); return err })

	for _, endpoint := range clients {
		member, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint.String()}})
		check(err)
		retry(ctx, func() error { _, err := member.Get(ctx, "key"); return err })
		member.Close()
	}
	fmt.Println("learner promoted: every member answers a linearizable read")

	third := freeURL()
	change := func() error { _, err := client.MemberAddAsLearner(ctx, []string{third.String()}); return err }
	if err := change(); errors.Is(err, rpctypes.ErrUnhealthy) {
		fmt.Println("next change: refused,", err)
	} else {
		fmt.Println("next change:", err)
	}
	retry(ctx, change)
	fmt.Println("the same change, retried: accepted")
}
EOF
run

cat >expected <<'EOF'
learner promoted: every member answers a linearizable read
next change: refused, etcdserver: unhealthy cluster
the same change, retried: accepted
EOF
same
