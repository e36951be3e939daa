// Package phase is the grammar of both reconcilers: a reconcile is a list of phases, each phase owns one condition and
// returns an Outcome, and Run turns the outcomes into conditions, a requeue and an error.
//
// It also holds the one table that says, for every typed error of the libraries, which reason the condition gets and
// how the reconcile goes on (see Explain). The package does no I/O.
package phase
