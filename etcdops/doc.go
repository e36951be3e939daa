// Package etcdops is described below by its owner.
package etcdops
