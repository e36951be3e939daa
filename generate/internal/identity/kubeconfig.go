// Package identity makes the content of an identity Secret from the kubeconfig that a user has.
package identity

import (
	"bytes"
	"encoding/base64"
	"errors"
	"net"
	"net/url"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
)

// Errors of Kubeconfig beside those of harvesterclient. None holds anything of the file.
var (
	// ErrEncoded means that the file is base64, which a Secret's data would be a second time.
	ErrEncoded = errors.New("is base64, as in the data of a Secret: decode it first, base64 -d FILE")
	// ErrThisMachine means that the server is the machine that the file was copied from.
	ErrThisMachine = errors.New("names a server on this machine, as /etc/rancher/rke2/rke2.yaml does, which CAPHV reaches from " +
		"nowhere else: write Harvester's address in its place, such as https://192.0.2.10:6443")
	errUnreadable = errors.New("is not a kubeconfig: want clusters, users and contexts, each name once")
)

// apiPort is RKE2's, at which its own kubeconfig names the machine itself.
const apiPort = "6443"

// Kubeconfig checks a kubeconfig and reduces it to the current context, with its cluster and its user: the tokens of other
// users have no place in the Secret. Errors are those of this package and of harvesterclient.RESTConfig.
func Kubeconfig(content []byte) ([]byte, error) {
	if encoded(content) {
		return nil, ErrEncoded
	}
	config, err := harvesterclient.RESTConfig(content)
	if err != nil {
		return nil, err
	}
	if onThisMachine(config.Host) {
		return nil, ErrThisMachine
	}
	file, err := clientcmd.Load(content)
	if err != nil {
		return nil, errUnreadable
	}
	if bare(file) && !bytes.Contains(content, []byte("#")) {
		return content, nil
	}
	return reduced(file)
}

// bare tells whether a kubeconfig holds one context and nothing beside it; such a file goes into the Secret as it is, unless
// it has comments.
func bare(file *clientcmdapi.Config) bool {
	if len(file.Contexts) != 1 || len(file.Clusters) != 1 || len(file.AuthInfos) != 1 || len(file.Extensions) > 0 || file.CurrentContext == "" {
		return false
	}
	for _, context := range file.Contexts {
		cluster, user := file.Clusters[context.Cluster], file.AuthInfos[context.AuthInfo]
		return len(context.Extensions) == 0 && cluster != nil && len(cluster.Extensions) == 0 && user != nil && len(user.Extensions) == 0
	}
	return false
}

func reduced(file *clientcmdapi.Config) ([]byte, error) {
	if file.CurrentContext == "" {
		for name := range file.Contexts { // the only one, or RESTConfig had refused it
			file.CurrentContext = name
		}
	}
	if err := clientcmdapi.MinifyConfig(file); err != nil {
		return nil, errUnreadable
	}

	// Extensions are notes of other programs.
	file.Extensions, file.Preferences = nil, clientcmdapi.Preferences{}
	for _, context := range file.Contexts {
		context.Extensions = nil
	}
	for _, cluster := range file.Clusters {
		cluster.Extensions = nil
	}
	for _, user := range file.AuthInfos {
		user.Extensions = nil
	}
	written, err := clientcmd.Write(*file)
	if err != nil {
		return nil, errUnreadable
	}
	return written, nil
}

// encoded tells whether content is the base64 of anything that may be a kubeconfig, or of its base64.
func encoded(content []byte) bool {
	text := strings.Join(strings.Fields(string(bytes.TrimPrefix(content, []byte("\ufeff")))), "")
	const shortest = 16
	if len(text) < shortest {
		return false
	}
	for _, form := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if _, err := form.DecodeString(text); err == nil {
			return true
		}
	}
	return false
}

func onThisMachine(server string) bool {
	parsed, err := url.Parse(server)
	if err != nil || parsed.Port() != apiPort {
		return false
	}
	host := strings.ToLower(strings.TrimSuffix(parsed.Hostname(), "."))
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && (ip.IsLoopback() || ip.IsUnspecified())
}
