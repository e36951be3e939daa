// Package judge lets cloud-init itself judge what package cloudinit renders: its schema check, its merger and its network
// renderers, from an old release and a new one. The tests need both on the machine, and so have the build tag "judge";
// install.sh installs them on Debian. Nothing is skipped: where a judge is missing the tests fail and say so.
package judge
