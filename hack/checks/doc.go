// Package checks holds the rules of the project that no compiler knows: which
// module may import which, that every library stands alone, that versions
// agree, and that anyone can import what we publish.
//
// It has no exported API; `go test ./hack/checks` is its use.
package checks
