// Package guest boots small Debian guests with what package cloudinit renders, and looks at what they became. image.sh
// builds the guests; the tests need them and qemu on the machine, and so have the build tag "guest". `make test-guests`
// does both.
package guest
