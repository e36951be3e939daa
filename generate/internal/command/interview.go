package command

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/check"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/inventory"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/preflight"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/prompt"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
)

// interview guides the questions: it validates answers as the whole program does, and offers what the live Harvester has.
type interview struct {
	settings *settings.Settings
	out      io.Writer
	// found is what Harvester has; nil as long as it was not asked, or did not answer.
	found *inventory.Inventory
}

// Choices implements [prompt.Guide].
func (i *interview) Choices(flag string) []prompt.Choice {
	items := i.items(flag)
	choices := make([]prompt.Choice, 0, len(items))
	for _, item := range items {
		choices = append(choices, prompt.Choice{Value: item.Name, Note: item.Note})
	}
	return choices
}

func (i *interview) items(flag string) []inventory.Item {
	if i.found == nil {
		return nil
	}
	switch flag {
	case "image":
		return i.found.Images
	case "ssh-keypair":
		return i.found.KeyPairs
	case "network":
		return i.found.Networks
	case "ip-pool", "ip-pool-refs":
		items := make([]inventory.Item, 0, len(i.found.Pools))
		for _, pool := range i.found.Pools {
			items = append(items, pool.Item)
		}
		return items
	}
	return nil
}

// Suggest implements [prompt.Guide]: the only image there is, and the router and mask of the first pool.
func (i *interview) Suggest(flag string) string {
	switch flag {
	case "image", "ssh-keypair", "network":
		if items := i.items(flag); len(items) == 1 {
			return items[0].Name
		}
	case "gateway", "subnet-mask":
		if pool, known := i.pool(i.settings.Pools()[0]); known && flag == "gateway" {
			return pool.Gateway
		} else if known {
			return pool.Mask
		}
	}
	return ""
}

func (i *interview) pool(name string) (inventory.Pool, bool) {
	if i.found == nil {
		return inventory.Pool{}, false
	}
	at := slices.IndexFunc(i.found.Pools, func(p inventory.Pool) bool { return p.Name == name })
	if at < 0 {
		return inventory.Pool{}, false
	}
	return i.found.Pools[at], true
}

// Problem implements [prompt.Guide]: first what the flag's own rule says, then what Harvester has, then the webhook's rules.
func (i *interview) Problem(ctx context.Context, flag string) string {
	for _, problem := range i.settings.Problems() {
		if problem.Flag == flag {
			return problem.String()
		}
	}
	if flag == "harvester-kubeconfig" {
		return i.connect(ctx)
	}
	if text := i.absent(flag); text != "" {
		return text
	}
	if text := i.crowded(flag); text != "" {
		return text
	}
	return check.Of(i.settings.Complete(), flag)
}

// connect reads what Harvester has. A file that is none is wrong; a Harvester that is away only leaves its choices out.
func (i *interview) connect(ctx context.Context) string {
	i.found = nil
	kubeconfig, err := readKubeconfig(i.settings.HarvesterKubeconfig)
	if err != nil {
		return err.Error()
	}
	client, err := preflight.Connect(kubeconfig)
	if err != nil {
		return fmt.Sprintf("--harvester-kubeconfig: %v", err)
	}
	if i.found, err = inventory.Read(ctx, client); err != nil {
		fmt.Fprintf(i.out, "  Harvester does not answer, so it is not asked what there is to choose: %v\n", err)
		return ""
	}
	fmt.Fprintf(i.out, "  Harvester %s: %d images, %d key pairs, %d networks, %d address pools\n", i.found.Version,
		len(i.found.Images), len(i.found.KeyPairs), len(i.found.Networks), len(i.found.Pools))
	return ""
}

// absent validates names of things that Harvester could list.
func (i *interview) absent(flag string) string {
	items := i.items(flag)
	if items == nil {
		return ""
	}
	for _, name := range i.named(flag) {
		if !strings.Contains(name, "/") && !strings.HasPrefix(flag, "ip-pool") {
			name = "default/" + name
		}
		if !slices.ContainsFunc(items, func(item inventory.Item) bool { return item.Name == name || item.Alias == name }) {
			return fmt.Sprintf("--%s: Harvester has no %q: choose one of the list, by name or number", flag, name)
		}
	}
	return ""
}

func (i *interview) named(flag string) []string {
	switch flag {
	case "image":
		return []string{i.settings.Image}
	case "ssh-keypair":
		return []string{i.settings.SSHKeyPair}
	case "network":
		return i.settings.Networks
	}
	return i.settings.Pools()
}

// crowded tells when the pools have no address for each machine and one to replace one.
func (i *interview) crowded(flag string) string {
	needed := 1 + i.settings.ControlPlaneReplicas
	switch flag {
	case "cp-replicas":
	case "worker-replicas":
		needed += i.settings.WorkerReplicas
	default:
		return ""
	}
	free := int64(0)
	for _, name := range i.settings.Pools() {
		pool, known := i.pool(name)
		if !known {
			return ""
		}
		free += pool.Free
	}
	if len(i.settings.Pools()) == 0 || free >= int64(needed) {
		return ""
	}
	return fmt.Sprintf("--%s: %d addresses are free in %s, and %d are needed, one of them to replace a machine: give fewer, or stop here and extend a pool",
		flag, free, strings.Join(i.settings.Pools(), ", "), needed)
}
