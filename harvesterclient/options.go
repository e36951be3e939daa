package harvesterclient

import (
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/clock"
)

// Options configure Connections. The zero value works: every field has a default.
type Options struct {
	// Selector limits the virtual machines, instances, load balancers and claims that are watched and cached. Set it to the
	// label that everything of yours carries: memory and traffic then do not grow with what others run on the same Harvester.
	// Nil means all of them. IP pools are always cached in full. Connections.GetSelected narrows it for one identity.
	Selector labels.Selector
	// UserAgent names the program in Harvester's audit log. The default is client-go's.
	UserAgent string
	// QPS and Burst limit the requests to one Harvester, all users of the connection together. Defaults: 20 and 40.
	QPS   float32
	Burst int
	// ConnectTimeout bounds one attempt to reach a Harvester, and how long Get waits for a first answer. Default: 5 s.
	ConnectTimeout time.Duration
	// SyncTimeout bounds how long Get waits for the caches of a connected Harvester to fill. Default: 20 s.
	SyncTimeout time.Duration
	// RequestTimeout bounds each request of Connection.Client. Watches are not bounded. Default: 30 s.
	RequestTimeout time.Duration
	// BackoffInitial and BackoffMax are the first and longest pause between attempts to reach a Harvester that is
	// away. Defaults: 1 s and 30 s. Each pause is lengthened at random by up to a half, so that many do not come back at once.
	BackoffInitial, BackoffMax time.Duration
	// IdleTimeout is how long a connection no one asks for stays open. Before closing it, its identity is announced once by
	// ConnectionEvents; whoever still needs it asks again, and it stays. Default: 30 min. Negative means for ever.
	IdleTimeout time.Duration
	// CountCall is told of every request: its verb (get, list, watch, create, update, patch, delete, deletecollection), its
	// resource (plural, with subresource), and the HTTP status code or "error" when there was no answer. It must be
	// quick and safe for concurrent use. Nil counts nothing.
	CountCall func(verb, resource, code string)
	// Logger gets changes of connection state. It is never given a credential. The zero value discards.
	Logger logr.Logger
	// Clock is for tests. Nil means the real one.
	Clock clock.WithTicker
}

func (o Options) withDefaults() Options {
	setDefault(&o.QPS, 20)
	setDefault(&o.Burst, 40)
	setDefault(&o.ConnectTimeout, 5*time.Second)
	setDefault(&o.SyncTimeout, 20*time.Second)
	setDefault(&o.RequestTimeout, 30*time.Second)
	setDefault(&o.BackoffInitial, time.Second)
	setDefault(&o.BackoffMax, 30*time.Second)
	setDefault(&o.IdleTimeout, 30*time.Minute)
	if o.Selector == nil {
		o.Selector = labels.Everything()
	}
	if o.CountCall == nil {
		o.CountCall = func(string, string, string) {}
	}
	if o.Logger.GetSink() == nil {
		o.Logger = logr.Discard()
	}
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}

	return o
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
