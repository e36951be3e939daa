#!/usr/bin/env bash
# etcd v3.6.8: the NOSPACE alarm of a member stays after the member has been removed, and keeps every other member from
# writing, however much space those have.
#
# Expected by most: the alarm belongs to the member that raised it, so that replacing that node ends it. A controller
# that removes the full node, as machine health checks do, leaves an API server that refuses each write; and a check that
# looks for the alarms of the members that exist finds none. The alarm has to be disarmed after the removal.
#
# Output seen:
#   third member over its quota: the first refuses writes, etcdserver: mvcc: database space exceeded
#   third member removed: 2 members, 0 alarms of theirs, 1 alarm of a member that is gone
#   the first member: etcdserver: mvcc: database space exceeded
#   alarm disarmed: the first accepts writes
. "$(dirname "$0")/lib/go.sh"

cat >go.mod <<'END'
module finding

go 1.26.0

require (
	go.etcd.io/etcd/client/v3 v3.6.8
	go.etcd.io/etcd/server/v3 v3.6.8
)
END
cat >main.go <<'END'
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func freeURLs() []url.URL {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	defer listener.Close()
	return []url.URL{{Scheme: "http", Host: listener.Addr().String()}}
}

// start starts three members; the third has room for 1 MiB, the others for etcd's default of 2 GiB.
func start() []*embed.Etcd {
	var configs []*embed.Config
	var cluster []string
	for _, name := range []string{"first", "second", "third"} {
		config := embed.NewConfig()
		config.Name, config.Dir, config.LogLevel = name, name, "fatal"
		config.ListenPeerUrls, config.ListenClientUrls = freeURLs(), freeURLs()
		config.AdvertisePeerUrls, config.AdvertiseClientUrls = config.ListenPeerUrls, config.ListenClientUrls
		configs = append(configs, config)
		cluster = append(cluster, name+"="+config.ListenPeerUrls[0].String())
	}
	configs[2].QuotaBackendBytes = 1 << 20

	var servers []*embed.Etcd
	for _, config := range configs {
		config.InitialCluster = strings.Join(cluster, ",")
		server, err := embed.StartEtcd(config)
		check(err)
		servers = append(servers, server)
	}
	for _, server := range servers {
		<-server.Server.ReadyNotify()
	}
	return servers
}

func dial(server *embed.Etcd) *clientv3.Client {
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{server.Config().ListenClientUrls[0].String()}})
	check(err)
	return client
}

func write(ctx context.Context, client *clientv3.Client, size int) error {
	_, err := client.Put(ctx, "key", strings.Repeat("x", size))
	return err
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	servers := start()
	first, third := dial(servers[0]), dial(servers[2])

	for write(ctx, third, 256<<10) == nil {
	}
	fmt.Println("third member over its quota: the first refuses writes,", write(ctx, first, 1))

	// Shortly after a start, etcd takes no change of membership.
	for {
		if _, err := first.MemberRemove(ctx, uint64(servers[2].Server.MemberID())); err == nil {
			break
		}
		check(ctx.Err())
		time.Sleep(100 * time.Millisecond)
	}
	servers[2].Close()

	members, err := first.MemberList(ctx)
	check(err)
	alarms, err := first.AlarmList(ctx)
	check(err)
	var present []uint64
	for _, member := range members.Members {
		present = append(present, member.ID)
	}
	theirs := 0
	for _, alarm := range alarms.Alarms {
		if slices.Contains(present, alarm.MemberID) {
			theirs++
		}
	}
	fmt.Printf("third member removed: %d members, %d alarms of theirs, %d alarm of a member that is gone\n",
		len(present), theirs, len(alarms.Alarms)-theirs)
	fmt.Println("the first member:", write(ctx, first, 1))

	_, err = first.AlarmDisarm(ctx, &clientv3.AlarmMember{})
	check(err)
	check(write(ctx, first, 1))
	fmt.Println("alarm disarmed: the first accepts writes")
}
END
run

cat >expected <<'END'
third member over its quota: the first refuses writes, etcdserver: mvcc: database space exceeded
third member removed: 2 members, 0 alarms of theirs, 1 alarm of a member that is gone
the first member: etcdserver: mvcc: database space exceeded
alarm disarmed: the first accepts writes
END
same
