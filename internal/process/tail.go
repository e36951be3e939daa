package process

import (
	"os"
	"strings"
)

// tailBytes is how much of a log's end is searched for lines.
const tailBytes = 16 << 10

// Tail returns the last lines of a file, without the newline at the end; empty
// when the file cannot be read. Long lines are cut to the file's last 16 KiB.
func Tail(path string, lines int) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return ""
	}
	start := max(0, info.Size()-tailBytes)
	end := make([]byte, info.Size()-start)
	n, _ := file.ReadAt(end, start) // a log that shrinks meanwhile gives less
	return lastLines(string(end[:n]), lines)
}

// lastLines is the pure part of Tail.
func lastLines(text string, lines int) string {
	if lines <= 0 {
		return ""
	}
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
