// Package shardstore is a store.Store over shards, each of which is a store.Store: more than one Redis may do the work.
//
//	                       ┌─ mission of shard 0 ──> shard 0   {mc:0}   leads: sessions, the clock, the broker's id
//	commander ──> Store ───┼─ mission of shard 1 ──> shard 1   {mc:1}
//	                       └─ mission of shard 2 ──> shard 2   {mc:2}
//
// # Where a mission lies
//
// A mission's id tells its shard, in its last six bits (place.go). All that belongs to it lies there: record, history, due
// entry, events. So most calls concern one shard, or go to each one with its share, side by side. What is one step is in one
// shard: an idempotency key lies with the mission that it made, a batch is in one shard. So ids are made by Place, which
// tells the shard by the key's hash, or by turns. The number of shards is fixed for as long as the data lives: with another
// one, missions would be looked for elsewhere.
//
// # Who decides
//
// In a shard, that shard. Over the shards nothing is atomic, and only sessions need more than one:
//
//	renew    ask all: dead anywhere? ──> no ──> renew in shard 0 ──> renew in the others
//	grant    live in the mission's shard? (one script)
//	bury     look at all ──> shard 0: dead, its missions free ──> each other: dead, its missions free
//
// A session is recorded in every shard, since a grant must ask for it where the mission lies. Shard 0 leads: its lease is the
// one that counts, and its burial is the death. So renewals and burials go to it first: a renewal that came before a burial
// has the burial fail there, one that comes after it fails itself, and either has then done nothing elsewhere. Dead in any
// shard is dead in all: nobody renews what is dead somewhere. Where shard 0 was wiped, the next one that knows a session
// leads.
//
// # What may fail
//
// The store is there when all its shards are: Check, lists, counts, events, renewals and burials need them all, and are
// store.ErrUnavailable without. A mission can be loaded and committed where its shard is. After an error of a Commit over
// several shards any change may have been made, as ever.
//
// A burial that is broken off between two shards leaves missions to a session that is dead. No renewal lengthens its leases
// any more, so Expired names it to any commander once one runs out, at the latest a lease after its last renewal, and another
// burial ends it. The due entries of what was freed are there either way.
//
// A shard that was wiped says so until Settle; the epoch of all is then another one, as young as the youngest.
//
// # Events
//
// An event's id is the position of all shards' logs behind it. All who read see one order, that of the shards' clocks, where
// these are within a tenth of a second; and no event is lost however far they are apart. See events.go.
package shardstore
