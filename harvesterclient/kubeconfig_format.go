package harvesterclient

// The parts of a kubeconfig that matter here. Data fields are strings, not bytes, so that a value that is not base64
// can be reported by the name of its field; values that must not be there are only looked at for presence.

type kubeconfigFile struct {
	CurrentContext string         `json:"current-context"`
	Clusters       []namedCluster `json:"clusters"`
	Users          []namedUser    `json:"users"`
	Contexts       []namedContext `json:"contexts"`
}

type namedCluster struct {
	Name    string            `json:"name"`
	Cluster kubeconfigCluster `json:"cluster"`
}

type namedUser struct {
	Name string         `json:"name"`
	User kubeconfigUser `json:"user"`
}

type namedContext struct {
	Name    string            `json:"name"`
	Context kubeconfigContext `json:"context"`
}

type kubeconfigContext struct {
	Cluster string `json:"cluster"`
	User    string `json:"user"`
}

type kubeconfigCluster struct {
	Server             string `json:"server"`
	TLSServerName      string `json:"tls-server-name"`
	SkipTLSVerify      bool   `json:"insecure-skip-tls-verify"`
	CAFile             string `json:"certificate-authority"`
	CAData             string `json:"certificate-authority-data"`
	ProxyURL           string `json:"proxy-url"`
	DisableCompression bool   `json:"disable-compression"`
}

type kubeconfigUser struct {
	CertFile  string              `json:"client-certificate"`
	CertData  string              `json:"client-certificate-data"`
	KeyFile   string              `json:"client-key"`
	KeyData   string              `json:"client-key-data"`
	Token     string              `json:"token"`
	TokenFile string              `json:"tokenFile"`
	As        string              `json:"as"`
	AsUID     string              `json:"as-uid"`
	AsGroups  []string            `json:"as-groups"`
	AsExtra   map[string][]string `json:"as-user-extra"`
	Username  string              `json:"username"`
	Password  string              `json:"password"`
	// AuthProvider and Exec run programs: any value at all is refused.
	AuthProvider any `json:"auth-provider"`
	Exec         any `json:"exec"`
}
