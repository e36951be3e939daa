package cases

import (
	"fmt"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability/alerts"
)

const day = 86400

func expiryCases() []Case {
	expiry := func(instance string, values ...string) Series {
		return clusterSeries(observability.CredentialsExpiry, instance, "c", values...)
	}
	credentials := func(severity string, days float64) Case {
		return Case{
			Alert: alerts.CredentialsExpiring, Name: fmt.Sprintf("%g days, until they are renewed", days),
			Series: []Series{expiry("a", rep(days*day, 20), rep(90*day, 20))},
			Checks: []Check{silent(4), firing(6, ofCluster(severity, "c")), firing(19, ofCluster(severity, "c")), silent(21)},
		}
	}
	certificate := func(name string, values ...string) Series {
		return series(fmt.Sprintf(`certmanager_certificate_expiration_timestamp_seconds{job="cert-manager", instance="cm", name=%q, namespace="caphv-system"}`, name), values...)
	}
	const late = `{name="caphv-serving-cert", severity="warning"}`
	return []Case{
		credentials("info", 20), credentials("warning", 3), credentials("critical", 0.5),
		{
			Alert: alerts.CredentialsExpiring, Name: "expired, through a restart, until the cluster is gone",
			Series: []Series{expiry("a", rep(60, 4)), expiry("b", gap(13), rep(60, 10))},
			Checks: []Check{firing(8, ofCluster("critical", "c")), firing(12, ofCluster("critical", "c")), firing(36, ofCluster("critical", "c")), silent(40)},
		},
		{
			Alert: alerts.CredentialsExpiring, Name: "three days, until the cluster is gone",
			Series: []Series{expiry("a", rep(3*day, 4)), expiry("b", gap(13), rep(3*day, 10))},
			Checks: []Check{firing(8, ofCluster("warning", "c")), firing(12, ofCluster("warning", "c")), firing(36, ofCluster("warning", "c")), silent(40)},
		},
		{
			Alert: alerts.CredentialsExpiring, Name: "twenty days, until the cluster is gone",
			Series: []Series{expiry("a", rep(20*day, 4)), expiry("b", gap(13), rep(20*day, 10))},
			Checks: []Check{firing(8, ofCluster("info", "c")), firing(12, ofCluster("info", "c")), firing(36, ofCluster("info", "c")), silent(40)},
		},
		{
			Alert: alerts.CredentialsExpiring, Name: "sixty days",
			Series: []Series{expiry("a", rep(60*day, 40))},
			Checks: []Check{silent(8), silent(30)},
		},
		{
			Alert: alerts.CertificateExpiring, Name: "three days, until it is renewed",
			Series: []Series{certificate("caphv-serving-cert", rep(3*day, 20), rep(90*day, 20))},
			Checks: []Check{silent(4), firing(6, late), firing(19, late), silent(21)},
		},
		{
			Alert: alerts.CertificateExpiring, Name: "cert-manager restarts, and goes",
			Series: []Series{certificate("caphv-serving-cert", rep(3*day, 4), gap(9), rep(3*day, 10))},
			Checks: []Check{firing(8, late), firing(12, late), firing(36, late), silent(40)},
		},
		{
			Alert: alerts.CertificateExpiring, Name: "ten days, and another's of three",
			Series: []Series{certificate("caphv-serving-cert", rep(10*day, 40)), certificate("other", rep(3*day, 40))},
			Checks: []Check{silent(8), silent(30)},
		},
	}
}
