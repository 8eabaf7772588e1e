// Package ingest takes what soldiers say on status_queue: claims, finals, renewals.
//
// # Two batches
//
// Deliveries gather in a buffer; what has gathered is read, settled as one batch against the store, answered, and acked. So
// the store is asked once for many updates, and nobody waits for a batch to fill. Two batches are under way at once, so that
// one is read and decided while the store writes the other:
//
//	status_queue ──> buffer ──┬─> batch n:   read, load, decide, commit, answer, ack
//	                          └─> batch n+1: read, load, decide, commit, answer, ack
//
// So what is said of one mission may be decided in another order than it was said in, as it may where several commanders
// take from the queue: each decision is committed on the version that it was made from, and made anew where another one
// came first. Within a batch the order holds. A marker alone has its turn: it is given back to its commander only when all
// that was delivered before it is settled, and goes back to the queue where some of that did.
//
// # What may fail
//
// A message is acked only after what it says is in the store, or after it was set aside with its reason. While the store
// is away the subscription is given up and what was taken goes back to the queue: another commander may have the store,
// and messages wait better there. The queue has no delivery limit, so waiting costs a message nothing.
//
// What can't be read, is not signed, speaks for another session, or comes too late to change anything is published to
// status_refused_queue with the reason in its headers, and acked once that is confirmed.
package ingest
