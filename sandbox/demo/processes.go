package demo

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// processesUnder finds the processes whose command line names a folder: etcd
// members and API servers of guests keep their data below the sandbox's. It
// reads the kernel's process table, not the sandbox's own book-keeping.
func processesUnder(dir string) (map[string]bool, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("reading the process table: %w", err)
	}
	found := map[string]bool{}
	for _, entry := range entries {
		if _, err := strconv.Atoi(entry.Name()); err != nil {
			continue
		}
		command, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "cmdline"))
		if err != nil {
			continue // it ended meanwhile
		}
		if bytes.Contains(command, []byte(dir+"/")) {
			program, _, _ := strings.Cut(string(command), "\x00")
			found[entry.Name()+" "+filepath.Base(program)] = true
		}
	}
	return found, nil
}
