// Package mission holds the rules of a mission's life: who may claim it, what a final does, what a death does to it.
//
// # Rules and service
//
// The rules (accept.go, claim.go, finish.go, wiped.go, lose.go, cancel.go, retry.go, due.go, resend.go, purge.go) are plain functions:
// a store.Record and what happened go in, a Decision comes out. They read no clock, no store and no randomness, so that
// every order of events can be explored without a server (package explore). The Service runs them: it loads the truth,
// decides, commits on the condition that the truth is still the same, and starts over where it is not.
//
// # What the rules keep
//
//   - A mission is granted to one execution of one session at a time. A claim is answered with the same grant however
//     often it is repeated, and with a refusal only from the truth itself: a refusal makes the soldier drop its order.
//   - Whatever is not terminal has a live session or a due entry behind it, or lies on a shelf of its orders queue: its
//     order is at the broker, or waits for room there (package dispatch). Every way back to QUEUED or SCHEDULED writes a
//     due entry; or, where the mission has a concurrency key whose places are taken, the store has it stand in line for one
//     (gate.go, store.Gates).
//   - run grows with every grant and never goes back. A final counts if run and execution are the current ones; or, after
//     the store lost its last writes, if its ticket is newer than what is stored.
//   - attempt grows with every retry, a soldier's or an operator's: an order of an earlier attempt grants nothing.
//   - A mission that the store does not know is refused, unless the store was wiped of late and the mission is older: then it
//     is made anew (wiped.go) from an order that nobody had before, or from a ticket, and from nothing else.
//   - COMPLETED is final. One result is recorded for an attempt.
package mission
