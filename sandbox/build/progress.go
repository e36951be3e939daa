package build

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// IsTerminal tells whether a person reads what is written to w.
func IsTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// intervals between signs of life: a terminal's line is overwritten, a log's
// lines add up.
const (
	terminalInterval = time.Second
	logInterval      = 10 * time.Second
)

// ticker writes how far a build is, again and again until stopped.
type ticker struct {
	out      io.Writer
	terminal bool
	name     string
	started  time.Time

	mu       sync.Mutex
	packages int
	last     string

	stop    chan struct{}
	stopped sync.WaitGroup
}

func startTicker(out io.Writer, name string) *ticker {
	t := &ticker{out: out, terminal: IsTerminal(out), name: name, started: time.Now(), stop: make(chan struct{})}
	interval := logInterval
	if t.terminal {
		interval = terminalInterval
	}
	t.stopped.Go(func() {
		clock := time.NewTicker(interval)
		defer clock.Stop()
		for {
			select {
			case <-t.stop:
				return
			case <-clock.C:
				t.show()
			}
		}
	})
	return t
}

// compiled counts one more package.
func (t *ticker) compiled(pkg string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.packages++
	t.last = pkg
}

func (t *ticker) show() {
	line := t.line()
	if t.terminal {
		fmt.Fprintf(t.out, "\r\x1b[K%s", line)
		return
	}
	fmt.Fprintln(t.out, line)
}

func (t *ticker) line() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.packages == 0 {
		return fmt.Sprintf("  %-18s %4ds  resolving modules, linking", t.name, t.seconds())
	}
	return fmt.Sprintf("  %-18s %4ds  %4d packages compiled, now %s", t.name, t.seconds(), t.packages, shorten(t.last, 48))
}

func (t *ticker) seconds() int { return int(time.Since(t.started).Seconds()) }

// end stops the signs of life and clears a terminal's unfinished line.
func (t *ticker) end() {
	close(t.stop)
	t.stopped.Wait()
	if t.terminal {
		fmt.Fprint(t.out, "\r\x1b[K")
	}
}

// shorten keeps the end of a package path, which tells more than its start.
func shorten(text string, width int) string {
	if len(text) <= width {
		return text
	}
	return "..." + text[len(text)-width+3:]
}
