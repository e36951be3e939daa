package statedir

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Processes finds the processes whose command line names something below dir,
// as "<pid> <program>": whatever a sandbox starts keeps its data there. It reads
// the kernel's process table, not anybody's book-keeping. The process that asks
// is left out.
func Processes(dir string) ([]string, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("reading the process table: %w", err)
	}
	var found []string
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		command, err := os.ReadFile("/proc/" + entry.Name() + "/cmdline")
		if err != nil {
			continue // it ended meanwhile
		}
		if bytes.Contains(command, []byte(dir+"/")) {
			program, _, _ := strings.Cut(string(command), "\x00")
			found = append(found, entry.Name()+" "+filepath.Base(program))
		}
	}
	return found, nil
}
