package cases

import (
	"fmt"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability/alerts"
)

// creations are the two buckets that matter, as a version of Prometheus writes their bounds.
func creations(bound string, all, fast []string) []Series {
	const bucket = observability.MachineCreationDurationSeconds + "_bucket"
	return []Series{
		series(target(bucket, "a", `, le="+Inf"`), all...),
		series(target(bucket, "a", fmt.Sprintf(`, le=%q`, bound)), fast...),
	}
}

func slowCases() []Case {
	slow := func(name, bound string, all, fast []string, checks ...Check) Case {
		return Case{Alert: alerts.SlowMachineCreation, Name: name, Series: creations(bound, all, fast), Checks: checks}
	}
	values := func(values ...string) []string { return values }
	return []Case{
		slow("two of four, as Prometheus 3 writes bounds", "256.0",
			values(rep(0, 10), rep(2, 10), rep(3, 10), rep(4, 80)), values(rep(0, 10), rep(1, 20), rep(2, 80)),
			silent(24), firing(26, warning), firing(65, warning), silent(100)),
		slow("two of four, as Prometheus 2 writes bounds", "256",
			values(rep(0, 10), rep(2, 10), rep(3, 10), rep(4, 80)), values(rep(0, 10), rep(1, 20), rep(2, 80)),
			firing(40, warning), silent(100)),
		slow("two of four, after twenty fast ones", "256.0",
			values(grow(0, 1, 21), rep(20, 79), rep(22, 10), rep(24, 60)), values(grow(0, 1, 21), rep(20, 79), rep(21, 10), rep(22, 60)),
			silent(25), silent(95), firing(130, warning)),
		slow("none of four, after twenty fast ones", "256.0",
			values(grow(0, 1, 21), rep(20, 79), rep(22, 10), rep(24, 60)), values(grow(0, 1, 21), rep(20, 79), rep(22, 10), rep(24, 60)),
			silent(95), silent(130), silent(150)),
		slow("a single slow one, after twenty fast ones", "256.0",
			values(grow(0, 1, 21), rep(20, 79), rep(21, 70)), values(grow(0, 1, 21), rep(20, 150)),
			silent(95), silent(110), silent(130)),
		slow("one of six, an early one", "256.0",
			values(rep(0, 10), rep(4, 30), rep(6, 60)), values(rep(0, 10), rep(3, 30), rep(5, 60)),
			silent(20), silent(49), silent(60)),
	}
}
