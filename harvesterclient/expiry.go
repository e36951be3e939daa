package harvesterclient

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"strings"
	"time"
)

// farFuture is a year past which an end, in seconds since 1970, is none (and might not fit into an integer).
const farFuture = 1 << 40

// CredentialsExpiry tells when the credentials in a kubeconfig stop working, as far as they say so themselves: a client
// certificate by its NotAfter (RFC 5280), a service account's token by its exp claim (RFC 7519). With both, the earlier
// one counts. A Rancher token does not tell, and neither does a password; known is false then.
//
// Nothing is verified: it is the server that decides, this only warns ahead of it. A kubeconfig that RESTConfig refuses
// gives its error.
func CredentialsExpiry(kubeconfig []byte) (expiry time.Time, known bool, err error) {
	config, err := RESTConfig(kubeconfig)
	if err != nil {
		return time.Time{}, false, err
	}
	for _, candidate := range []time.Time{certificateExpiry(config.CertData), tokenExpiry(config.BearerToken)} {
		if !candidate.IsZero() && (!known || candidate.Before(expiry)) {
			expiry, known = candidate, true
		}
	}
	return expiry, known, nil
}

// certificateExpiry is the NotAfter of the first certificate, the client's own; zero when there is none.
func certificateExpiry(data []byte) time.Time {
	block, _ := pem.Decode(data)
	if block == nil {
		return time.Time{}
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return time.Time{}
	}
	return certificate.NotAfter
}

// tokenExpiry is the exp claim of a JSON web token; zero for any other token.
func tokenExpiry(token string) time.Time {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return time.Time{}
	}
	var claims struct {
		Expiry *float64 `json:"exp"`
	}
	if json.Unmarshal(payload, &claims) != nil || claims.Expiry == nil || *claims.Expiry <= 0 || *claims.Expiry > farFuture {
		return time.Time{}
	}
	return time.Unix(int64(*claims.Expiry), 0)
}
