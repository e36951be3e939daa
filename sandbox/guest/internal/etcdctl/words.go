package etcdctl

import (
	"fmt"
	"strings"
)

// invocation is a command line taken apart.
type invocation struct {
	environment map[string]string
	program     string
	arguments   []string
}

// parse takes a command line apart: plain words, or a shell that is given one
// simple command as a text.
func parse(command []string) (invocation, error) {
	if len(command) == 3 && isShell(command[0]) && strings.HasPrefix(command[1], "-") && strings.HasSuffix(command[1], "c") {
		words, err := splitWords(command[2])
		if err != nil {
			return invocation{}, err
		}
		command = words
	}
	found := invocation{environment: map[string]string{}}
	for len(command) > 0 {
		key, value, assigned := strings.Cut(command[0], "=")
		if !assigned || strings.ContainsAny(key, "/-") {
			break
		}
		found.environment[key] = value
		command = command[1:]
	}
	if len(command) == 0 {
		return invocation{}, fmt.Errorf("no command")
	}
	found.program = command[0][strings.LastIndex(command[0], "/")+1:]
	found.arguments = command[1:]
	return found, nil
}

func isShell(program string) bool {
	switch program {
	case "sh", "/bin/sh", "bash", "/bin/bash":
		return true
	}
	return false
}

// splitWords splits a shell text with quotes. What only a shell can do, such as
// pipes and variables, is refused.
func splitWords(text string) ([]string, error) {
	var words []string
	var word strings.Builder
	var quote rune
	begun := false
	end := func() {
		if begun {
			words = append(words, word.String())
		}
		word.Reset()
		begun = false
	}
	for _, r := range text {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != '\'' && strings.ContainsRune("`$\\", r), quote == 0 && strings.ContainsRune("|&;<>()", r):
			return nil, fmt.Errorf("the shell here runs one simple command only")
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, begun = r, true
		case r == ' ' || r == '\t' || r == '\n':
			end()
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("unfinished quote")
	}
	end()
	return words, nil
}
