// Command caphv-simulator runs a simulated Harvester until it is interrupted.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator"
)

const usage = `Run a simulated Harvester on this machine until Ctrl-C.

Usage:
  caphv-simulator [flags]

Examples:
  # Write harvester.yaml, and simulate Harvester v1.8.0 with an image, a key pair, a network and two pools
  caphv-simulator

  # In another terminal
  kubectl --kubeconfig harvester.yaml get virtualmachineimages --all-namespaces

  # An older Harvester, empty, reached below a path as behind Rancher
  caphv-simulator --harvester v1.4.3 --empty --path-prefix /k8s/clusters/c-m-test

It needs etcd, kube-apiserver and kube-controller-manager in the directory that --assets or KUBEBUILDER_ASSETS names.

Flags:
`

// The exit codes of all commands of the project.
const (
	failed = 1
	misuse = 2
)

// version is set by the linker; without it, it is the module's.
var version = ""

// flags are what the command was told.
type flags struct {
	kubeconfig, admin   string
	empty, printVersion bool
	options             simulator.Options
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr)) //nolint:gocritic // nothing is left to stop
}

// run is the command; it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	told, err := parse(args, stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintln(stderr, "Error:", err)
		fmt.Fprintln(stderr, "Run caphv-simulator --help for the flags.")
		return misuse
	case told.printVersion:
		fmt.Fprintln(stdout, "caphv-simulator", versionOf())
		return 0
	}
	if err := serve(ctx, told, stdout); err != nil {
		fmt.Fprintln(stderr, "Error:", err)
		return failed
	}
	return 0
}

// parse reads the flags. flag.ErrHelp says that help was printed.
func parse(args []string, stdout io.Writer) (*flags, error) {
	told := &flags{}
	set := flag.NewFlagSet("caphv-simulator", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.StringVar(&told.kubeconfig, "kubeconfig", "harvester.yaml", "`file` for the kubeconfig of a client with a provider's rights")
	set.StringVar(&told.admin, "admin-kubeconfig", "", "`file` for the kubeconfig of an administrator, past all faults; none when empty")
	set.StringVar(&told.options.Version, "harvester", simulator.DefaultVersion, "`version` of Harvester to behave as")
	set.StringVar(&told.options.Dir, "dir", "", "`directory` for data and logs; a temporary one when empty")
	set.StringVar(&told.options.Assets, "assets", "", "`directory` with etcd, kube-apiserver and kube-controller-manager; KUBEBUILDER_ASSETS when empty")
	set.StringVar(&told.options.KubeVirtAdmission, "kubevirt-admission", "", "`file` of KubeVirt's admission; looked for beside the assets when empty")
	set.BoolVar(&told.options.WithoutKubeVirt, "without-kubevirt", false, "admission of VMs by their schema alone, without KubeVirt's rules and defaults")
	set.StringVar(&told.options.ProxyAddress, "address", "", "`host:port` of the API on loopback; a free port when empty")
	set.StringVar(&told.options.PathPrefix, "path-prefix", "", "`path` below which the API is served")
	set.BoolVar(&told.options.ServeLoadBalancers, "serve-load-balancers", false, "listeners on the addresses of load balancers")
	set.BoolVar(&told.empty, "empty", false, "no image, key pair, network and pool")
	set.BoolVar(&told.printVersion, "version", false, "the version of this command")

	err := set.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		set.SetOutput(stdout)
		set.PrintDefaults()
		return nil, err
	}
	if err == nil && set.NArg() > 0 {
		err = fmt.Errorf("unknown argument %q", set.Arg(0))
	}
	return told, err
}

// serve runs the simulator until the context ends.
func serve(ctx context.Context, told *flags, stdout io.Writer) (err error) {
	started := time.Now()
	harvester, err := simulator.Start(ctx, told.options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, harvester.Stop(context.WithoutCancel(ctx))) }()
	if !told.empty {
		if err := harvester.Seed(ctx, simulator.DefaultSeed()); err != nil {
			return err
		}
	}
	path, err := write(told.kubeconfig, harvester.Kubeconfig())
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "Harvester %s is simulated at %s after %s.\n\nkubeconfig    %s\n", told.options.Version, harvester.URL(), time.Since(started).Round(time.Second), path)
	if told.admin != "" {
		content, err := harvester.AdminKubeconfig()
		if err != nil {
			return err
		}
		if path, err = write(told.admin, content); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "administrator %s\n", path)
	}
	fmt.Fprintf(stdout, "\nCtrl-C ends it.\n")
	<-ctx.Done()
	return nil
}

// write writes a kubeconfig that only its owner can read, and returns its absolute path.
func write(path string, content []byte) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return path, os.WriteFile(path, content, 0o600)
}

func versionOf() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "unknown"
}
