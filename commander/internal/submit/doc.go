// Package submit accepts missions while the store is away: the broker keeps them until it is back.
//
//	POST ──> Desk ──> mission.Service ──> store
//	           └─ store away, no Idempotency-Key ──confirmed──> submissions_queue ──> Intake ──> mission.Service ──> store
//
// # What may fail
//
// A write that failed may have been applied. So a submission carries the ids under which its missions were to be created,
// and creating them is create-if-absent: the write, the submission and any repetition of it make one mission each.
//
// A request with an Idempotency-Key is refused: only the store knows whether the key was used before, and another answer
// than the first one must never be given. So is one that the broker does not confirm, and one beyond the queue's bound.
// A client that repeats a request without a key, because no answer came, may have ordered two missions; that is what keys
// are for.
//
// Submissions are signed with a key of the commanders: whoever may write to the broker can't order missions by that.
//
// The Intake takes submissions only while the store is there, and acks them once it has them. What can't be read or
// created is set aside in submissions_refused_queue, never dropped: it was promised. While that queue is full it goes round in
// submissions_queue, from its front to its end, so that the others can be created; where that one is full, too, it stays on loan
// meanwhile, up to 64 MiB of it. The more often all that waits goes round for nothing, the longer the pause, up to 30 s: so long
// may a submission wait then that can be created. /health warns for as long, and unknown ids are 503: they may be among those.
//
// # What an unknown id means
//
// Between the store's return and the creation of the last submission, an accepted mission is not in the store. To say 404
// then would be a lie. Waiting tells for which ids that may be: those made since before the first sign of an outage, until
// the queue has been seen empty for longer than anybody holds a submission. A commander that starts does not know what was
// before: it takes young ids for possible until then.
package submit
