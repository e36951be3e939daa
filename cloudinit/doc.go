// Package cloudinit is described below by its owner.
package cloudinit
