// Package alerts holds the alert rules of the Harvester infrastructure provider as data: name, expression, severity, how
// long it has to hold, and the runbook. Rules and Inhibitions return them.
//
// Expressions are composed from the names of the metric families, so that a family that is renamed renames them here.
// Whatever writes rules for Prometheus reads this package; it writes nothing itself.
//
// Four things hold for every expression. The manager may restart, and its successor be another Pod: gauges are looked at
// over five minutes and without the Pod's labels. Two replicas may overlap for a moment: the series of an object are
// merged before they are compared. A counter may have grown before its first scrape: what a young manager counted since
// its start counts, too. And no expression alerts for a machine that is deleted on purpose.
package alerts
