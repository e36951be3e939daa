// Package names holds every name that the provider gives to something on Harvester, and the labels that say whose it is.
//
// All functions are pure, and the same input always gives the same name: a retry finds what an interrupted attempt
// made. Names that v0.2.x wrote are kept, so that an upgrade adopts its objects.
package names
