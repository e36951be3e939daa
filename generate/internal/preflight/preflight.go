// Package preflight asks Harvester, before anything is applied, whether it has what a cluster needs.
package preflight

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

// Finding is the outcome of one check.
type Finding struct {
	// Check names what was looked at, Flag the flag that asked for it.
	Check string `json:"check"`
	Flag  string `json:"flag"`
	// OK is false for what would keep the cluster from coming up.
	OK bool `json:"ok"`
	// Message says what was found, and for a failure how to fix it. It holds no secret.
	Message string `json:"message"`
}

// String gives the finding on one line.
func (f Finding) String() string {
	mark := "ok  "
	if !f.OK {
		mark = "FAIL"
	}
	return fmt.Sprintf("%s %s: --%s: %s", mark, f.Check, f.Flag, f.Message)
}

// Failed tells whether any finding is a failure.
func Failed(findings []Finding) bool {
	for _, finding := range findings {
		if !finding.OK {
			return true
		}
	}
	return false
}

// patience is for one request; Harvester answers within a second unless it is away.
const patience = 15 * time.Second

// oldest is the first version of Harvester whose ways harvesterclient knows.
var oldest = harvesterclient.ParseVersion("v1.3.0")

// Connect returns a client for the Harvester of a kubeconfig. It does not connect yet.
func Connect(kubeconfig []byte) (client.Client, error) {
	config, err := harvesterclient.RESTConfig(kubeconfig)
	if err != nil {
		return nil, err
	}
	config.Timeout = patience
	config.UserAgent = "caphv-generate"
	scheme := harvesterclient.NewScheme()
	if err := authorizationv1.AddToScheme(scheme); err != nil {
		return nil, fmt.Errorf("setting up the client: %w", err)
	}
	return client.New(config, client.Options{Scheme: scheme})
}

// Run makes every check, and returns what each found, in an order that does not change. The settings must be complete.
// If Harvester cannot be reached, or does not know the credentials, that is the only finding.
func Run(ctx context.Context, s settings.Settings, c client.Client) []Finding {
	version, err := harvesterclient.ReadServerVersion(ctx, c)
	if err != nil {
		err = harvesterclient.Classify(err)
		if !errors.Is(err, harvesterclient.ErrNotFound) {
			return []Finding{failed("Harvester", "harvester-kubeconfig", err, "is the kubeconfig that of a Harvester, and does its server answer from here?")}
		}
		return []Finding{failed("Harvester", "harvester-kubeconfig", err, "the server is a Kubernetes, but no Harvester: use the kubeconfig that Harvester's dashboard gives")}
	}
	run := &checks{ctx: ctx, settings: s, client: c, findings: []Finding{checkVersion(version)}}
	run.named()
	run.storage()
	run.pools()
	run.rights()
	return run.findings
}

func checkVersion(version harvesterclient.Version) Finding {
	finding := Finding{Check: "Harvester", Flag: "harvester-kubeconfig", OK: true, Message: "version " + version.String()}
	if version.Compare(oldest) < 0 {
		finding.OK = false
		finding.Message += " is too old: upgrade it to " + oldest.String() + " or later"
	}
	return finding
}

func failed(check, flag string, err error, fix string) Finding {
	return Finding{Check: check, Flag: flag, Message: fmt.Sprintf("%v; %s", err, fix)}
}

// checks are those of one run.
type checks struct {
	ctx      context.Context //nolint:containedctx // It lives as long as one call of Run.
	settings settings.Settings
	client   client.Client
	findings []Finding
}

func (r *checks) add(check, flag string, err error, fine, fix string) {
	if err != nil {
		r.findings = append(r.findings, failed(check, flag, err, fix))
		return
	}
	r.findings = append(r.findings, Finding{Check: check, Flag: flag, OK: true, Message: fine})
}

// named checks the objects that machines are made from.
func (r *checks) named() {
	s := r.settings
	_, err := harvesterclient.ResolveImage(r.ctx, r.client, s.Image, s.TargetNamespace)
	r.add("image", "image", err, s.Image+" is imported", "import it, or name another one")
	_, err = harvesterclient.ResolveKeyPair(r.ctx, r.client, s.SSHKeyPair, s.TargetNamespace)
	r.add("key pair", "ssh-keypair", err, s.SSHKeyPair+" is there", "make it, or name another one")
	seen := make(map[string]bool)
	for _, use := range []struct {
		flag     string
		networks []string
	}{{"network", s.Networks}, {"cp-network", s.ControlPlane.Networks}, {"worker-network", s.Workers.Networks}} {
		for _, network := range use.networks {
			if seen[network] {
				continue
			}
			seen[network] = true
			_, err := harvesterclient.ResolveNetwork(r.ctx, r.client, network, s.TargetNamespace)
			r.add("network", use.flag, err, network+" is there", "make it, or name another one")
		}
	}
}

