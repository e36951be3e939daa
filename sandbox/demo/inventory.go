package demo

import (
	"context"
	"errors"
	"fmt"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/inventory"
)

// prove counts what the cluster left behind; anything but zero is an error.
func (d *demo) prove(ctx context.Context) error {
	err := await(ctx, func(ctx context.Context) (string, error) {
		now, err := inventory.Take(ctx, d.sandbox)
		if err != nil {
			return "", err
		}
		if left := inventory.Leftovers(d.inventory, now); len(left) > 0 {
			return fmt.Sprintf("the end of %v", left), nil
		}
		return "", nil
	})
	if err != nil {
		return err
	}
	d.line.Detail("%-20s %10s %10s", "on Harvester", "then", "now")
	for _, kind := range inventory.Kinds() {
		d.line.Detail("%-20s %10d %10d", kind, len(d.heyday[kind]), 0)
	}
	d.line.Event("nothing left behind")
	return nil
}

// checkHeyday says what a complete cluster should have and has not; without it,
// finding nothing at the end would prove nothing. Pure.
func checkHeyday(heyday map[string][]string, controlPlanes, machines int) error {
	var errs []error
	for _, want := range []struct {
		kind  string
		count int
	}{
		{"virtual machines", machines}, {"running instances", machines}, {"volume claims", machines}, {"secrets", machines + 1},
		{"load balancers", 1}, {"service accounts", 1}, {"role bindings", 1}, {"cluster bindings", 1}, {inventory.PoolEntries, machines}, {inventory.EtcdMembers, controlPlanes},
	} {
		if got := len(heyday[want.kind]); got != want.count {
			errs = append(errs, fmt.Errorf("%d %s, not %d: %v", got, want.kind, want.count, heyday[want.kind]))
		}
	}
	return errors.Join(errs...)
}
