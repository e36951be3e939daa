package doctor

import (
	"time"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability/alerts"
)

// bootstrapPatience is how long a machine may wait for its bootstrap data, which the first control plane has to come up for.
const bootstrapPatience = 20 * time.Minute

// machineAnswers are those of the steps before the VM runs.
func machineAnswers() map[string]Answer {
	const create = alerts.MachineCreateErrors
	return map[string]Answer{
		infrav1.AddressAllocatedReason: fine(),
		infrav1.AddressFixedReason:     fine(),
		infrav1.AddressFromDHCPReason:  fine(),
		infrav1.WaitingForAddressClaimReason: progress(5*time.Minute, alerts.IPPoolAllocationErrors,
			"The provider of the pool that the IPAddressClaim names serves it. Look at its conditions: kubectl describe ipaddressclaims -n {namespace}"),
		infrav1.AddressAllocationFailedReason: fault(alerts.IPPoolAllocationErrors, "Fix what the message says about the pool or the address that was asked for."),

		infrav1.WaitingForClusterInfrastructureReason: follows("The HarvesterCluster is not provisioned yet: look at its conditions."),
		infrav1.WaitingForBootstrapDataReason: progress(bootstrapPatience, alerts.MachineNotReady,
			"The bootstrap provider writes the data, for all but the first control plane once that one is up. If it does not, look at the conditions of the Machine's bootstrap config and at the bootstrap provider's log."),
		infrav1.WaitingForPreviousStepReason: follows("An earlier step has to be done first."),

		infrav1.BootstrapStoredReason: fine(),
		infrav1.BootstrapDataInvalidReason: fault(alerts.MachineNotReady,
			"Fix what the message names: in the bootstrap config, or in the machine's template. Then let the machine be replaced."),
		infrav1.BootstrapStoreFailedReason: fault(alerts.MachineNotReady, "Fix what Harvester says in the message: the identity needs the right to write Secrets in namespace {target}."),

		infrav1.VMProvisionedReason: fine(),
		infrav1.ImageNotFoundReason: fault(create, "Upload the image to Harvester, or name one that exists, as namespace/name, in the machine's template."),
		infrav1.ImageNotReadyReason: progress(30*time.Minute, create,
			"Harvester imports the image. If it does not end, look at it on Harvester: kubectl get virtualmachineimages -A"),
		infrav1.KeyPairNotFoundReason:      fault(create, "Create the key pair on Harvester, or name one that exists in spec.sshKeyPair."),
		infrav1.NetworkNotFoundReason:      fault(create, "Create the VM network on Harvester, or name one that exists in spec.networks."),
		infrav1.StorageClassNotFoundReason: fault(create, "Create the storage class on Harvester, or name one that exists in the volume."),
		infrav1.FailureDomainNotFoundReason: fault(create,
			"Label a host of Harvester with topology.kubernetes.io/zone of that value, or let the machine have another failure domain."),
		infrav1.VMRejectedReason: fault(create, "Change what Harvester refuses, as its answer in the message says: quota, name, device or size."),
		infrav1.VMNotOwnedReason: fault(create,
			"A VM of that name in namespace {target} on Harvester belongs to something else: rename or delete it there, or let the machine be replaced."),
		infrav1.VMMissingReason: fault(alerts.MachineNotReady,
			"The VM was deleted on Harvester. It is not made anew: delete the Machine, and its owner replaces it. kubectl delete machine {owner} -n {namespace}"),
		infrav1.VMFailedReason: fault(create, "Fix what Harvester says in the message about the VM or its volumes."),
	}
}

// vmAnswers are those of a VM that is there.
func vmAnswers() map[string]Answer {
	const start = "Look why, and start it on Harvester, or delete the Machine to have it replaced: kubectl delete machine {owner} -n {namespace}"
	return map[string]Answer{
		infrav1.VMRunningReason: fine(),
		infrav1.VMStartingReason: progress(10*time.Minute, alerts.SlowMachineCreation,
			"Harvester prepares the volumes and starts the VM. If it does not end, look at its volumes and pods in namespace {target} on Harvester."),
		infrav1.VMVolumeNotReadyReason: fault(alerts.SlowMachineCreation,
			"Fix what the message says of the volume: its storage class, its image, or room on Longhorn's disks. The VM starts by itself then."),
		infrav1.VMStartTimedOutReason: fault(alerts.SlowMachineCreation,
			"The VM has not started in time. Fix the cause that the message names; where it names none, look at the VM's pods and volumes in namespace {target} on Harvester."),
		infrav1.VMUnschedulableReason: fault(alerts.MachineNotReady, "No host of Harvester can take the VM: free CPU or memory, add a host, or relax affinity, devices or failure domain."),
		infrav1.VMStoppedReason:       fault(alerts.MachineNotReady, "The guest was shut down and stays down. "+start),
		infrav1.VMPausedReason:        fault(alerts.MachineNotReady, "The VM is paused. Look why: a full or failing storage pauses VMs. Then unpause it on Harvester."),
		infrav1.VMStoppingReason:      progress(10*time.Minute, alerts.MachineNotReady, "The VM is being shut down or deleted on Harvester. "+start),
		infrav1.VMHaltedReason:        fault(alerts.MachineNotReady, "The VM is switched off, by someone or for a resource quota, as the message says. "+start),
		infrav1.VMUnknownReason: progress(5*time.Minute, alerts.MachineNotReady,
			"Harvester lost sight of the VM, as when its host is gone. Look at Harvester's hosts; a MachineHealthCheck replaces the machine."),
		infrav1.VMCrashedReason: fault(alerts.MachineNotReady, "The VM stops again and again: look at its console on Harvester, and at the image, the memory and the firmware."),

		infrav1.AddressesReportedReason: fine(),
		infrav1.WaitingForGuestAddressesReason: progress(10*time.Minute, alerts.MachineNotReady,
			"The guest agent reports the address. If it does not, look in the VM's console whether the image has qemu-guest-agent, and whether the network has a DHCP server."),
	}
}

// nodeAnswers are those of the Node in the workload cluster.
func nodeAnswers() map[string]Answer {
	const console = "Look in the VM's console, and at the log of cloud-init and of rke2-server or rke2-agent in the guest: registration needs port 9345 of the endpoint."
	return map[string]Answer{
		infrav1.NodeInitializedReason: fine(),
		infrav1.WaitingForNodeReason:  progress(15*time.Minute, alerts.MachineNotReady, "The guest registers its Node. If it does not: "+console),
		infrav1.GuestClusterUnreachableReason: progress(15*time.Minute, alerts.MachineNotReady,
			"The workload cluster's API server does not answer. Until the first control plane is up that is so. Then look whether the load balancer's address is reached from the management cluster, and at the control-plane VMs."),
		infrav1.NodeInitializationTimedOutReason: fault(alerts.MachineNotReady, "The Node did not register in time. "+console),
		infrav1.NodeProviderIDConflictReason:     fault(alerts.MachineNotReady, "Delete the Node if it is a leftover; if the distribution's own cloud controller set the ID, switch that off as the message says and let the machine be replaced."),
		infrav1.NodeInitializationFailedReason:   fault(alerts.MachineNotReady, "Fix what the workload cluster's API server says in the message, as a webhook there that refuses changes of Nodes."),
	}
}
