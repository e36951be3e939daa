// Package schema validates objects by the structural schemas of their CustomResourceDefinitions, and says what an API
// server says: fields it does not know, and values of the wrong type, range or form.
//
// The answers come from the API server's own code (k8s.io/apiextensions-apiserver). Most objects are right, so that a
// quick check of our own goes first, which only ever tells that there is nothing to find; tests hold it to that.
// CEL in the schemas is not evaluated here: it is written from the rules of package validation, which validate beside
// this package.
package schema
