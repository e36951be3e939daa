package statuspage

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"k8s.io/utils/clock"
)

// Where the page and its data are served.
const (
	PagePath = "/status"
	DataPath = "/status.json"
)

// refreshEvery is how many seconds a browser waits before it loads the page again, unless the reader chose otherwise.
const refreshEvery = 10

// Reader gives the latest snapshot. [Source] is one.
type Reader interface {
	Snapshot(ctx context.Context) (Snapshot, error)
}

// NewHandlers returns what serves the page and its data, by path. They are for reading: any method but GET and HEAD is
// refused. Who may read is decided in front of them. Safe for concurrent use.
func NewHandlers(reader Reader, now clock.PassiveClock) map[string]http.Handler {
	return map[string]http.Handler{
		PagePath: handler{reader, now, "text/html; charset=utf-8", render},
		DataPath: handler{reader, now, "application/json", func(page Page) ([]byte, error) { return json.MarshalIndent(page, "", "  ") }},
	}
}

type handler struct {
	reader      Reader
	clock       clock.PassiveClock
	contentType string
	write       func(Page) ([]byte, error)
}

// ServeHTTP answers with the page as it is now. Everything is written before the first byte is sent, so that a failure has
// a status of its own.
func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	protect(w.Header())
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "use GET", http.StatusMethodNotAllowed)
		return
	}
	snapshot, err := h.reader.Snapshot(r.Context())
	if err != nil {
		http.Error(w, "The management cluster could not be read: "+Why(err), http.StatusServiceUnavailable)
		return
	}
	content, err := h.write(NewPage(snapshot, h.clock.Now(), queryOf(r)))
	if err != nil {
		http.Error(w, "The page could not be made: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", h.contentType)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

// protect forbids the browser everything that the page does not need. The icon in the page is empty, so that none is asked
// for.
func protect(header http.Header) {
	header.Set("Content-Security-Policy", "default-src 'none'; style-src '"+styleHash+"'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
}

// queryOf reads what the reader chose; what cannot be read is as if it were not there.
func queryOf(r *http.Request) Query {
	query := Query{Cluster: r.URL.Query().Get("cluster"), Refresh: refreshEvery}
	if seconds, err := strconv.Atoi(r.URL.Query().Get("refresh")); err == nil && (seconds == 0 || seconds >= 2 && seconds <= 3600) {
		query.Refresh = seconds
	}
	return query
}
