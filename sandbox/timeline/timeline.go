// Package timeline tells a person what happens and when: one line an event,
// with the time since the start in front, so that a transcript can be read and
// compared later. Headings are bold on a terminal unless NO_COLOR is set; files
// get plain text.
package timeline

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// Timeline writes lines. Safe for concurrent use.
type Timeline struct {
	mu      sync.Mutex
	out     io.Writer
	now     func() time.Time
	started time.Time
	bold    bool
}

// New starts a timeline; now tells the time, time.Now when nil.
func New(out io.Writer, now func() time.Time) *Timeline {
	if now == nil {
		now = time.Now
	}
	return &Timeline{out: out, now: now, started: now(), bold: wantsColour(out)}
}

// wantsColour follows https://no-color.org and leaves dumb terminals alone.
func wantsColour(out io.Writer) bool {
	file, ok := out.(*os.File)
	return ok && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(file.Fd()))
}

// Elapsed is the time since the start.
func (t *Timeline) Elapsed() time.Duration { return t.now().Sub(t.started) }

// Heading starts a new chapter.
func (t *Timeline) Heading(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if t.bold {
		text = "\x1b[1m" + text + "\x1b[0m"
	}
	t.write("\n" + text + "\n")
}

// Event tells what just happened.
func (t *Timeline) Event(format string, args ...any) {
	t.write(fmt.Sprintf("%7.1fs  %s\n", t.Elapsed().Seconds(), fmt.Sprintf(format, args...)))
}

// Up tells that a part came up and how long that took; its signature fits the
// sandbox's Report options.
func (t *Timeline) Up(part string, took time.Duration) {
	t.Event("%-42s %5.1fs", part, took.Seconds())
}

// Detail adds a line without a time to the event before.
func (t *Timeline) Detail(format string, args ...any) {
	t.write("          " + fmt.Sprintf(format, args...) + "\n")
}

func (t *Timeline) write(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	// Nothing can be told where nothing can be written.
	_, _ = io.WriteString(t.out, text)
}
