package alerts

import (
	"fmt"
	"time"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability"
)

const day = 24 * time.Hour

// credentialRules tell that credentials for Harvester, or the webhooks' certificate, expire. The three rules about
// credentials exclude each other: one fires at a time.
func credentialRules() []Rule {
	left := fmt.Sprintf("max by (%s) (last_over_time(%s[15m])) - time()", by(ofCluster), observability.CredentialsExpiry)
	expiring := func(severity Severity, bounds string) Rule {
		return Rule{
			Alert: CredentialsExpiring, Severity: severity, For: 5 * time.Minute, Expr: left + bounds,
			Summary:     "Credentials of cluster {{ $labels.cluster }} for Harvester expire",
			Description: "The credentials in the identity Secret of cluster {{ $labels.cluster_namespace }}/{{ $labels.cluster }} expire in {{ $value | humanizeDuration }}.",
		}
	}
	return []Rule{
		expiring(SeverityCritical, " < "+seconds(day)),
		expiring(SeverityWarning, " < "+seconds(7*day)+" >= "+seconds(day)),
		expiring(SeverityInfo, " < "+seconds(30*day)+" >= "+seconds(7*day)),
		{
			Alert: CertificateExpiring, Severity: SeverityWarning, For: 5 * time.Minute,
			Expr:        fmt.Sprintf("max by (name) (last_over_time(%s{name=%q}[15m])) - time() < %s", certificateExpiry, webhookCertificate, seconds(7*day)),
			Summary:     "The webhooks' certificate expires",
			Description: "cert-manager should have renewed certificate {{ $labels.name }} long ago; it expires in {{ $value | humanizeDuration }}.",
		},
	}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%d", int(d.Seconds())) }
