package ipam_test

import (
	"context"
	"errors"
	"fmt"

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
	lease, fresh, _ := ipam.Decide(ipam.Pool{Name: "home", Ranges: []ipam.Range{r}}, ipam.Request{Owner: "printer"})
	fmt.Println(lease.Address, fresh)
	// Output: 192.168.1.2 true
}
