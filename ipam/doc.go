// Package ipam is described below by its owner.
package ipam
