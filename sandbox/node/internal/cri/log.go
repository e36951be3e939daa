//go:build linux

package cri

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"
)

// longest line of a log that is kept in one piece, in bytes.
const longest = 16 << 10

// logFile has lines in the form that the kubelet reads: time, stream, F or P for a full or partial line, text. Safe for
// concurrent use.
type logFile struct {
	mu   sync.Mutex
	file *os.File
	now  func() time.Time
	rest map[string][]byte // by stream: the start of a line
}

func openLog(path string, now func() time.Time) (*logFile, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return nil, fmt.Errorf("opening a container's log: %w", err)
	}
	return &logFile{file: file, now: now, rest: map[string][]byte{}}, nil
}

// stream returns the writer of standard output or standard error.
func (l *logFile) stream(name string) logStream { return logStream{log: l, name: name} }

type logStream struct {
	log  *logFile
	name string
}

// Write takes text of any length; what it cannot write is lost, as the container must not wait for that.
func (s logStream) Write(text []byte) (int, error) {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	rest := slices.Concat(s.log.rest[s.name], text)
	for {
		end := bytes.IndexByte(rest, '\n')
		switch {
		case end >= 0:
			s.log.line(s.name, "F", rest[:end])
			rest = rest[end+1:]
		case len(rest) >= longest:
			s.log.line(s.name, "P", rest[:longest])
			rest = rest[longest:]
		default:
			s.log.rest[s.name] = bytes.Clone(rest)
			return len(text), nil
		}
	}
}

func (l *logFile) line(stream, tag string, text []byte) {
	fmt.Fprintf(l.file, "%s %s %s %s\n", l.now().UTC().Format(time.RFC3339Nano), stream, tag, text)
}

// Close writes lines that have no end.
func (l *logFile) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for stream, text := range l.rest {
		if len(text) > 0 {
			l.line(stream, "F", text)
		}
	}
	l.rest = map[string][]byte{}
	return l.file.Close()
}
