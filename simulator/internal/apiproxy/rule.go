package apiproxy

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// ErrInvalidRule is returned for a rule that cannot be obeyed.
var ErrInvalidRule = errors.New("invalid fault rule")

// Rule breaks requests of a kind in one way. The zero fields of the first group match anything; exactly one of the
// effects must be set, except Latency, which may go with any or stand alone.
type Rule struct {
	// Name tells it apart, in the history and for Faults.Remove; a second rule of a name replaces the first.
	Name string

	// Verbs are API verbs such as get, list, watch, create, update, patch, delete.
	Verbs []string
	// Resources are plural names, with /subresource for those; "virtualmachines/*" means all of its subresources.
	Resources []string
	// Namespace and Object are regular expressions that must match in full.
	Namespace, Object string

	// Status answers with this code and the API's usual body for it: 401, 403, 404, 409, 429, 500, 503 ...
	Status int
	// Denial answers as a webhook of this name that denies the request by HTTP 500, for the reason in Message.
	Denial string
	// Message is the reason in a Denial, or the text of a Status; empty means a usual one.
	Message string
	// RetryAfter goes with a Status, as the header of that name; zero leaves it out.
	RetryAfter time.Duration
	// Reset cuts the connection without an answer; the request has no effect.
	Reset bool
	// Lost lets the request take effect and then cuts the connection: the client cannot know.
	Lost bool
	// Stale answers a get or list with what the first such request after the rule was set got.
	Stale bool
	// DropAfter ends watches after this long.
	DropAfter time.Duration
	// Latency delays the request.
	Latency time.Duration

	// Probability is the share of matching requests that are hit, 0 to 1; zero means all. Chance is seeded.
	Probability float64
	// Count is how many requests are hit before the rule is spent; zero means no limit.
	Count int
}

// matcher is a rule that was checked.
type matcher struct {
	Rule
	namespace, object *regexp.Regexp
	hits              int
	// frozen are the answers that a Stale rule repeats, by request.
	frozen map[string]*answer
}

func compile(rule Rule) (*matcher, error) {
	invalid := func(format string, arguments ...any) error {
		return fmt.Errorf("%w: %q: %s", ErrInvalidRule, rule.Name, fmt.Sprintf(format, arguments...))
	}
	effects := 0
	for _, set := range []bool{rule.Status != 0, rule.Denial != "", rule.Reset, rule.Lost, rule.Stale, rule.DropAfter > 0} {
		if set {
			effects++
		}
	}
	switch {
	case rule.Name == "":
		return nil, invalid("it needs a name")
	case effects > 1 || effects == 0 && rule.Latency <= 0:
		return nil, invalid("it must have exactly one effect")
	case rule.Probability < 0 || rule.Probability > 1:
		return nil, invalid("probability %v is not between 0 and 1", rule.Probability)
	case rule.Status != 0 && (rule.Status < 400 || rule.Status > 599):
		return nil, invalid("status %d is no error", rule.Status)
	}
	m := &matcher{Rule: rule, frozen: map[string]*answer{}}
	for _, pattern := range []struct {
		text   string
		target **regexp.Regexp
	}{{rule.Namespace, &m.namespace}, {rule.Object, &m.object}} {
		if pattern.text == "" {
			continue
		}
		compiled, err := regexp.Compile("^(?:" + pattern.text + ")$")
		if err != nil {
			return nil, invalid("%v", err)
		}
		*pattern.target = compiled
	}
	return m, nil
}

// matches tells whether a request is of the rule's kind.
func (m *matcher) matches(request Request) bool {
	if m.DropAfter > 0 && request.Verb != "watch" || m.Stale && request.Verb != "get" && request.Verb != "list" {
		return false
	}
	return (len(m.Verbs) == 0 || slices.Contains(m.Verbs, request.Verb)) &&
		(len(m.Resources) == 0 || slices.ContainsFunc(m.Resources, func(name string) bool { return names(name, request.Resource) })) &&
		(m.namespace == nil || m.namespace.MatchString(request.Namespace)) &&
		(m.object == nil || m.object.MatchString(request.Name))
}

func names(pattern, resource string) bool {
	if prefix, all := strings.CutSuffix(pattern, "/*"); all {
		return strings.HasPrefix(resource, prefix+"/")
	}
	return pattern == resource
}

// spent tells whether the rule has hit as often as it may.
func (m *matcher) spent() bool { return m.Count > 0 && m.hits >= m.Count }

// usual is the text that goes with a code.
func usual(code int, request Request) string {
	switch code {
	case http.StatusConflict:
		return fmt.Sprintf("Operation cannot be fulfilled on %s %q: the object has been modified; please apply your changes to the latest version and try again", request.Resource, request.Name)
	case http.StatusTooManyRequests:
		return "too many requests, please try again later"
	case http.StatusUnauthorized:
		return "Unauthorized"
	}
	return "an error on the server has prevented the request from succeeding"
}
