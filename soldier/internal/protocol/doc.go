// Package protocol is the soldier's side of the mission protocol as one state machine: no goroutines, no clock, no
// I/O. Events are method calls that say when they happened; what has to be done comes out as Effects. All decisions of
// a soldier are made here, so that they can be tested and explored step by step.
//
// # One order
//
// Each order of a delivery is one piece of work:
//
//	                   unknown kind
//	delivery ──────────────────────────> returning ── confirmed, acked
//	   │
//	   v        claim sent          granted        lease young
//	waiting ──────────────> claiming ─────> granted ─────────> running ──┐ timeout, cancel, drain, lost
//	   ^                       │                │                 │      v
//	   │ session dead,         │ refused:       │ cancelled,      │    ending
//	   │ order still held      v acked          │ draining        v      │
//	   └───────────────────── (gone)            └──────────> reporting <─┘
//	                                                    confirmed, acked
//
// A slot is taken from the claim to the end: until the final is confirmed and the handler has returned, whichever
// comes last. The final itself is kept beyond that, until a commander says that it is recorded.
//
// # What is never done
//
//   - An order is settled only by: a refusal, a confirmed final or NO_HANDLER, 60 s of running, or a drain that gives
//     it back unclaimed. A message with several is acked with the last of them, and given back with the first that is to be;
//     what was claimed from it then goes on as after a lost connection. Only the delivery that an execution was claimed from is acked for it.
//   - A claim once sent is pursued, with the same execution id, until it is answered or the session is dead.
//   - A handler starts only on a ticket that fits claim and session, and only while the lease is young: the last
//     renewal that was answered was sent less than 35 s ago.
//   - After the connection came back, or a session_dead, nothing new is claimed until a renewal sent after that has
//     been answered: the commander then knows the inbox, and this soldier knows whether its session lives.
//   - Nothing of a dead session is ever sent.
//
// Times are readings of this process's monotonic clock.
package protocol
