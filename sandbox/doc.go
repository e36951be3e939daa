// Package sandbox is described below by its owner.
package sandbox
