// Package harvesterclient is described below by its owner.
package harvesterclient
