package etcdops_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"k8s.io/client-go/rest"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/etcdops"
)

// The planner needs no etcd: it works on what was observed.
func ExampleDecide() {
	snapshot := etcdops.Snapshot{
		Flavor:   etcdops.RKE2,
		LeaderID: 0xa,
		Members: []etcdops.Member{
			{ID: 0xa, Name: "cp-1-0123abcd", Healthy: true},
			{ID: 0xb, Name: "cp-2-4567cdef", Healthy: true},
			{ID: 0xc, Name: "cp-3-89ab0123", Healthy: false},
		},
	}
	for _, node := range []string{"cp-3", "cp-2", "cp-9"} {
		snapshot.LeavingNode = node
		plan := etcdops.Decide(snapshot)
		fmt.Printf("%s: %s: %s\n", node, plan.Action, plan.Reason)
	}
	// Output:
	// cp-3: RemoveMember: remove member c (cp-3-89ab0123): 2 of 2 remaining voters are healthy and quorum is 2
	// cp-2: Refuse: without member b (cp-2-4567cdef) only 1 of 2 voters would be healthy and quorum is 2; bring members back first
	// cp-9: None: no etcd member belongs to node cp-9
}

// takeOut brings a node's member out of the etcd of a guest cluster, through the guest's API server.
func takeOut(ctx context.Context, guest *rest.Config, caCert, caKey []byte, node string, pods []string) error {
	certificate, err := etcdops.ClientCertificate(caCert, caKey, etcdops.CertificateOptions{ServerName: "localhost"})
	if err != nil {
		return err
	}
	config := etcdops.Config{TLS: certificate}
	routes := map[string]etcdops.DialFunc{}
	for _, pod := range pods {
		routes[pod] = etcdops.PortForwardDialer(guest, "kube-system", pod, 2379)
		config.Endpoints = append(config.Endpoints, "https://"+pod+":2379")
	}
	config.Dialer = etcdops.RouteByHost(routes)
	client, err := etcdops.Dial(ctx, config)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()

	for {
		snapshot, err := client.Observe(ctx)
		if err != nil {
			return err
		}
		snapshot.LeavingNode, snapshot.Flavor = node, etcdops.RKE2
		plan := etcdops.Decide(snapshot)
		if plan.Action == etcdops.ActionNone {
			return nil
		}
		if plan.Action == etcdops.ActionRefuse {
			return errors.New(plan.Reason)
		}
		if err := client.Execute(ctx, plan); err != nil && !errors.Is(err, etcdops.ErrUnhealthy) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// The whole way: certificate, connection through the guest's API server, and the loop that brings a member out.
func ExampleClient_Execute() {
	guest := &rest.Config{Host: "https://10.0.0.10:6443"}
	err := takeOut(context.Background(), guest, nil, nil, "cp-3", []string{"etcd-cp-1", "etcd-cp-2"})
	fmt.Println(err)
	// Output:
	// invalid etcd client configuration: etcd CA key: no private key block in PEM form
}

// inMemory is an etcd that keeps its members in memory; Guest.Routes makes the observers of a real one.
type inMemory struct{ snapshot etcdops.Snapshot }

func (e *inMemory) Observe(context.Context) (etcdops.Snapshot, error) { return e.snapshot, nil }

func (e *inMemory) Execute(_ context.Context, plan etcdops.Plan) error {
	switch plan.Action {
	case etcdops.ActionMoveLeader:
		e.snapshot.LeaderID = plan.Target
	case etcdops.ActionRemoveMember:
		e.snapshot.Members = slices.DeleteFunc(slices.Clone(e.snapshot.Members), func(m etcdops.Member) bool { return m.ID == plan.Member })
	case etcdops.ActionNone, etcdops.ActionWait, etcdops.ActionRefuse:
	}
	return nil
}

func (e *inMemory) Close() error { return nil }

// A leader leaves. The first way is not there, so the second is taken; what the result says was read from etcd after
// the last change.
func ExampleTakeOut() {
	etcd := &inMemory{snapshot: etcdops.Snapshot{LeaderID: 0xa, Members: []etcdops.Member{
		{ID: 0xa, Name: "cp-1-0123abcd", Healthy: true},
		{ID: 0xb, Name: "cp-2-4567cdef", Healthy: true},
		{ID: 0xc, Name: "cp-3-89ab0123", Healthy: true},
	}}}
	routes := []etcdops.Route{
		{Way: etcdops.WayPortForward, Missing: errors.New("the etcd CA is not at hand")},
		{Way: etcdops.WayExec, Observer: etcd},
	}
	defer func() { _ = etcdops.CloseRoutes(routes) }()
	result, err := etcdops.TakeOut(context.Background(), routes, etcdops.Departure{Node: "cp-1", Flavor: etcdops.RKE2})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Way, result.Plan.Action, result.Plan.Reason)
	for _, m := range result.Snapshot.Members {
		fmt.Println(m.Name)
	}
	// Output:
	// Exec None no etcd member belongs to node cp-1
	// cp-2-4567cdef
	// cp-3-89ab0123
}
