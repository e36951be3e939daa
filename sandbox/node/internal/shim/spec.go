// Package shim is what the node's runtime tells pod-shim, which starts its containers.
package shim

// Spec of a container, as pod-shim reads it.
type Spec struct {
	// Root is the empty directory where the root file system is mounted: Image with what the container writes to Upper. Work
	// is an empty directory beside Upper, which the kernel needs.
	Root, Image, Upper, Work string
	// Mounts besides, in this order.
	Mounts []Mount
	// Arguments of the program; the first is its path, or a name in PATH.
	Arguments []string
	// Environment has KEY=value entries.
	Environment []string
	// Directory is the working directory.
	Directory string
	Hostname  string
	// ReadOnly root file system; Mounts decide for themselves.
	ReadOnly bool
}

// Mount of a file or directory of the machine.
type Mount struct {
	Source, Target string
	ReadOnly       bool
}
