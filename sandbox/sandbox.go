package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/controlplane"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/loadbalancer"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/build"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/management"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/statedir"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator"
)

// Sandbox is a running sandbox. Safe for concurrent use.
type Sandbox struct {
	options Options
	paths   build.Paths
	dir     *statedir.Dir
	started time.Time

	management *management.Management
	losses     int // of the management cluster
	// harvesterPlane is the API server the stand-in works on.
	harvesterPlane *controlplane.ControlPlane
	harvester      *simulator.Harvester
	proxies        *loadbalancer.Proxies
	// managementAddress leads to harvesterPlane.
	managementAddress *loadbalancer.Proxies
	guests            *guest.Manager
	network           Network
	releaseNetwork    func()
	log               *os.File // nil when the caller brought a logger
	statusPage        string   // its URL; empty when there is none

	stop sync.Once
}

// DefaultStateDir is where the sandbox of a repository lives unless told
// otherwise.
func DefaultStateDir(root string) string { return filepath.Join(root, ".cache", "sandbox") }

// Start builds what is missing, brings everything up and returns when the
// managers are ready and the stand-in is seeded. When it fails, nothing is left
// running. ctx bounds the start only.
//
// It fails with statedir.ErrRunning when a sandbox runs in the same folder.
func Start(ctx context.Context, options Options) (*Sandbox, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	dir, err := statedir.Take(options.StateDir)
	if err != nil {
		return nil, err
	}
	network, release, err := takeSlot()
	if err != nil {
		return nil, errors.Join(err, dir.Release())
	}
	s := &Sandbox{
		options: options, paths: build.Paths{Root: options.Root}, dir: dir, started: time.Now(),
		network: network, releaseNetwork: release,
	}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Stop(context.WithoutCancel(ctx)))
	}
	return s, nil
}

func (s *Sandbox) start(ctx context.Context) error {
	if err := s.openLog(); err != nil {
		return err
	}
	if err := s.chooseStatusPage(); err != nil {
		return err
	}
	builder := &build.Builder{Root: s.options.Root, Out: s.options.Out}
	if err := s.options.timed("programs", func() error { return builder.Build(ctx, build.Standard()...) }); err != nil {
		return err
	}
	if s.options.Light { // its machines need the management cluster's API server
		if err := s.startManagement(ctx); err != nil {
			return err
		}
		return s.startHarvester(ctx)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.startManagement(ctx) })
	group.Go(func() error { return s.startHarvester(ctx) })
	return group.Wait()
}

func (s *Sandbox) startManagement(ctx context.Context) (err error) {
	s.management, err = management.Start(ctx, management.Options{
		Dir: s.dir.Sub("management"), Paths: s.paths, Components: s.options.Components, Report: s.options.Report,
	})
	return err
}

// startHarvester brings up the stand-in. Its control plane's controllers come
// after the CRDs, for the garbage collector's sake.
func (s *Sandbox) startHarvester(ctx context.Context) error {
	dir := s.dir.Sub("harvester")
	err := s.options.timed("Harvester API server and etcd", func() (err error) {
		s.harvesterPlane, err = controlplane.Start(ctx, controlplane.Options{
			Name: "harvester", Dir: filepath.Join(dir, "controlplane"), AssetsDir: s.paths.Assets(),
			Hosts: []string{s.network.Management.String()},
		})
		return err
	})
	if err != nil {
		return err
	}
	if err := s.openManagementAddress(); err != nil {
		return err
	}
	options, err := s.harvesterOptions()
	if err != nil {
		return err
	}
	err = s.options.timed("Harvester stand-in", func() (err error) {
		if err := simulator.InstallCRDs(ctx, s.harvesterPlane.Config()); err != nil {
			return err
		}
		if err := s.harvesterPlane.StartControllers(ctx, simulator.ControllerManagerControllers...); err != nil {
			return err
		}
		options.APIServer, options.Dir = s.harvesterPlane.Config(), dir
		s.harvester, err = simulator.Start(ctx, options)
		return err
	})
	if err != nil {
		return err
	}
	if err := os.WriteFile(s.HarvesterKubeconfig(), s.harvester.Kubeconfig(), 0o600); err != nil {
		return fmt.Errorf("writing Harvester's kubeconfig: %w", err)
	}
	return s.options.timed("Harvester images, networks and pools", func() error {
		return s.harvester.Seed(ctx, s.seed())
	})
}

