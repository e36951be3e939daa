//go:build !linux

package process

import (
	"os/exec"
	"syscall"
)

func (p *Process) run(*exec.Cmd) error { return ErrUnsupported }

func signalGroup(int, syscall.Signal) error { return ErrUnsupported }
