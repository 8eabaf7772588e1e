// Package events tells every connected client what changes, as server-sent events.
//
// # One follower, many clients
//
// A hub follows the store's event log once, whatever the number of clients. For each batch of events it loads the
// missions concerned in one go, makes one frame for each, and hands the same bytes to all clients:
//
//	store.Events ──> follower ──load, encode once──> line   (all changes, of a length)      ──> connection
//	                                             └─> digest (newest pictures, of a number)  ──> connection
//	topics (stats, health, squads, ...), each at its pace while anybody wants it ──┘
//
// A stream that watches missions tells what their handlers report besides (telemetry): for that it reads the store itself, once a second.
//
// # What a client may rely on
//
// From the answer's first byte on it gets every change, or a reset that tells it to list again. Each frame of a mission
// carries the id of its event. A client that comes back with that id is served from the store's log first: its queue
// already fills with what is live meanwhile, so nothing falls between the two. Events may come twice, and a mission's
// several changes as one; the version in the data orders them.
//
// # Bounded streams
//
// A person who watches a screen reads no 2,000 changes a second, and a browser that is sent them does nothing else. A client that says how
// many it wants a second (Request.PerSecond, N) is told at most N changes in any second, at once as long as fewer happen. Then
// pictures wait: the newest of each mission, that which changed first before the others, N missions at most, for about a second. What finds no room is
// counted, each mission once as far as some thousands are told apart, and told as the number of a "more" once a second. So every
// change is told, in its picture or a newer one, or is in such a number; and what a client costs is bounded by N, however much changes.
//
// A watched mission takes no part in this: each of its changes is told at once.
//
// The ids of a bounded stream come in frames of their own, behind what they cover: below an id is nothing that still waits or is not counted. A client that comes
// back is told what it missed as one summary: of the missions that changed, the N that changed last, and the number of the others. Behind
// 10,000 events it is reset instead.
//
// # What may fail
//
// The store is away: clients stay, get heartbeats and the topics, and what they missed afterwards. A client that reads
// too slowly: its queue is dropped and it gets a reset, where its line has become too long, or a bounded one took nothing for 5 s while something was left out; one
// that doesn't read at all is cut off by a write deadline. The log was trimmed or wiped: reset. The hub stops: all streams end, within the context that Stop is given.
package events
