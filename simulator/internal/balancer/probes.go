package balancer

import (
	"context"
	"net"
	"strconv"
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

// prober remembers how often each backend's health check succeeded or failed in a row. Safe for concurrent use.
type prober struct {
	dial func(ctx context.Context, address string) error
	mu   sync.Mutex
	// runs by load balancer and address.
	runs map[string]map[string]run
}

// run is a row of equal results: positive for successes, negative for failures.
type run struct {
	healthy bool
	streak  int
}

func newProber() *prober {
	return &prober{runs: map[string]map[string]run{}, dial: func(ctx context.Context, address string) error {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			err = conn.Close()
		}
		return err
	}}
}

// check probes every server once, side by side, and returns the verdicts. Without a health check all are healthy.
func (p *prober) check(ctx context.Context, lb *lbv1.LoadBalancer, servers []Server) func(Server) bool {
	key := client.ObjectKeyFromObject(lb).String()
	health := lb.Spec.HealthCheck
	if health == nil || health.Port == 0 {
		p.forget(key)
		return func(Server) bool { return true }
	}
	results := make([]bool, len(servers))
	var probing sync.WaitGroup
	for i, server := range servers {
		probing.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, time.Duration(max(health.TimeoutSeconds, 1))*time.Second)
			defer cancel()
			address := net.JoinHostPort(server.Address, strconv.FormatUint(uint64(health.Port), 10))
			results[i] = p.dial(ctx, address) == nil
		})
	}
	probing.Wait()

	p.mu.Lock()
	defer p.mu.Unlock()
	next := make(map[string]run, len(servers))
	for i, server := range servers {
		next[server.Address] = p.runs[key][server.Address].after(results[i], health)
	}
	p.runs[key] = next
	return func(server Server) bool { return next[server.Address].healthy }
}

// after is the run with one more result; the verdict turns when enough results in a row disagree with it.
func (r run) after(success bool, health *lbv1.HealthCheck) run {
	switch {
	case success && r.streak >= 0:
		r.streak++
	case success:
		r.streak = 1
	case r.streak <= 0:
		r.streak--
	default:
		r.streak = -1
	}
	if r.streak >= int(max(health.SuccessThreshold, 1)) {
		r.healthy = true
	}
	if -r.streak >= int(max(health.FailureThreshold, 1)) {
		r.healthy = false
	}
	return r
}

func (p *prober) forget(key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.runs, key)
}

// period is the time between two probes.
func period(health *lbv1.HealthCheck) time.Duration {
	return time.Duration(max(health.PeriodSeconds, 1)) * time.Second
}
