// Package holdings knows which addresses of a Harvester's pools are held by what is in the management cluster: machines by
// their status, and IPAddressClaims by their IPAddress. A pool that was restored, or replaced without its status, is
// completed from this before it gives anything.
//
// It reads from the manager's cache, and asks Harvester nothing.
package holdings
