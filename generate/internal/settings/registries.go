package settings

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Mirror is where the images of a registry are looked for first.
type Mirror struct {
	// Registry is the one that is mirrored; "*" means every one.
	Registry string
	// Endpoints are URLs in the order in which they are tried.
	Endpoints []string
}

// Mirrors groups the mirrors by registry, in the order of the first mention.
func (s Settings) Mirrors() []Mirror {
	var mirrors []Mirror
	for _, pair := range s.RegistryMirrors {
		registry, endpoint, _ := strings.Cut(pair, "=")
		at := slices.IndexFunc(mirrors, func(m Mirror) bool { return m.Registry == registry })
		if at < 0 {
			at = len(mirrors)
			mirrors = append(mirrors, Mirror{Registry: registry})
		}
		mirrors[at].Endpoints = append(mirrors[at].Endpoints, endpoint)
	}
	return mirrors
}

// PrivateRegistry is a registry that wants credentials, or has a certificate of its own.
type PrivateRegistry struct {
	// Host is empty for none.
	Host string
	// CredentialsSecret and TLSSecret are Secrets in the cluster's namespace; each may be empty.
	CredentialsSecret, TLSSecret string
}

// PrivateRegistry returns what the two flags about it say together.
func (s Settings) PrivateRegistry() PrivateRegistry {
	host, credentials, _ := strings.Cut(s.RegistrySecret, "=")
	tlsHost, certificates, _ := strings.Cut(s.RegistryTLSSecret, "=")
	if host == "" {
		host = tlsHost
	}
	return PrivateRegistry{Host: host, CredentialsSecret: credentials, TLSSecret: certificates}
}

// hostPattern is a registry's host, with or without a port.
var hostPattern = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?$`)

func registryHost(value string) string {
	if !hostPattern.MatchString(value) {
		return fmt.Sprintf("%q is not a registry, such as registry.example:5000: leave out https:// and any path", value)
	}
	return ""
}

func registryMirrors(s Settings) string {
	return distinct(s.RegistryMirrors, func(pair string) string {
		registry, endpoint, _ := strings.Cut(pair, "=")
		if registry != "*" && registryHost(registry) != "" || webAddress(endpoint, "http", "https") != "" {
			return fmt.Sprintf("%q is not of the form registry=URL, such as docker.io=https://registry.example:5000", pair)
		}
		return ""
	})
}

func registrySecret(value string) string {
	host, secret, _ := strings.Cut(value, "=")
	if registryHost(host) != "" || objectName(secret) != "" {
		return fmt.Sprintf("%q is not of the form registry=secret, such as registry.example:5000=registry-login", value)
	}
	return ""
}

func registryTLSSecret(s Settings) string {
	if text := optional(s.RegistryTLSSecret, registrySecret); text != "" || s.RegistryTLSSecret == "" || s.RegistrySecret == "" {
		return text
	}
	host, _, _ := strings.Cut(s.RegistrySecret, "=")
	if other, _, _ := strings.Cut(s.RegistryTLSSecret, "="); other != host {
		return fmt.Sprintf("is about %s, and --registry-secret about %s: RKE2's provider keeps the settings of one; leave one out", other, host)
	}
	return ""
}

func chartRepository(value string) string {
	if webAddress(value, "http", "https", "oci") != "" {
		return fmt.Sprintf("%q is not a chart repository, such as https://charts.example or oci://registry.example/charts", value)
	}
	return ""
}

// webAddress validates a URL of one of the schemes; it must name a host.
func webAddress(value string, schemes ...string) string {
	parsed, err := url.Parse(value)
	if err != nil || !slices.Contains(schemes, parsed.Scheme) || parsed.Host == "" || parsed.User != nil {
		return fmt.Sprintf("%q is not a URL", value)
	}
	return ""
}
