// Package tell says what was done, and what needs attention, where an operator looks: in an event on the object and in the
// log. Neither ever holds a secret or bootstrap data; callers see to that.
package tell
