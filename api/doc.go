// Package api is described below by its owner.
package api
