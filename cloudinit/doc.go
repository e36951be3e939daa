// Package cloudinit renders what a guest reads at its first boot from a NoCloud datasource: user-data and network-data.
//
// [RenderUserData] joins the part of an infrastructure provider, a [Config], with the data that a bootstrap provider
// made. A #cloud-config is merged key by key; where that could damage it, and for scripts and other formats, the result
// is a MIME archive that carries the bootstrap data byte for byte. [RenderNetworkData] writes network-config version 1 or
// 2 from one model, a [Network]. [MACFor] derives the MAC addresses by which the guest finds its interfaces.
//
// Everything is pure: the same input gives the same bytes, and there is no I/O. The package refuses what cloud-init does
// not read ([ErrUnsupportedFormat]), what it cannot parse ([ErrInvalidBootstrapData]), fields that a guest would trip over
// ([ErrInvalidConfig], [ErrInvalidNetwork]), and results that no Secret can hold ([ErrTooLarge]). An error names the
// field or the line, never a value: user-data holds tokens and keys.
package cloudinit
