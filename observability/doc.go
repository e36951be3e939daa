// Package observability is described below by its owner.
package observability
