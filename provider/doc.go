// Package provider is described below by its owner.
package provider