func (s *Sandbox) seed() simulator.Seed {
	if s.options.Seed != nil {
		return *s.options.Seed
	}
	return s.network.Seed()
}

// openManagementAddress makes Harvester's API reachable where guests look for it: on port 6443 of its virtual address.
func (s *Sandbox) openManagementAddress() error {
	s.managementAddress = loadbalancer.New()
	backend := strings.TrimPrefix(s.harvesterPlane.Config().Host, "https://")
	return s.managementAddress.Set("harvester", s.network.Management, []loadbalancer.Listener{{Port: 6443, Backends: []string{backend}}})
}

// harvesterOptions gives the stand-in guests to boot and a data path for its
// load balancers, unless the caller brought others.
func (s *Sandbox) harvesterOptions() (simulator.Options, error) {
	options := s.options.Harvester
	if options.Logger.GetSink() == nil {
		options.Logger = s.options.Logger
	}
	if !options.VMNetwork.IsValid() {
		options.VMNetwork, options.VMGateway = s.network.Machines, s.network.Gateway
		options.VMLeases, options.LBLeases = s.network.MachineLeases, s.network.LBLeases
	}
	if !options.ManagementVIP.IsValid() {
		options.ManagementVIP = s.network.Management
	}
	if options.LoadBalancers == nil {
		s.proxies = loadbalancer.New()
		options.LoadBalancers = s.proxies
	}
	if options.KubeVirt == nil && options.KubeVirtAdmission == "" {
		options.KubeVirtAdmission = s.paths.Program(build.Admission)
	}
	if options.Guests == nil {
		guests, err := s.newGuests()
		if err != nil {
			return options, err
		}
		s.guests = guests
		options.Guests = guests
	}
	return options, nil
}

// Stop ends everything, in the reverse of the order in which things depend on
// each other, and lets the state folder go. It returns when no process is left;
// a second call does nothing. Logs stay in the folder until the next start.
func (s *Sandbox) Stop(ctx context.Context) (err error) {
	s.stop.Do(func() {
		if s.management != nil {
			err = errors.Join(err, s.management.Stop(ctx))
		}
		if s.harvester != nil {
			err = errors.Join(err, s.harvester.Stop(ctx))
		}
		if s.guests != nil {
			err = errors.Join(err, s.guests.Close(ctx))
		}
		if s.proxies != nil {
			s.proxies.Close()
		}
		if s.managementAddress != nil {
			s.managementAddress.Close()
		}
		if s.harvesterPlane != nil {
			err = errors.Join(err, s.harvesterPlane.Stop(ctx))
		}
		s.releaseNetwork()
		err = errors.Join(err, s.closeLog(), s.dir.Release())
	})
	return err
}

// Management is the management cluster.
func (s *Sandbox) Management() *management.Management { return s.management }

// Harvester is the stand-in.
func (s *Sandbox) Harvester() *simulator.Harvester { return s.harvester }

// Network is the part of the loopback network this sandbox uses.
func (s *Sandbox) Network() Network { return s.network }

// Paths tells where the programs are.
func (s *Sandbox) Paths() build.Paths { return s.paths }

// HistoryFile is where the stand-in records what happens to machines, addresses
// and objects; package harvester/history reads it.
func (s *Sandbox) HistoryFile() string {
	return filepath.Join(s.dir.Sub("harvester"), simulator.HistoryFile)
}

// GuestsDir holds the data of everything that runs inside virtual machines.
func (s *Sandbox) GuestsDir() string { return s.dir.Sub("guests") }

// Dir is the state folder.
func (s *Sandbox) Dir() *statedir.Dir { return s.dir }

// ManagementKubeconfig is the path of the management cluster administrator's
// kubeconfig.
func (s *Sandbox) ManagementKubeconfig() string { return s.management.Kubeconfig() }

// HarvesterKubeconfig is the path of the kubeconfig that an operator would hand
// to CAPHV: through the proxy that makes faults, with limited rights.
func (s *Sandbox) HarvesterKubeconfig() string {
	return filepath.Join(s.dir.Sub("harvester"), "caphv.kubeconfig")
}

// HarvesterAdminKubeconfig is the path of the kubeconfig that reaches the
// stand-in's API server directly, as administrator.
func (s *Sandbox) HarvesterAdminKubeconfig() string { return s.harvesterPlane.AdminKubeconfig() }
