// Package poolaudit compares Harvester's address pools with what is there to hold addresses: virtual machines, load
// balancers and machines of management clusters. Audit is a pure function of what Read gathers.
//
// It changes nothing and guesses nothing: an address is called a leak only if nobody of those who could hold it exists.
package poolaudit
