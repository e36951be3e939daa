// Package addressclaim serves Cluster API's IPAM contract from address pools on Harvester.
//
// PoolReconciler tells of each HarvesterIPPool whether its pools can be used, and keeps it while claims refer to it.
// ClaimReconciler answers the IPAddressClaims that refer to one: it takes an address, makes the IPAddress, and gives the
// address back when the claim goes. The pool on Harvester is the record of who holds what; everything else follows from it
// and from the id that a claim carries, so an attempt that was interrupted is taken up where it ended.
package addressclaim
