// Package prompt asks for settings line by line, on any terminal: no colours, no cursor movement.
package prompt

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
)

// ErrNoMoreInput says that the input ended before the last question was answered.
var ErrNoMoreInput = errors.New("the input ended before all questions were answered")

// Session asks questions and reads the answers.
type Session struct {
	lines <-chan line
	out   io.Writer
}

type line struct {
	text string
	err  error
}

// NewSession reads answers from in and writes questions to out. It reads ahead of the questions, and so owns in.
func NewSession(in io.Reader, out io.Writer) *Session {
	lines := make(chan line)
	go func() {
		defer close(lines)
		for reader := bufio.NewReader(in); ; {
			text, err := reader.ReadString('\n')
			if text != "" || err == nil {
				lines <- line{text: strings.TrimSpace(text)}
			}
			if err != nil {
				lines <- line{err: err}
				return
			}
		}
	}()
	return &Session{lines: lines, out: out}
}

// Guide knows more about a question than its text.
type Guide interface {
	// Choices are what there is to answer with, with a note each; none means that anything goes.
	Choices(flag string) []Choice
	// Suggest is the answer that an empty line gives, in the place of the flag's default; empty for none.
	Suggest(flag string) string
	// Problem says what is wrong with the answer that the flag has now; empty means that it is right.
	Problem(ctx context.Context, flag string) string
}

// Choice is an answer to choose by its number.
type Choice struct{ Value, Note string }

// Fill asks for every field that has a question and whose flag was not given, in the order of the fields. An empty answer
// keeps the default. An answer is validated at once, and asked for again until it is right. Setting the flag sets the
// settings, which the guide validates.
func (s *Session) Fill(ctx context.Context, fields []settings.Field, flags *pflag.FlagSet, guide Guide) error {
	for _, field := range fields {
		flag := flags.Lookup(field.Flag)
		if field.Question == "" || flag == nil || flag.Changed || field.Asked != nil && !field.Asked() {
			continue
		}
		if err := s.fill(ctx, field, flag, guide); err != nil {
			return fmt.Errorf("at the question for --%s: %w", field.Flag, err)
		}
	}
	return nil
}

func (s *Session) fill(ctx context.Context, field settings.Field, flag *pflag.Flag, guide Guide) error {
	initial := shown(flag)
	fallback := initial
	if suggested := guide.Suggest(field.Flag); suggested != "" {
		fallback = suggested
	}
	choices := guide.Choices(field.Flag)
	for {
		s.list(choices)
		answer, err := s.ask(ctx, field.Question, fallback)
		if err != nil {
			return err
		}
		if answer == "" {
			answer = fallback
		}
		answer = chosen(answer, choices, field.Kind == settings.Texts)
		if err := set(flag, answer, answer != initial); err != nil {
			fmt.Fprintf(s.out, "  --%s: %q is not of the right kind (%s)\n", field.Flag, answer, flag.Value.Type())
			continue
		}
		problem := guide.Problem(ctx, field.Flag)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if problem == "" {
			return nil
		}
		fmt.Fprintf(s.out, "  %s\n", problem)
	}
}

// list shows the choices, numbered from 1.
func (s *Session) list(choices []Choice) {
	width := 0
	for _, choice := range choices {
		width = max(width, len(choice.Value))
	}
	for i, choice := range choices {
		line := fmt.Sprintf("  %2d) %-*s  %s", i+1, width, choice.Value, choice.Note)
		fmt.Fprintln(s.out, strings.TrimRight(line, " "))
	}
}

// chosen puts values in the place of their numbers. What is a value itself is not taken for a number.
func chosen(answer string, choices []Choice, several bool) string {
	if several {
		var values []string
		for _, part := range split(answer) {
			values = append(values, chosen(part, choices, false))
		}
		return strings.Join(values, ",")
	}
	if slices.ContainsFunc(choices, func(c Choice) bool { return c.Value == answer }) {
		return answer
	}
	if number, err := strconv.Atoi(answer); err == nil && number >= 1 && number <= len(choices) {
		return choices[number-1].Value
	}
	return answer
}

// Confirm asks a question that is answered by yes or no; an empty answer, and anything but yes, is no.
func (s *Session) Confirm(ctx context.Context, question string) (bool, error) {
	answer, err := s.ask(ctx, question+" (yes or no)", "no")
	return err == nil && (strings.EqualFold(answer, "yes") || strings.EqualFold(answer, "y")), err
}

func (s *Session) ask(ctx context.Context, question, fallback string) (string, error) {
	if fallback != "" {
		question += " [" + fallback + "]"
	}
	if _, err := fmt.Fprint(s.out, question+": "); err != nil {
		return "", err
	}
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case answer, open := <-s.lines:
		if !open || answer.err != nil {
			return "", ErrNoMoreInput
		}
		return answer.text, nil
	}
}

// set replaces the value; a list would otherwise be appended to after a wrong answer.
func set(flag *pflag.Flag, answer string, changed bool) error {
	if list, ok := flag.Value.(pflag.SliceValue); ok {
		flag.Changed = changed
		return list.Replace(split(answer))
	}
	if err := flag.Value.Set(answer); err != nil {
		return err
	}
	flag.Changed = changed
	return nil
}

func split(answer string) []string {
	var items []string
	for item := range strings.SplitSeq(answer, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

func shown(flag *pflag.Flag) string {
	if list, ok := flag.Value.(pflag.SliceValue); ok {
		return strings.Join(list.GetSlice(), ",")
	}
	return flag.Value.String()
}

// CommandLine is the command that gives the same settings without questions, for a POSIX shell.
func CommandLine(program string, flags *pflag.FlagSet) string {
	words := []string{program}
	flags.VisitAll(func(flag *pflag.Flag) {
		// What a values file says has become flags.
		if !flag.Changed || flag.Name == "interactive" || flag.Name == "values" {
			return
		}
		if flag.NoOptDefVal != "" {
			words = append(words, fmt.Sprintf("--%s=%s", flag.Name, quote(flag.Value.String())))
			return
		}
		words = append(words, "--"+flag.Name, quote(shown(flag)))
	})
	return strings.Join(words, " ")
}

func quote(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./,:=+@%", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
