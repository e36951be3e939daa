package sandbox

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/go-logr/logr"
)

// LogFile is where the stand-in and the guests say what they do.
func (s *Sandbox) LogFile() string { return s.dir.Sub("sandbox.log") }

// openLog gives the stand-in and the guests a log in the state folder, unless
// the caller brought a logger.
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
	return nil
}

// closeLog closes what openLog opened.
func (s *Sandbox) closeLog() error {
	if s.log == nil {
		return nil
	}
	return s.log.Close()
}
