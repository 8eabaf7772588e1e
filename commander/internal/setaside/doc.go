// Package setaside shows what was set aside for a person, and lets it be sent again or dropped.
//
//	status_refused_queue       refused updates and unreadable messages, set aside by commanders
//	submissions_refused_queue  missions of an outage that could not be created, set aside by commanders
//	orders_dead_queue          orders that no soldier could read, or that were delivered too often, dead-lettered by the broker
//
// # A queue is not a table
//
// Each call takes the messages of a queue on loan, looks at them, and gives back all that it does not act upon. So two calls
// never have the same message: what one acts upon is the other's no more, and nothing is lost, as the broker takes back what
// is on loan when a call fails or its commander dies. The price: a call does not see what another one holds at that moment.
// One commander makes one call at a time; an action by id looks again for a moment before it says that there is none.
//
// # Ids
//
// The id of a message is a hash over what it says and where it lies, as messages are not ours to number: the broker
// dead-letters them as they are. Messages that are the same in every byte have one id. They are dropped together, and sent
// again one in a call: the second may be the first, refused once more while the call is under way.
//
// # Sending again
//
// A message goes back to the queue that it came from, as it was: published, confirmed, and only then acked. If the
// commander dies in between, it is in both places. Readers expect duplicates. Where it does not belong to one of the known
// queues it is not sent: its headers are whoever's who published it.
package setaside
