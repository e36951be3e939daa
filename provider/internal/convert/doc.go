// Package convert serves the conversion webhook: it registers the conversions of module api with controller-runtime's
// handler. The API server calls it at Path when an object is stored in another version than it is asked for.
package convert
