// Package validation is described below by its owner.
package validation
