// Package cases holds what the alert rules are tested with: for each alert series on which it fires and resolves, and
// series on which it must not, in the notation of promtool. Package promtest runs them.
package cases

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability/alerts"
)

// Interval is how far apart samples and evaluations are. The first are at time 0.
const Interval = time.Minute

// Case is a test of one alert.
type Case struct {
	Alert  string
	Name   string
	Series []Series
	// Checks are in the order of their times.
	Checks []Check
}

// String names the case.
func (c Case) String() string { return c.Alert + ": " + c.Name }

// Series is one series in the notation of promtool.
type Series struct{ Name, Values string }

// Check says which alerts fire at a time; none when Firing is empty.
type Check struct {
	At time.Duration
	// Firing are the labels of each, without alertname.
	Firing []string
}

// All are the cases of all alerts.
func All() []Case {
	return slices.Concat(machineCases(), failureCases(), slowCases(), clusterCases(), poolCases(), managerCases(), expiryCases())
}

// rep is n samples of a value.
func rep(value float64, n int) string { return fmt.Sprintf("%gx%d", value, n-1) }

// grow is n samples that begin at a value and grow by a step.
func grow(start, step float64, n int) string { return fmt.Sprintf("%g+%gx%d", start, step, n-1) }

// gap is n samples that are missing.
func gap(n int) string { return fmt.Sprintf("_x%d", n) }

func series(name string, values ...string) Series {
	return Series{Name: name, Values: strings.Join(values, " ")}
}

func silent(minute int) Check { return Check{At: time.Duration(minute) * time.Minute} }

func firing(minute int, labels ...string) Check {
	return Check{At: time.Duration(minute) * time.Minute, Firing: labels}
}

// target is a replica's labels, as Prometheus adds them.
func target(metric, instance, more string) string {
	return fmt.Sprintf(`%s{job=%q, instance=%q%s}`, metric, alerts.Job, instance, more)
}

// started is a replica's start, in seconds since the beginning of the test.
func started(instance string, at float64) Series {
	return series(target("process_start_time_seconds", instance, ""), rep(at, 200))
}

// long ago is before every window.
const longAgo = -1e6
