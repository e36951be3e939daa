// Package suite runs the tests of all modules: which packages there are, which of them run with the race detector, one at
// a time or in a later tier, and how long each took.
//
// A package's place follows from its source by the rules of [Describe], so that a new package needs no entry anywhere.
// Only two lists are kept by hand: the tests that are too long for every change ([LongTests]) and the budgets of packages
// (budgets.txt).
//
// Its use is the Makefile: `make test`, `make check`, `make test-long` and `make deflake`.
package suite
