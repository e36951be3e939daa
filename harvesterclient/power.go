package harvesterclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Power switches virtual machines on and off by KubeVirt's subresources. Rights on them are separate from rights on
// the machines. It is safe for concurrent use.
//
// Every operation returns when Harvester has accepted it; what comes of it shows in the machine's state. A machine whose
// state does not allow the operation gives ErrNotReady, a machine that is not there ErrNotFound.
type Power struct {
	rest   rest.Interface
	stream *rest.Config // for the console
}

// NewPower makes a Power from a client configuration. A nil HTTP client means one made from the configuration.
func NewPower(cfg *rest.Config, httpClient *http.Client) (*Power, error) {
	if httpClient == nil {
		var err error
		if httpClient, err = rest.HTTPClientFor(cfg); err != nil {
			return nil, fmt.Errorf("power operations: %w", err)
		}
	}
	stream := rest.CopyConfig(cfg)
	cfg = rest.CopyConfig(cfg)
	cfg.GroupVersion = &schema.GroupVersion{Group: kubevirtv1.SubresourceGroupName, Version: kubevirtv1.ApiLatestVersion}
	cfg.APIPath = "/apis"
	cfg.NegotiatedSerializer = ownCodecs()
	restClient, err := rest.RESTClientForConfigAndClient(cfg, httpClient)
	if err != nil {
		return nil, fmt.Errorf("power operations: %w", err)
	}

	return &Power{rest: restClient, stream: stream}, nil
}

// Start switches a machine on. One that always runs, or runs once, gives ErrNotReady.
func (p *Power) Start(ctx context.Context, key client.ObjectKey) error {
	return p.put(ctx, "virtualmachines", key, "start")
}

// Stop shuts a machine down. One that is not running gives ErrNotReady.
func (p *Power) Stop(ctx context.Context, key client.ObjectKey) error {
	return p.put(ctx, "virtualmachines", key, "stop")
}

// Restart stops a machine and starts it again, with a new instance.
func (p *Power) Restart(ctx context.Context, key client.ObjectKey) error {
	return p.put(ctx, "virtualmachines", key, "restart")
}

// Migrate moves a running machine to another host.
func (p *Power) Migrate(ctx context.Context, key client.ObjectKey) error {
	return p.put(ctx, "virtualmachines", key, "migrate")
}

// SoftReboot asks the guest to reboot. It keeps the instance, and needs a guest agent or ACPI in the guest.
func (p *Power) SoftReboot(ctx context.Context, key client.ObjectKey) error {
	return p.put(ctx, "virtualmachineinstances", key, "softreboot")
}

// GuestOSInfo is what the guest agent tells of the guest. Without a running agent it gives ErrNotReady.
func (p *Power) GuestOSInfo(ctx context.Context, key client.ObjectKey) (*kubevirtv1.VirtualMachineInstanceGuestAgentInfo, error) {
	info := &kubevirtv1.VirtualMachineInstanceGuestAgentInfo{}
	err := p.rest.Get().Namespace(key.Namespace).Resource("virtualmachineinstances").Name(key.Name).
		SubResource("guestosinfo").Do(ctx).Into(info)
	if err != nil {
		return nil, powerError("guestosinfo", key, err)
	}

	return info, nil
}

func (p *Power) put(ctx context.Context, resource string, key client.ObjectKey, operation string) error {
	err := p.rest.Put().Namespace(key.Namespace).Resource(resource).Name(key.Name).
		SubResource(operation).Body([]byte("{}")).Do(ctx).Error()
	if err != nil {
		return powerError(operation, key, err)
	}

	return nil
}

// powerError turns KubeVirt's conflict, which is about the machine's state and not about a version of the object, into
// ErrNotReady.
func powerError(operation string, key client.ObjectKey, err error) error {
	err = Classify(err)
	if errors.Is(err, ErrConflict) {
		return failf(ErrNotReady, "%s virtual machine %q: its state does not allow it: %v", operation, key, err)
	}

	return fmt.Errorf("%s virtual machine %q: %w", operation, key, err)
}
