// Package dualstore puts a bounded twin in memory beside another store, the primary, so that reads are answered while
// the primary is away.
//
// # Who decides
//
// The primary, always. While it answers, reads are its answers; and whatever changes goes to it and nowhere else. The
// twin only remembers what the primary said: a change after it was Applied, a record after it was read. It answers
// Get, List, History, Counts and ListSessions when the primary says store.ErrUnavailable (or nothing, within
// Config.ReadTimeout), and then marks the answer with a Source. Load, Commit, Bury and the rest are never answered from
// memory: no decision may rest on it.
//
//	reads ───> primary ──answers──> reader         Commit, Bury ──> primary ──Applied──┐
//	              │        └──────> twin (newer)                                       v
//	              └─unavailable───> twin ──Source{Degraded}──> reader      events ──> twin (newer)
//
// Reads of single missions share calls: those that come while one is under way are the next, together (gather.go). So each is
// answered by a call that began after it came, and shows what any other process was answered before.
//
// A follower reads the primary's events and refreshes what other commanders changed. In the twin a mission's version
// never goes back, so what a reader saw from the primary is not older when it comes from memory. There is one exception:
// when the primary no longer has the events that were missed (it was away for long), the twin is loaded anew, and then it is
// what the primary is. Where Settle finds another epoch (the primary was wiped), memory is emptied at once.
//
// # What is in memory
//
// The missions changed last, at most Config.MaxMissions and about Config.MaxBytes; at the start those created last,
// loaded in the background. A payload or result over Config.BodyLimit is left out, which the Source says. The history
// is there for missions that this process saw from their creation on. Counts and sessions are the last that were read,
// at most some seconds before the primary went.
//
// # What may fail
//
// Reads from memory take no time to notice: after the first failure a probe in the background looks for the primary, and
// reads don't. The first success, of a probe or a write, sends reads to the primary again. A mission that is not in
// memory is store.ErrNotInMemory, never store.ErrNotFound.
package dualstore
