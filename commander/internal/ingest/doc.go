// Package ingest takes what soldiers say on status_queue: claims, finals, renewals.
//
// # One loop
//
// Deliveries gather in a buffer; the loop takes what has gathered, settles it as one batch against the store, answers,
// and acks. So the store is asked once for many updates, nobody waits for a batch to fill, and a marker is settled after
// all that came before it.
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
