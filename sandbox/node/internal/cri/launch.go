//go:build linux

package cri

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// guarded is what changes of a container.
type guarded struct {
	mu       sync.Mutex
	progress progress
	process  *os.Process // pod-shim's; nil before the start
	done     chan struct{}
}

// progress of a container.
type progress struct {
	state             runtimeapi.ContainerState
	started, finished int64
	exit              int32
}

// reason of its end, as other runtimes put it.
func (p progress) reason() string {
	switch {
	case p.state != runtimeapi.ContainerState_CONTAINER_EXITED:
		return ""
	case p.exit != 0:
		return "Error"
	}
	return "Completed"
}

func (g *guarded) now() progress {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.progress
}

// launch starts pod-shim, which starts the container.
func (s *Server) launch(c *container, box *sandbox) error {
	spec, err := json.Marshal(specOf(c, box))
	if err != nil {
		return err
	}
	log, err := openLog(c.log, s.options.Now)
	if err != nil {
		return err
	}
	uid, gid := userOf(c)
	arguments := []string{"run", "-uid", strconv.FormatInt(uid, 10), "-gid", strconv.FormatInt(gid, 10), "-pid-file", c.path("pid")}
	if box.pause != nil {
		arguments = append(arguments, "-net", strconv.Itoa(box.pause.Process.Pid))
	}
	command := exec.Command(s.options.Shim, arguments...) //nolint:noctx // it outlives the call
	command.Env = []string{}
	command.Stdout, command.Stderr = log.stream("stdout"), log.stream("stderr")
	reader, writer, err := os.Pipe()
	if err != nil {
		return errors.Join(err, log.Close())
	}
	command.ExtraFiles = []*os.File{reader}
	command.WaitDelay = time.Second // a container's descendant may hold its output
	err = command.Start()
	_ = reader.Close()
	if err != nil {
		return errors.Join(err, writer.Close(), log.Close())
	}
	c.begin(command.Process, s.options.Now())
	go func() {
		_, _ = writer.Write(spec) // a reader that is gone shows as an exit
		_ = writer.Close()
		_ = command.Wait()
		c.finish(command.ProcessState, s.options.Now())
		_ = log.Close()
	}()
	return nil
}

func (g *guarded) begin(process *os.Process, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.process = process
	g.progress = progress{state: runtimeapi.ContainerState_CONTAINER_RUNNING, started: now.UnixNano()}
}

func (g *guarded) finish(state *os.ProcessState, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.progress.state, g.progress.finished = runtimeapi.ContainerState_CONTAINER_EXITED, now.UnixNano()
	g.progress.exit = int32(state.ExitCode())
	if g.progress.exit < 0 {
		g.progress.exit = 128 + int32(syscall.SIGKILL)
	}
	close(g.done)
}

// stop asks a running container to end, waits, and kills it.
func (g *guarded) stop(patience time.Duration) {
	if !g.signal(syscall.SIGTERM) {
		return
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-g.done:
		return
	case <-timer.C:
	}
	g.kill()
}

// kill ends a running container. The kernel kills what pod-shim has started.
func (g *guarded) kill() {
	if g.signal(syscall.SIGKILL) {
		<-g.done
	}
}

// signal tells whether there is a process to wait for.
func (g *guarded) signal(signal os.Signal) bool {
	g.mu.Lock()
	process := g.process
	g.mu.Unlock()
	if process == nil {
		return false
	}
	_ = process.Signal(signal) // it may have ended
	return true
}

// pid of the container's first process, to the machine.
func (c *container) pid() (int, error) {
	text, err := os.ReadFile(c.path("pid"))
	if err != nil {
		return 0, fmt.Errorf("container %s has no process: it is starting, or has ended", c.config.GetMetadata().GetName())
	}
	return strconv.Atoi(string(text))
}

func workingDirectory(c *container) string {
	for _, dir := range []string{c.config.GetWorkingDir(), c.image.Config.WorkingDir} {
		if filepath.IsAbs(dir) {
			return dir
		}
	}
	return "/"
}
