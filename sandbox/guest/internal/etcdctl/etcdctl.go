package etcdctl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"
)

// Exit statuses, as a shell's and etcdctl's own.
const (
	exitOK        = 0
	exitBadUsage  = 128
	exitCannotRun = 126
	exitNotFound  = 127
)

// killDelay is how long the output of an ended command is waited for.
const killDelay = 2 * time.Second

// Container is where a command runs.
type Container struct {
	// Program is etcdctl's path on the host; empty when the container has none.
	Program string
	// Endpoint is the node's own member.
	Endpoint string
	// CACert, Cert and Key are the node's own client files, by their path on the host.
	CACert, Cert, Key string
	// Path finds a file of the container on the host.
	Path func(name string) string
}

// Run runs one command and returns its exit status.
func (c Container) Run(ctx context.Context, command []string, stdout, stderr io.Writer) int {
	called, err := parse(command)
	if err != nil {
		fmt.Fprintln(stderr, "sh:", err)
		return exitBadUsage
	}
	if called.program != "etcdctl" || c.Program == "" {
		fmt.Fprintf(stderr, "%s: not found\n", called.program)
		return exitNotFound
	}
	program := exec.CommandContext(ctx, c.Program, c.arguments(called.arguments)...)
	program.Env = c.environment(called)
	program.Stdout, program.Stderr, program.WaitDelay = stdout, stderr, killDelay
	err = program.Run()
	var exited *exec.ExitError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &exited) && exited.ExitCode() > 0:
		return exited.ExitCode()
	default:
		fmt.Fprintln(stderr, "etcdctl:", err)
		return exitCannotRun
	}
}

// mapped are the flags, by the variables that stand for them, whose values mean something else outside the container.
var mapped = map[string]string{
	"ETCDCTL_ENDPOINTS": "--endpoints", "ETCDCTL_CACERT": "--cacert", "ETCDCTL_CERT": "--cert", "ETCDCTL_KEY": "--key",
}

// outside turns a flag's value into what it is on the host.
func (c Container) outside(flag, value string) string {
	switch flag {
	case "--cacert", "--cert", "--key":
		return c.Path(value)
	case "--endpoints":
		endpoints := strings.Split(value, ",")
		for i, endpoint := range endpoints {
			// Inside the container, the node's own addresses and localhost are one.
			if strings.Contains(endpoint, "127.0.0.1:") || strings.Contains(endpoint, "localhost:") {
				endpoints[i] = c.Endpoint
			}
		}
		return strings.Join(endpoints, ",")
	default:
		return value
	}
}

func (c Container) arguments(arguments []string) []string {
	var outside []string
	for i := 0; i < len(arguments); i++ {
		flag, value, joined := strings.Cut(arguments[i], "=")
		switch {
		case !isMapped(flag):
			outside = append(outside, arguments[i])
		case joined:
			outside = append(outside, flag+"="+c.outside(flag, value))
		case i+1 < len(arguments):
			i++
			outside = append(outside, flag, c.outside(flag, arguments[i]))
		default:
			outside = append(outside, flag)
		}
	}
	return outside
}

func isMapped(flag string) bool {
	for _, known := range mapped {
		if flag == known {
			return true
		}
	}
	return false
}

// environment is that of the command. Where neither flags nor variables name an endpoint or certificates, the node's own
// are taken; etcdctl refuses a variable beside its flag.
func (c Container) environment(called invocation) []string {
	given := map[string]string{}
	for name, value := range called.environment {
		given[name] = c.outside(mapped[name], value)
	}
	use := func(name, value string) {
		if given[name] == "" {
			given[name] = value
		}
	}
	if !names(called.arguments, "--endpoints") {
		use("ETCDCTL_ENDPOINTS", c.Endpoint)
	}
	if !names(called.arguments, "--cacert", "--cert", "--key") && given["ETCDCTL_CACERT"]+given["ETCDCTL_CERT"]+given["ETCDCTL_KEY"] == "" {
		use("ETCDCTL_CACERT", c.CACert)
		use("ETCDCTL_CERT", c.Cert)
		use("ETCDCTL_KEY", c.Key)
	}
	environment := make([]string, 0, len(given))
	for name, value := range given {
		environment = append(environment, name+"="+value)
	}
	return environment
}

// names tells whether one of the flags is among the arguments.
func names(arguments []string, flags ...string) bool {
	for _, argument := range arguments {
		name, _, _ := strings.Cut(argument, "=")
		for _, flag := range flags {
			if name == flag {
				return true
			}
		}
	}
	return false
}
