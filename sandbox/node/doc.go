// Package node runs Kubernetes' own kubelet and scheduler without containers' usual needs: no root, no container engine, no
// image store, no cgroups. A container is a process in user, mount, process and network namespaces of its own, over files that
// were pulled from a registry.
//
// [Reenter] runs the calling program again in namespaces of its own: a machine, whose network is a bridge for Pods and
// nothing else. It ends with all its processes, mounts and networks when the first process ends, however that happens: the
// kernel sees to it. Inside, [Settle] prepares it, and [Start] makes a node of it, towards a control plane that runs there.
//
// Real: the scheduler, the kubelet with its probes, volumes, logs, exec and port-forward, admission of Pods, image pulls by tag
// and digest. Ours: the container runtime (CRI), and a proxy for Services in place of kube-proxy. Missing: DNS, limits of
// memory and CPU, seccomp and capabilities, device and host volumes, sub-paths, attach. Everyone is the same user to the
// machine, so one Pod's files are not protected from another's.
//
// Linux only. Where user namespaces are refused, Reenter returns [ErrRefused], which says what to allow.
package node
