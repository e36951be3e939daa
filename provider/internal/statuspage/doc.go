// Package statuspage shows what the management cluster knows, as one page for people and as JSON for programs: clusters,
// machines with the time of each of their steps, the addresses of pools as a map, and events.
//
// [Source] reads a [Snapshot]; [NewPage] makes a [Page] of it, a pure function of objects and a time; [NewHandler] serves the
// page. It changes nothing and reads no Secret's content for what it shows: everything on the page is in objects that
// kubectl shows, too. The page needs no other file, no script and nothing from elsewhere, and its Content-Security-Policy
// holds it to that.
package statuspage
