// Package squads knows which squads there are, and has their queues declared.
//
// A squad is there from its first use on: a mission that names it, or a soldier that serves it. It is a document in the store,
// which all commanders share; each of them looks at all of them once a second, and at once after a change of its own. So what
// one of them is told the others know within a second. While the store is away, all work on with what they saw last.
//
//	mission, soldier ──> Register ──> document ──> queues declared ──> open
//	                                                               paused, or RabbitMQ away: closed
//
// # Open and closed
//
// Orders are published only to what is open: the dispatcher has all others wait in the store, at no cost, and takes
// them up again within a moment of the opening. That holds for a squad that is paused, for one whose queues are not declared
// yet, and for all of them until the first look at the store.
//
// A pause reaches orders that lie at the broker, too: soldiers go on taking them, and a claim is not granted (Held); the
// mission goes back to wait with the others. What runs goes on.
//
// # What is not a squad's document, and comes back all the same
//
// A mission of a squad that is not there (the store lost its last writes, or somebody removed the squad in the same moment) is
// found when it is to be dispatched: the squad is registered anew. So is one of which something began while it was removed. A queue that
// an order finds missing is declared again. Where the store was wiped, the document of the
// default squad is missing, which is never removed; then whoever sees it puts back what it knew, pauses included, that
// one last: a commander that dies half-way leaves the rest to others.
//
// # How many missions they have
//
// The store counts the missions of each squad with each change. Where it does not know the counts (a commander of before there were
// counts changed something, or somebody's hand did) each commander has it count some thousand, and some more after a pause,
// until it knows (docs/adr/0048).
package squads
