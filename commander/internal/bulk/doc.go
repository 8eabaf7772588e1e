// Package bulk carries out jobs over many missions: cancel, retry or purge all that fit a filter.
//
// A job is a document of the store that all commanders see. Any of them works on it, one at a time, under a lease in the document;
// jobs are done one after another, in the order in which they were given. Each step changes up to 100 missions, by the rules
// that a request for a single one goes through (package mission).
//
//	Order ──> document ──> take the lease ──> list, write down whom it will change ──> change them ─┐
//	                                           ^                                                    │
//	                                           └──────────── count what became of them <────────────┘
//
// # Each mission at most once
//
// The list is walked from the newest to the oldest mission by a cursor, which is an id. Missions that come to or leave a status
// meanwhile can't move it, so none is passed over, none comes twice, and it ends. It begins at what was there when the job was
// ordered.
//
// Before a step changes missions their ids are in the document. Whoever goes on after a crash, or after an answer of the store
// that got lost, finds them there, and asks the history of each whether this job has changed it: every change says so. A purge needs
// no history: what is gone is done.
//
// # What may fail
//
// A commander that is killed loses its lease after a few seconds, and another one goes on. While the store is away the job
// waits. A mission that can't be changed is counted, with the reason, and the job goes on; one whose missions can't be listed, for
// another reason than that the store is away, fails after some tries. A job that is stopped ends with the step that is under way.
package bulk
