package etcdctl

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/etcd"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/pki"
)

// Exit statuses, as a shell's and etcdctl's own.
const (
	exitOK       = 0
	exitFailed   = 1
	exitBadUsage = 128
	exitNotFound = 127
)

// Container is where a command runs.
type Container struct {
	// Endpoint is the node's own member, TLS its client configuration.
	Endpoint string
	TLS      *tls.Config
	// Path finds a file of the container on the host.
	Path func(name string) string
}

// flags of etcdctl that change what is done here.
type flags struct {
	endpoints         []string
	caCert, cert, key string
	format            string
	consistency       string
	timeout           time.Duration
}

// Run runs one command and returns its exit status.
func (c Container) Run(ctx context.Context, command []string, stdout, stderr io.Writer) int {
	called, err := parse(command)
	if err != nil {
		fmt.Fprintln(stderr, "sh:", err)
		return exitBadUsage
	}
	if called.program != "etcdctl" {
		fmt.Fprintf(stderr, "%s: not found\n", called.program)
		return exitNotFound
	}
	options, words, err := parseFlags(called)
	if err != nil {
		fmt.Fprintln(stderr, "Error:", err)
		return exitBadUsage
	}
	action, arguments, err := find(words)
	if err != nil {
		fmt.Fprintln(stderr, "Error:", err)
		return exitBadUsage
	}
	ctx, cancel := context.WithTimeout(ctx, options.timeout)
	defer cancel()
	if err := c.do(ctx, options, action, arguments, stdout); err != nil {
		fmt.Fprintln(stderr, "Error:", err)
		return exitFailed
	}
	return exitOK
}

func (c Container) do(ctx context.Context, options flags, action action, arguments []string, stdout io.Writer) error {
	config, err := c.tls(options)
	if err != nil {
		return err
	}
	if len(options.endpoints) == 0 {
		options.endpoints = []string{c.Endpoint}
	}
	// Inside the container, the node's own addresses and localhost are one.
	for i, endpoint := range options.endpoints {
		if strings.Contains(endpoint, "127.0.0.1:") || strings.Contains(endpoint, "localhost:") {
			options.endpoints[i] = c.Endpoint
		}
	}
	client, err := etcd.Dial(options.endpoints, config)
	if err != nil {
		return err
	}
	defer client.Close()
	return action(ctx, call{client: client, arguments: arguments, endpoints: options.endpoints, json: options.format == "json",
		serializable: options.consistency == "s", out: stdout})
}

// parseFlags reads flags, and the variables that stand for them.
func parseFlags(called invocation) (flags, []string, error) {
	var options flags
	set := pflag.NewFlagSet("etcdctl", pflag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.StringSliceVar(&options.endpoints, "endpoints", nil, "")
	set.StringVar(&options.caCert, "cacert", called.environment["ETCDCTL_CACERT"], "")
	set.StringVar(&options.cert, "cert", called.environment["ETCDCTL_CERT"], "")
	set.StringVar(&options.key, "key", called.environment["ETCDCTL_KEY"], "")
	set.StringVarP(&options.format, "write-out", "w", "simple", "")
	set.DurationVar(&options.timeout, "command-timeout", 5*time.Second, "")
	set.StringVar(&options.consistency, "consistency", "l", "")
	set.Duration("dial-timeout", 0, "")
	set.Bool("hex", false, "")
	set.Bool("cluster", false, "")
	if err := set.Parse(called.arguments); err != nil {
		return flags{}, nil, err
	}
	if variable := called.environment["ETCDCTL_ENDPOINTS"]; variable != "" && len(options.endpoints) == 0 {
		options.endpoints = strings.Split(variable, ",")
	}
	if options.format != "simple" && options.format != "json" {
		return flags{}, nil, fmt.Errorf("output format %q is unknown here; use simple or json", options.format)
	}
	return options, set.Args(), nil
}

// tls is the node's own configuration, or what the named files hold.
func (c Container) tls(options flags) (*tls.Config, error) {
	if options.caCert == "" && options.cert == "" && options.key == "" {
		return c.TLS, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if options.caCert != "" {
		bundle, err := os.ReadFile(c.Path(options.caCert))
		if err != nil {
			return nil, fmt.Errorf("open %s: no such file or directory", options.caCert)
		}
		if config.RootCAs, err = pki.Pool(bundle); err != nil {
			return nil, err
		}
	}
	if options.cert != "" || options.key != "" {
		pair, err := tls.LoadX509KeyPair(c.Path(options.cert), c.Path(options.key))
		if err != nil {
			return nil, fmt.Errorf("KeyFile and CertFile must both be present and belong together: %s, %s", options.cert, options.key)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// call is one command being done.
type call struct {
	client    *clientv3.Client
	arguments []string
	endpoints []string
	json      bool
	// serializable reads from the member's memory.
	serializable bool
	out          io.Writer
}

// member reads the one argument that is a member's ID.
func (c call) member() (uint64, error) {
	if len(c.arguments) != 1 {
		return 0, errors.New("exactly one member ID is needed")
	}
	id, err := strconv.ParseUint(c.arguments[0], 16, 64)
	if err != nil {
		return 0, fmt.Errorf("bad member ID arg (%w), expecting ID in Hex", err)
	}
	return id, nil
}
