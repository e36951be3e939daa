package management

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/process"
)

// Manager is one manager as a Deployment of one replica would keep it: running,
// and started again when it dies. Safe for concurrent use.
type Manager struct {
	component Component
	spec      process.Spec

	mu       sync.Mutex
	current  *process.Process
	restarts int
	stopping bool
	kept     sync.WaitGroup
}

// restartDelay is how long a dead manager stays dead. A kubelet waits longer
// after repeated crashes; the sandbox does not, to keep a demo short.
const restartDelay = 300 * time.Millisecond

// newManager describes the process; nothing runs yet.
func newManager(component Component, program, kubeconfig, logFile string, e endpoints) *Manager {
	args := append([]string{"--kubeconfig=" + kubeconfig}, component.endpointArgs(e)...)
	return &Manager{
		component: component,
		spec: process.Spec{
			Name:         component.Title + "'s manager",
			Path:         program,
			Args:         append(args, component.Args...),
			LogFile:      logFile,
			Ready:        readyz(e.health),
			ReadyTimeout: 2 * time.Minute,
			Grace:        5 * time.Second,
		},
	}
}

func readyz(port int) func(context.Context) error {
	client := &http.Client{Timeout: time.Second}
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/readyz", port), http.NoBody)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("readyz answers %s", response.Status)
		}
		return nil
	}
}

// start runs the manager, returns when it is ready, and keeps it from then on.
func (m *Manager) start(ctx context.Context) error {
	if _, err := os.Stat(m.spec.Path); err != nil {
		return fmt.Errorf("%s: %w; `caphv-sandbox build` makes it", m.spec.Name, err)
	}
	started, err := process.Start(ctx, m.spec)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.current = started
	m.kept.Go(m.keep)
	return nil
}

// keep starts the manager again whenever it ends, until stop.
func (m *Manager) keep() {
	for {
		m.mu.Lock()
		current := m.current
		m.mu.Unlock()
		<-current.Done()
		if !m.again() {
			return
		}
	}
}

// again waits a little and starts the manager; false means that it was asked to
// stop. Readiness is left to those who wait for it: a manager that dies at once
// must be started again, not reported.
func (m *Manager) again() bool {
	for {
		time.Sleep(restartDelay)
		m.mu.Lock()
		if m.stopping {
			m.mu.Unlock()
			return false
		}
		m.restarts++
		spec := m.spec
		spec.Ready = nil
		started, err := process.Start(context.Background(), spec)
		if err == nil {
			m.current = started
		}
		m.mu.Unlock()
		if err == nil {
			return true
		}
	}
}

// Kill ends the manager with SIGKILL at whatever instruction it is. It is
// started again by itself.
func (m *Manager) Kill() error {
	m.mu.Lock()
	current := m.current
	m.mu.Unlock()
	if current == nil {
		return errors.New(m.spec.Name + " does not run")
	}
	return current.Kill()
}

// AwaitReady polls until the manager answers that it is ready.
func (m *Manager) AwaitReady(ctx context.Context) error {
	for {
		err := m.spec.Ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w", m.spec.Name, err)
		case <-time.After(pollInterval):
		}
	}
}

// Restarts counts how often the manager had to be started again.
func (m *Manager) Restarts() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.restarts
}

// PID of the running process; 0 when none runs.
func (m *Manager) PID() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.current == nil {
		return 0
	}
	return m.current.PID()
}

// LogFile holds what the manager wrote, over all its restarts.
func (m *Manager) LogFile() string { return m.spec.LogFile }

// stop ends the manager for good. It returns when it is gone.
func (m *Manager) stop(ctx context.Context) error {
	m.mu.Lock()
	m.stopping = true
	current := m.current
	m.mu.Unlock()
	if current == nil {
		return nil
	}
	err := current.Stop(ctx)
	m.kept.Wait()
	return err
}
