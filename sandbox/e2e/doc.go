// Package e2e tests the whole house in a sandbox: a cluster's life while CAPHV's
// manager is killed, the answers to bad input, and the command line's promise
// that nothing stays behind. One sandbox serves all tests of a run.
package e2e
