// Package installation holds tests of the ways in that need no node: Helm 4 and 3, clusterctl and kubectl install, upgrade,
// remove and reinstall a release on a real API server, whose controllers collect what is deleted.
//
// No Pod runs here. So these tests see every object, but not a Deployment that becomes ready: nothing issues the webhooks'
// certificate, and nothing answers a webhook or converts an object. What needs a running manager is in sandbox/e2e.
package installation
