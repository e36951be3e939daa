package harvestercluster

import (
	"context"
	"fmt"
	"time"

	"sigs.k8s.io/cluster-api/util/conditions"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

// checkCredentials warns before the identity's credentials expire: a lifetime of thirty days is common, and nothing on
// Harvester can be reached after it, not even to delete. It never holds up anything.
func (r *Reconciler) checkCredentials(ctx context.Context, s *scope) phase.Outcome {
	expiry, known, err := r.Identities.Expiry(ctx, s.infra)
	if err != nil {
		return phase.Unchanged() // The next phase says what is wrong with the Secret.
	}
	outcome := judgeCredentials(expiry, known, r.Clock.Now(), r.CredentialsWarning)
	r.Metrics.SetCredentialsExpiry(s.measured(), expiry)
	before := conditions.Get(s.infra, infrav1.CredentialsValidCondition)
	if outcome.Status == "False" && (before == nil || before.Reason != outcome.Reason) {
		r.warning(ctx, s, outcome.Reason, "CheckCredentials", "%s", outcome.Message)
	}
	return outcome.Continue()
}

// judgeCredentials says how it stands with credentials that expire at a time, which may not be known. It comes back when
// the answer changes.
func judgeCredentials(expiry time.Time, known bool, now time.Time, warning time.Duration) phase.Outcome {
	left := expiry.Sub(now)
	when := expiry.UTC().Format(time.RFC3339)
	const mend = "put a new kubeconfig into the identity Secret; it takes effect at once"
	switch {
	case !known:
		return phase.Done(infrav1.CredentialsExpirySilentReason, "The credentials do not say whether they expire")
	case left <= 0:
		return phase.Wait(infrav1.CredentialsExpiredReason, fmt.Sprintf("The credentials expired at %s; %s", when, mend))
	case left <= warning:
		return phase.Until(left, infrav1.CredentialsExpireSoonReason, fmt.Sprintf("The credentials expire at %s; %s", when, mend))
	default:
		outcome := phase.Done(infrav1.CredentialsLastReason, "The credentials expire at "+when)
		outcome.RequeueAfter = left - warning
		return outcome
	}
}
