package sandbox

import (
	"fmt"
	"log/slog"
	"os"
	"sync"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// librariesLog guards the client libraries' logger, which is the whole process's and cannot be changed once they run: it
// is the first sandbox's. When that has ended, what the libraries say is lost.
var librariesLog sync.Once

// LogFile is where the stand-in and the guests say what they do.
func (s *Sandbox) LogFile() string { return s.dir.Sub("sandbox.log") }

// openLog gives the stand-in, the guests and the client libraries a log in the
// state folder, unless the caller brought a logger: what they say must not mix
// with what a person reads.
func (s *Sandbox) openLog() error {
	if s.options.Logger.GetSink() != nil {
		return nil
	}
	file, err := os.OpenFile(s.LogFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening the sandbox's log: %w", err)
	}
	s.log = file
	s.options.Logger = logr.FromSlogHandler(slog.NewTextHandler(file, nil))
	librariesLog.Do(func() {
		log.SetLogger(s.options.Logger)
		klog.SetLogger(s.options.Logger)
	})
	return nil
}

// closeLog closes what openLog opened.
func (s *Sandbox) closeLog() error {
	if s.log == nil {
		return nil
	}
	return s.log.Close()
}
