package simulator

import (
	"time"

	"golang.org/x/time/rate"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/balancer"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/dhcp"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/hostvm"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kubevirt"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/platform"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/pool"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/storage"
)

// workers is how many objects of a kind are worked on at once.
const workers = 8

// The controllers' retries: soon, and never later than a few seconds, so that a test does not wait for a backoff.
const (
	retryFirst = 10 * time.Millisecond
	retryLast  = 3 * time.Second
)

// registrable is a controller that can join the manager.
type registrable interface {
	SetupWithManager(manager ctrl.Manager, options controller.Options) error
}

// controllers are all that a Harvester cluster runs.
func controllers(env kit.Env, power *kubevirt.Power, faults *kubevirt.Faults, options Options) []registrable {
	timers, registry := kit.NewTimers(env.Clock), pool.NewRegistry()
	leases := func(name string) client.ObjectKey {
		return client.ObjectKey{Namespace: kit.SystemNamespace, Name: name}
	}
	announcer := &balancer.Announcer{
		Env: env, Timers: timers, Delay: options.LBDelay,
		Leases: dhcp.New(env.Client, env.Live, leases("sandbox-balancer-leases"), options.LBLeases),
	}
	if options.LoadBalancers != nil {
		announcer.Path = options.LoadBalancers
	}
	return []registrable{
		&pool.Controller{Env: env, Registry: registry},
		&balancer.Controller{Env: env, Registry: registry},
		announcer,
		&kubevirt.MachineController{Env: env, Power: power},
		&kubevirt.InstanceController{
			Env: env, Power: power, Timers: timers, Faults: faults,
			Delays:  kubevirt.Delays{Boot: options.BootDelay, Agent: options.AgentDelay, Stop: options.StopDelay},
			Leases:  dhcp.New(env.Client, env.Live, leases("sandbox-machine-leases"), options.VMLeases),
			Network: kubevirt.LeaseNetwork{Bits: options.VMNetwork.Bits(), Gateway: options.VMGateway},
		},
		&kubevirt.MigrationController{Env: env, Timers: timers, Delay: options.BootDelay},
		&hostvm.MachineController{Env: env, Timers: timers, Settle: options.SettleDelay},
		&hostvm.InstanceController{Env: env},
		&storage.ClaimController{Env: env, Timers: timers, Delay: options.PVCDelay},
		&storage.DataVolumeController{Env: env},
		&storage.ImageController{Env: env, Timers: timers, Delay: options.ImageDelay},
		&platform.KeyPairController{Env: env},
		&platform.NetworkController{Env: env},
	}
}

// controllerOptions are the same for all; names may repeat, since a process may run several Harvesters.
func controllerOptions() controller.Options {
	return controller.Options{
		MaxConcurrentReconciles: workers,
		SkipNameValidation:      ptr.To(true),
		RateLimiter: workqueue.NewTypedMaxOfRateLimiter(
			workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](retryFirst, retryLast),
			&workqueue.TypedBucketRateLimiter[reconcile.Request]{Limiter: rate.NewLimiter(rate.Limit(200), 1000)},
		),
	}
}
