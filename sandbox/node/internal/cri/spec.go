//go:build linux

package cri

import (
	"slices"
	"strings"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/node/internal/shim"
)

// defaultPath is that of container engines.
const defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// specOf puts together what the Pod and the image say of a container.
func specOf(c *container, box *sandbox) shim.Spec {
	spec := shim.Spec{
		Root: c.path("root"), Image: c.image.Root, Upper: c.path("upper"), Work: c.path("work"),
		Arguments: arguments(c), Environment: environment(c), Directory: workingDirectory(c),
		Hostname: box.config.GetHostname(), ReadOnly: c.config.GetLinux().GetSecurityContext().GetReadonlyRootfs(),
	}
	for _, mount := range c.config.GetMounts() {
		spec.Mounts = append(spec.Mounts, shim.Mount{Source: mount.GetHostPath(), Target: mount.GetContainerPath(), ReadOnly: mount.GetReadonly()})
	}
	return spec
}

// arguments by Kubernetes' rules: a command replaces the image's entry point with its arguments, arguments replace these.
func arguments(c *container) []string {
	command, args := c.config.GetCommand(), c.config.GetArgs()
	if len(command) == 0 {
		command = c.image.Config.Entrypoint
		if len(args) == 0 {
			args = c.image.Config.Cmd
		}
	}
	all := slices.Concat(command, args)
	if len(all) == 0 {
		return []string{"/"} // which says in the container's log that it is not a program
	}
	return all
}

// environment of the image, and then of the Pod, which wins.
func environment(c *container) []string {
	values := map[string]string{}
	var order []string
	set := func(entry string) {
		key, _, _ := strings.Cut(entry, "=")
		if _, known := values[key]; !known {
			order = append(order, key)
		}
		values[key] = entry
	}
	set(defaultPath)
	set("HOME=/")
	for _, entry := range c.image.Config.Env {
		set(entry)
	}
	for _, variable := range c.config.GetEnvs() {
		set(variable.GetKey() + "=" + string(variable.GetValue()))
	}
	entries := make([]string, 0, len(order))
	for _, key := range order {
		entries = append(entries, values[key])
	}
	return entries
}

// userOf says as whom a container runs: as the Pod says, or the image.
func userOf(c *container) (uid, gid int64) {
	uid, gid = c.image.User()
	context := c.config.GetLinux().GetSecurityContext()
	if user := context.GetRunAsUser(); user != nil {
		uid = user.GetValue()
	}
	if group := context.GetRunAsGroup(); group != nil {
		gid = group.GetValue()
	}
	return uid, gid
}
