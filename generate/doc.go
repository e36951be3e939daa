// Package generate is described below by its owner.
package generate
