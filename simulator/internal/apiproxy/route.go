package apiproxy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// errLost makes the reverse proxy give up an answer that a fault says is lost.
var errLost = errors.New("the answer is lost")

// routeKey finds the route in a request's context.
type routeKey struct{}

// route is a request on its way to the apiserver.
type route struct {
	proxy   *Proxy
	request Request
	rule    *matcher
	key     string
}

// inspect looks at the apiserver's answer before the client gets it.
func (r *route) inspect(response *http.Response) error {
	if r.request.IsWrite() {
		if err := r.proxy.noteWrite(r.request, response); err != nil {
			return err
		}
	}
	switch {
	case r.rule == nil:
		return nil
	case r.rule.Lost:
		return errLost
	case r.rule.Stale && response.StatusCode == http.StatusOK:
		return r.keep(response)
	}
	return nil
}

// keep freezes an answer for later requests.
func (r *route) keep(response *http.Response) error {
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if err := response.Body.Close(); err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	r.proxy.faults.freeze(r.rule, r.key, &answer{code: response.StatusCode, header: response.Header.Clone(), body: body})
	return nil
}
