package migration

import (
	"context"
	"fmt"

	"sigs.k8s.io/cluster-api/controllers/crdmigrator"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// Phases are what can be left out, by the names that Cluster API's own managers use.
func Phases() []string {
	return []string{string(crdmigrator.StorageVersionMigrationPhase), string(crdmigrator.CleanupManagedFieldsPhase)}
}

// Add runs the migration in the manager that leads, without the phases to skip. It returns an error if one of them is
// unknown. The manager's scheme has to know CustomResourceDefinitions.
func Add(ctx context.Context, mgr ctrl.Manager, skip []string, options controller.Options) error {
	// Objects are listed live: a cache may be limited to one namespace, and objects of another would be left behind. Where
	// there is a status, it is what is written: admission rules that came later do not look at it.
	byStatus := crdmigrator.ByObjectConfig{UseStatusForStorageVersionMigration: true}
	migrator := &crdmigrator.CRDMigrator{
		Client: mgr.GetClient(), APIReader: mgr.GetAPIReader(),
		Config: map[client.Object]crdmigrator.ByObjectConfig{
			&infrav1.HarvesterCluster{}:         byStatus,
			&infrav1.HarvesterClusterTemplate{}: {},
			&infrav1.HarvesterMachine{}:         byStatus,
			&infrav1.HarvesterMachineTemplate{}: byStatus,
		},
	}
	for _, phase := range skip {
		migrator.SkipCRDMigrationPhases = append(migrator.SkipCRDMigrationPhases, crdmigrator.Phase(phase))
	}
	if err := migrator.SetupWithManager(ctx, mgr, options); err != nil {
		return fmt.Errorf("set up the migration of stored objects: %w", err)
	}
	return nil
}
