// Package webhook validates our kinds at admission with the rules of module validation, so that the API server, caphv-lint
// and the generated admission policy all say the same.
//
// Handler is the admission handler for all four kinds. It reads the JSON of the request as it is and changes nothing.
// EnsureConfiguration puts the registration back if someone deleted it.
package webhook
