package cloudinit

import (
	"bytes"
	"fmt"
)

// verifyDelimiters refuses a template that Jinja cannot read at all, whatever its values: a comment, an expression or a
// statement that begins and does not end, and an expression that begins with a dot. The content of a file is part of the
// template, so Bash's ${#name} begins a comment there, and a Go template such as {{.state}} is an expression of its own.
// cloud-init 25.1.4 then warns, drops the whole user data and goes on.
func verifyDelimiters(template []byte) error {
	for at := 0; ; {
		begin, kind := nextDelimiter(template, at)
		if begin < 0 {
			return nil
		}
		inner := template[begin+len(kind.begin):]
		length := bytes.Index(inner, []byte(kind.end))
		if length < 0 {
			return unreadable(template, begin, fmt.Sprintf("%s of Jinja begins with %s and does not end with %s", kind.name, kind.begin, kind.end))
		}
		inner = bytes.Trim(inner[:length], "-+ \t\r\n")
		if kind.begin == "{{" && bytes.HasPrefix(inner, []byte(".")) {
			return unreadable(template, begin, "an expression of Jinja cannot begin with a dot, as in a Go template")
		}
		at = begin + len(kind.begin) + length + len(kind.end)
		if kind.begin == "{%" && bytes.Equal(inner, []byte("raw")) {
			return nil // What follows is no template up to endraw, and is for the guest to decide.
		}
	}
}

// delimiter is one of Jinja's kinds of marks.
type delimiter struct{ name, begin, end string }

var delimiters = []delimiter{{"a comment", "{#", "#}"}, {"an expression", "{{", "}}"}, {"a statement", "{%", "%}"}}

// nextDelimiter finds the first mark from a place on; begin is negative where there is none.
func nextDelimiter(template []byte, from int) (begin int, kind delimiter) {
	begin = -1
	for _, candidate := range delimiters {
		at := bytes.Index(template[from:], []byte(candidate.begin))
		if at >= 0 && (begin < 0 || from+at < begin) {
			begin, kind = from+at, candidate
		}
	}
	return begin, kind
}

func unreadable(template []byte, at int, why string) error {
	const fix = "; give the file that holds it with encoding base64"
	return fmt.Errorf("%w: line %d: %s%s", ErrInvalidBootstrapData, bytes.Count(template[:at], []byte("\n"))+1, why, fix)
}
