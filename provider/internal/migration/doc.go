// Package migration brings what is stored in an older version of our kinds to the version that is stored now, and strikes
// the older version from the CRD's status.storedVersions, so that a later release may drop it.
//
// The work is done by Cluster API's CRD migrator, once for each change of a CRD.
package migration