func (r *checks) storage() {
	s := r.settings
	seen := make(map[string]bool)
	for _, use := range []struct {
		flag  string
		disks []string
	}{{"extra-disk", s.ExtraDisks}, {"cp-extra-disk", s.ControlPlane.ExtraDisks}, {"worker-extra-disk", s.Workers.ExtraDisks}} {
		for _, disk := range use.disks {
			class, _ := settings.SplitDisk(disk)
			if seen[class] {
				continue
			}
			seen[class] = true
			err := harvesterclient.ResolveStorageClass(r.ctx, r.client, class)
			r.add("storage class", use.flag, err, class+" is there", "make it, or name another one")
		}
	}
}

// pools checks that the machines' pools have an address for each machine, and one more for a machine that is replaced.
func (r *checks) pools() {
	s := r.settings
	flag := "ip-pool"
	if len(s.IPPoolRefs) > 0 {
		flag = "ip-pool-refs"
	}
	free, held, counted := int64(0), int64(0), true
	for _, name := range s.Pools() {
		pool := &lbv1.IPPool{}
		if !r.pool(name, flag, pool) {
			counted = false
			continue
		}
		free += pool.Status.Available
		held += heldBy(s, pool)
	}
	if len(s.Pools()) > 0 && counted {
		needed := int64(s.ControlPlaneReplicas+s.WorkerReplicas) + 1 - held
		finding := Finding{Check: "addresses", Flag: flag, OK: free >= needed, Message: fmt.Sprintf("%d are free in %s, %d are needed",
			free, strings.Join(s.Pools(), ", "), max(needed, 0))}
		if !finding.OK {
			finding.Message += ": one for each machine and one to replace one; extend a pool, or add another by --ip-pool-refs"
		}
		r.findings = append(r.findings, finding)
	}
	r.choice()
	if pool := (&lbv1.IPPool{}); s.LoadBalancerPool != "" && r.pool(s.LoadBalancerPool, "lb-ip-pool", pool) {
		if pool.Status.Available == 0 && heldBy(s, pool) == 0 {
			r.findings = append(r.findings, Finding{Check: "addresses", Flag: "lb-ip-pool",
				Message: "none is free in " + s.LoadBalancerPool + ", one is needed: extend the pool, or name another one"})
		}
	}
}

// choice checks that Harvester finds a pool for a load balancer that names none.
func (r *checks) choice() {
	s := r.settings
	if s.LoadBalancerIPAM != settings.IPAMPool || s.LoadBalancerPool != "" {
		return
	}
	var list lbv1.IPPoolList
	if r.client.List(r.ctx, &list) != nil {
		return // Whether the account may list pools is told among the rights.
	}
	if choosable(list.Items, s.TargetNamespace) {
		return
	}
	r.findings = append(r.findings, Finding{Check: "pool", Flag: "lb-ipam",
		Message: fmt.Sprintf("Harvester has no pool that it would choose for a load balancer in namespace %s: "+
			"give one that is bound to no network a scope with this namespace, or name one by --lb-ip-pool", s.TargetNamespace)})
}

// globalPool is Harvester's label of the pool that is chosen when no other matches.
const globalPool = "loadbalancer.harvesterhci.io/global-ip-pool"

// choosable tells whether Harvester may choose one of the pools for a load balancer of a namespace that is on no network. A
// pool's scope also names projects and guest clusters, which are not known here and count as matched. A pool without a scope
// is used by its name only.
func choosable(pools []lbv1.IPPool, namespace string) bool {
	for _, pool := range pools {
		if pool.Labels[globalPool] == "true" {
			return true
		}
		if pool.Spec.Selector.Network != "" {
			continue
		}
		for _, scope := range pool.Spec.Selector.Scope {
			if scope.Namespace == "*" || scope.Namespace == namespace {
				return true
			}
		}
	}
	return false
}

func (r *checks) pool(name, flag string, pool *lbv1.IPPool) bool {
	err := harvesterclient.Classify(r.client.Get(r.ctx, client.ObjectKey{Name: name}, pool))
	if err == nil && pool.Status.Total == 0 {
		err = fmt.Errorf("pool %q is not counted by Harvester yet, or empty", name)
	}
	r.add("pool", flag, err, name+" is there", "make it, or name another one")
	return err == nil
}

// heldBy counts the addresses that the cluster's machines and load balancer hold already: their names begin with the
// cluster's. A cluster whose name continues this one's is counted too; it makes the check milder, never wrong about a pool
// that is empty for all.
func heldBy(s settings.Settings, pool *lbv1.IPPool) int64 {
	count := int64(0)
	for _, holder := range pool.Status.Allocated {
		if namespace, name, found := strings.Cut(holder, "/"); found && namespace == s.TargetNamespace && strings.HasPrefix(name, s.Name+"-") {
			count++
		}
	}
	return count
}
