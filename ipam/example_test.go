package ipam_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
)

func Example() {
	ctx := context.Background()
	lan, _ := ipam.ParseRange("172.16.0.0/16", "172.16.3.40", "172.16.3.41", "172.16.0.1")
	dmz, _ := ipam.ParseRange("172.17.0.0/16", "172.17.3.40", "172.17.3.40", "172.17.0.1")
	store := ipam.NewMemoryStore(
		ipam.Pool{Name: "lan", Ranges: []ipam.Range{lan}},
		ipam.Pool{Name: "dmz", Ranges: []ipam.Range{dmz}},
	)
	allocator := ipam.NewAllocator(store)
	for _, owner := range []string{"vm-a", "vm-b", "vm-c", "vm-a", "vm-d"} {
		lease, err := allocator.Allocate(ctx, ipam.Request{Owner: owner, Pools: []string{"lan", "dmz"}})
		if errors.Is(err, ipam.ErrExhausted) {
			fmt.Println(err)
			continue
		}
		fmt.Println(owner, lease.Address, "from", lease.Pool, "by way of", lease.Gateway)
	}
	// Output:
	// vm-a 172.16.3.40 from lan by way of 172.16.0.1
	// vm-b 172.16.3.41 from lan by way of 172.16.0.1
	// vm-c 172.17.3.40 from dmz by way of 172.17.0.1
	// vm-a 172.16.3.40 from lan by way of 172.16.0.1
	// no address for "vm-d": address pools exhausted: pool "lan": address pools exhausted: all 2 addresses are allocated; pool "dmz": address pools exhausted: all 1 addresses are allocated
}

func ExampleDecide() {
	r, _ := ipam.ParseRange("192.168.1.0/24", "", "", "")
	lease, fresh, _ := ipam.Decide(ipam.Pool{Name: "home", Ranges: []ipam.Range{r}}, ipam.Request{Owner: "printer"}, time.Now())
	fmt.Println(lease.Address, fresh)
	// Output: 192.168.1.2 true
}

// A machine with two network interfaces gets both addresses or none.
func ExampleAllocator_AllocateAll() {
	lan, _ := ipam.ParseRange("172.16.0.0/16", "172.16.3.40", "172.16.3.49", "172.16.0.1")
	storage, _ := ipam.ParseRange("10.9.0.0/24", "10.9.0.10", "10.9.0.19", "")
	allocator := ipam.NewAllocator(ipam.NewMemoryStore(
		ipam.Pool{Name: "lan", Network: "default/lan", Ranges: []ipam.Range{lan}},
		ipam.Pool{Name: "storage", Network: "default/storage", Ranges: []ipam.Range{storage}},
	))
	leases, err := allocator.AllocateAll(context.Background(),
		ipam.Request{Owner: "vm-a/eth0", Pools: []string{"lan", "storage"}, Network: "default/lan"},
		ipam.Request{Owner: "vm-a/eth1", Pools: []string{"lan", "storage"}, Network: "default/storage"},
	)
	fmt.Println(leases[0].Address, leases[1].Address, err)
	_, err = allocator.AllocateAll(context.Background(),
		ipam.Request{Owner: "vm-b/eth0", Pools: []string{"lan"}},
		ipam.Request{Owner: "vm-b/eth1", Pools: []string{"backup"}},
	)
	_, held, _ := allocator.Find(context.Background(), []string{"lan"}, "vm-b/eth0")
	fmt.Println(held, err)
	// Output:
	// 172.16.3.40 10.9.0.10 <nil>
	// false no address for "vm-b/eth1": no eligible address pool: pool "backup": address pool not found: "backup"
}
