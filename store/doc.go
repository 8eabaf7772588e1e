// Package store keeps the state of missions: the truth that commanders share.
//
// # Who decides
//
// A store decides nothing about missions. The commander's rules read a Record, make the next one from it, and Commit it
// on the condition that the Record is still the one that was read (IfVersion). One Commit of one Change is one atomic
// step: the record, its indexes, its due entry, its history lines and its event come together or not at all. So the
// rules are plain functions that can be explored without a server, and every implementation of Store obeys the same
// ones.
//
//	Load ──> rule (pure) ──> Commit{IfVersion} ──> Applied
//	 ^                            │
//	 └──────── Conflict ──────────┘
//
// CreateAll is the exception that creates many missions in one such step: all of them or none.
//
// # What is promised
//
// After Applied the change is durable as far as the store is (redisstore: Redis' appendfsync). After an error it is
// unknown whether it was applied: ErrUnavailable says just that. A read that follows an Applied, by anyone, sees it or
// something newer, except where its Source says Degraded.
//
// A mission stays until Trim or Remove removes it, and only one that has ended is removed. It is then unknown, as one that never was; its
// idempotency key is not, for as long as it lives.
//
// A mission that a Commit makes QUEUED or SCHEDULED has a due entry: the outbox from which commanders dispatch. Clearing
// it may put the mission on a shelf, which remembers in order of time what needs no dispatch now and may need one again.
// A mission has a due entry, or lies on one shelf, or waits at the gate of its concurrency key or its squad (Gates), or none of these. Every change is an event, in the order in which the store
// made them.
//
// # Epochs
//
// A store may lose all it has: wiped, its volume gone. An epoch tells: its id goes with the data. A store that finds
// another one, or none, says ErrWiped to all until its user has settled the new one, so that nobody takes the void for
// the truth; and what is unknown and older than the epoch may have existed.
//
// # Implementations
//
// memstore holds all in memory, for tests and for the embedded ground. redisstore is the real one. dualstore puts a
// bounded in-memory twin beside another store and answers reads from it while that store is away. shardstore spreads missions
// over several stores. storetest is the suite that each of them passes.
package store
