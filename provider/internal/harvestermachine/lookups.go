package harvestermachine

import "sigs.k8s.io/controller-runtime/pkg/client"

// lookups reads images, key pairs, networks and storage classes.
func (r *Reconciler) lookups(s *scope) client.Reader { return s.harvester.Client() }
