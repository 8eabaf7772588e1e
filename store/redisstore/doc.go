// Package redisstore is the store.Store that commanders share, in Redis 7.0 or later, alone, behind Sentinel or as a
// Cluster. It is the only importer of rueidis.
//
// # Who decides
//
// Redis does: changes are made by Lua scripts, so a mission's record, indexes, due entry, history and event come together
// or not at all, for all commanders. Scripts take the time from Redis; no clock of a commander decides anything. The key
// layout is in keys.go, that of a mission in row.go.
//
// # What it costs
//
// A mission is one string, whose changes are one read and one write of it. The changes of a Commit share script calls, 128 each,
// and a script collects what it writes: rows, and members of indexes, go to Redis as one command for each key, and all events as one
// entry. See docs/performance-redis.md.
//
// # What may fail
//
// Everything that keeps Redis from answering is store.ErrUnavailable: no connection, no answer in time, and the answers
// READONLY, OOM, MISCONF, LOADING, MASTERDOWN, CLUSTERDOWN and their like. A New works while Redis is away; the Store
// connects, and connects again, by itself. Every call ends within its context or Config.Timeout, also while Redis hangs.
//
// Scripts that write are never sent twice by the Store. After an error a Commit may have been applied: the caller
// loads again, and either finds its own change (the version is one more) or makes it anew. A repeated Commit can't
// apply twice, since the version no longer fits.
//
// # Epochs
//
// Every script but two, and every read, looks first whether {mc:0}:epoch is the one that this Store knows (lua/epoch.lua):
// missing data is no answer in a Redis that was wiped, or put back to an older epoch. Settle goes on in the one that is
// there, and begins one where there is none.
//
// # What is durable
//
// As much as Redis' appendfsync says: with `always` every answered Commit is on disk. Check warns about less.
package redisstore
