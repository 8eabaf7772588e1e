// Package events tells every connected client what changes, as server-sent events.
//
// # One follower, many clients
//
// A hub follows the store's event log once, whatever the number of clients. For each batch of events it loads the
// missions concerned in one go, makes one frame for each, and hands the same bytes to all clients:
//
//	store.Events ──> follower ──load, encode once──> client queue (bounded) ──> connection
//	                                             └─> client queue (bounded) ──> connection
//	topics (stats, soldiers, health), once a second while anybody listens ──┘
//
// A stream of one mission tells what its handler reports besides (telemetry): for that it reads the store itself, once a second.
//
// # What a client may rely on
//
// From the answer's first byte on it gets every change, or a reset that tells it to list again. Each frame of a mission
// carries the id of its event. A client that comes back with that id is served from the store's log first: its queue
// already fills with what is live meanwhile, so nothing falls between the two. Events may come twice, and a mission's
// several changes as one; the version in the data orders them.
//
// # What may fail
//
// The store is away: clients stay, get heartbeats and the topics, and what they missed afterwards. A client that reads
// too slowly: its queue is dropped and it gets a reset; one that doesn't read at all is cut off by a write deadline. The
// log was trimmed or wiped: reset. The hub stops: all streams end, within the context that Stop is given.
package events
