package observability

// Names of the metric families. Alert rules, dashboards and tests refer to these constants, so that a renamed
// family cannot leave a dead expression behind. The first block is the operations guide's table and never changes.
const (
	MachineCreateTotal             = "caphv_machine_create_total"
	MachineCreateErrorsTotal       = "caphv_machine_create_errors_total"
	MachineCreationDurationSeconds = "caphv_machine_creation_duration_seconds"
	MachineDeleteTotal             = "caphv_machine_delete_total"
	MachineDeleteErrorsTotal       = "caphv_machine_delete_errors_total"
	MachineStatus                  = "caphv_machine_status"
	MachineReconcileSeconds        = "caphv_machine_reconcile_duration_seconds"
	IPPoolAllocationsTotal         = "caphv_ippool_allocations_total"
	IPPoolAllocationErrorsTotal    = "caphv_ippool_allocation_errors_total"
	IPPoolReleasesTotal            = "caphv_ippool_releases_total"
	ClusterReconcileSeconds        = "caphv_cluster_reconcile_duration_seconds"
	ClusterReady                   = "caphv_cluster_ready"
	EtcdMemberRemoveTotal          = "caphv_etcd_member_remove_total"
	EtcdMemberRemoveErrorsTotal    = "caphv_etcd_member_remove_errors_total"
	NodeInitTotal                  = "caphv_node_init_total"
	NodeInitErrorsTotal            = "caphv_node_init_errors_total"
	NodeInitDurationSeconds        = "caphv_node_init_duration_seconds"
)

// Names of the families that are ours beyond the guide.
const (
	HarvesterRequestsTotal = "caphv_harvester_requests_total"
	IPPoolLeaks            = "caphv_ippool_leaks"
	IPPoolCapacity         = "caphv_ippool_capacity"
	IPPoolAllocated        = "caphv_ippool_allocated"
	CredentialsExpiry      = "caphv_credentials_expiry_timestamp_seconds"
	HarvesterConnected     = "caphv_harvester_connected"
	BuildInfo              = "caphv_build_info"

	MachineWaitingSince      = "caphv_machine_waiting_since_timestamp_seconds"
	MachineDeletionTimestamp = "caphv_machine_deletion_timestamp_seconds"
	MachineRemediationsTotal = "caphv_machine_remediations_total"
)

// Label names.
const (
	LabelCluster = "cluster"
	// LabelClusterNamespace is the namespace of the Cluster. It is not called namespace, as Prometheus gives that label to the
	// namespace of what it scrapes.
	LabelClusterNamespace = "cluster_namespace"

	LabelMachine   = "machine"
	LabelOperation = "operation"
	LabelVerb      = "verb"
	LabelResource  = "resource"
	LabelCode      = "code"
	LabelReason    = "reason"
	LabelPool      = "pool"
	LabelVersion   = "version"
	LabelRevision  = "revision"
	LabelGoVersion = "goversion"
)

// Operation says which half of a reconciler a duration belongs to.
type Operation string

const (
	// OperationNormal is a reconcile that brings an object up or keeps it up.
	OperationNormal Operation = "normal"
	// OperationDelete is a reconcile of an object that is being deleted.
	OperationDelete Operation = "delete"
)
