// Package cloudinit reads NoCloud documents as cloud-init inside a virtual
// machine does: what user-data amounts to once it is decoded, rendered and
// merged ([Parse]), and what network-data says about each interface
// ([ParseNetwork]).
//
// Both are pure. They follow cloud-init's own rules where a mistake of the
// provider would otherwise go unseen here: a later part replaces whole
// top-level keys unless it says how to merge, a document without its header
// line is ignored by cloud-init and refused here, interfaces are matched by
// MAC. Nothing is fetched and no command is run. No error quotes the data.
package cloudinit

import "errors"

// ErrMalformed marks a document that cloud-init could make nothing of.
var ErrMalformed = errors.New("malformed cloud-init document")
