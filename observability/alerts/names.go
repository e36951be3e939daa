package alerts

// Names of the alerts. The first six are the operations guide's and never change.
const (
	MachineCreateErrors    = "CAPHVMachineCreateErrors"
	MachineNotReady        = "CAPHVMachineNotReady"
	IPPoolAllocationErrors = "CAPHVIPPoolAllocationErrors"
	ClusterNotReady        = "CAPHVClusterNotReady"
	EtcdRemoveErrors       = "CAPHVEtcdRemoveErrors"
	SlowMachineCreation    = "CAPHVSlowMachineCreation"

	Down                 = "CAPHVDown"
	ReconcileErrors      = "CAPHVReconcileErrors"
	QueueBacklog         = "CAPHVQueueBacklog"
	WebhookErrors        = "CAPHVWebhookErrors"
	HarvesterUnreachable = "CAPHVHarvesterUnreachable"
	IPPoolNearlyEmpty    = "CAPHVIPPoolNearlyEmpty"
	IPAddressesLeaked    = "CAPHVIPAddressesLeaked"
	MachineDeletionStuck = "CAPHVMachineDeletionStuck"
	RemediationLoop      = "CAPHVRemediationLoop"
	EtcdQuorumAtRisk     = "CAPHVEtcdQuorumAtRisk"
	CredentialsExpiring  = "CAPHVCredentialsExpiring"
	CertificateExpiring  = "CAPHVCertificateExpiring"
)
