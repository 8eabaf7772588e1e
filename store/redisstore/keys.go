package redisstore

import (
	"encoding/hex"
	"strconv"

	"github.com/mission-control-dev/mission-control/contracts"
)

// The keys, all with the hash tag of their shard, `{mc:<shard>}`, so that a script may touch any of one shard. A mission is
// one string, so that a change reads it and writes it, and is done: as a hash it would leave Redis' compact form, whose
// values have 64 bytes at most. In keys, members and values, <mission> is the 16 bytes of the mission's UUID: they sort as
// its text does, in the order of creation.
//
//	key                  type    what
//	{mc:0}:schema        string  the layout's number, see schemaVersion
//	{mc:0}:shards        string  how many shards the installation has
//	{mc:0}:epoch         hash    id; at: when it began, ms; how: first or wiped; n: missions adopted in it, if any
//	{mc:0}:probe         string  written to see whether Redis takes writes; expires after a minute
//	{mc:0}:m:<mission>   string  a mission, see row.go: all of it, unless it has one of the next three
//	{mc:0}:p:<mission>   string  payload of more than 512 bytes: no change has to write it again
//	{mc:0}:o:<mission>   string  result of more than 512 bytes
//	{mc:0}:h:<mission>   list    the oldest history lines, where all had more than 1 KiB; at most 200
//	{mc:0}:t:<mission>   list    what its handlers reported, if they did: see telemetry.go
//	{mc:0}:st:<status>   zset    the missions in a status, see statusByte; score 0, so in the order of ids
//	{mc:0}:k:<kind>      zset    of a kind; likewise
//	{mc:0}:q:<squad>     zset    of a squad; likewise
//	{mc:0}:l:<label>     zset    with a label, KEY:VALUE; likewise. One for each pair that was ever used: a label that is
//	                             another one for each mission costs an index of one each time
//	{mc:0}:rate:<step>   hash    c, d, f: created, completed, failed within 10 s; expires after 2 min
//	{mc:0}:due           zset    outbox: missions by the ms from which they are due; their rows have the Dispatch.
//	                             Below zero, missions that lie on a shelf, by the ms at which they were put there: that of
//	                             shelf n is ms - n * 2^42. So one command puts a mission from here to there
//	{mc:0}:dispatch      string  the last Dispatch
//	{mc:0}:shelves       hash    outbox: the number of each shelf that was ever used, 1 to 2047
//	{mc:0}:g:<key>       zset    the gate of a concurrency key, while anybody stands there: score 0 those that are admitted, from 1
//	                             on those that wait, in their order. That of a squad with a limit has a zero byte before its name
//	{mc:0}:starts:<key>  string  when all starts of the key's rate are back, ms; expires then
//	{mc:0}:gates         zset    concurrency keys, and squads as above, by the ms at which take_due.lua looks at their gates
//	{mc:0}:squads        hash    how many missions of each squad have not ended, by status (one byte) and squad, where there are any;
//	                             under the empty name the event as of which, see lua/tally.lua
//	{mc:0}:broker        string  the id of the broker that the orders went to
//	{mc:0}:events        stream  e: mission (16 bytes), version (8), status (1) of each change of a script call, see events.go;
//	                             about Config.EventsKept events
//	{mc:0}:s:<session>   hash    st: live or dead   j: what the soldier says, JSON   a, n, u: started, renewed, lease
//	                             until, ms   q: the highest number of its renewals, if any; expires 24 h after the burial
//	{mc:0}:sm:<session>  set     the missions whose row names the session
//	{mc:0}:leases        zset    live sessions by the ms at which the lease runs out
//	{mc:0}:buried        zset    dead sessions by the ms of their burial; kept an hour
//	{mc:0}:d:<collection> hash   documents: name to version (8 bytes) and body; under the empty name the last version, a number
//	{mc:0}:u:<key>       string  the mission (16 bytes) that has a unique key; gone when that ends
//	{mc:0}:deadlines     zset    of the missions that have not ended those that have a deadline, by the ms at which it is looked at
//	{mc:0}:i:<key>       string  what an idempotency key was used for, see encodeUse; expires after its TTL
//
// There is no index of all missions: the six of the statuses, merged, are one.
//
// A script is given the keys that its caller knows. Those that only it can know (the index of a mission's old status,
// the sessions that a set names) it derives from the prefix, and they carry the same tag: a Cluster has them on the
// same node.
type keys struct{ prefix string }

// shardKeys builds the keys of a shard.
func shardKeys(shard int) keys { return keys{prefix: "{mc:" + strconv.Itoa(shard) + "}:"} }

func (k keys) schema() string                     { return k.prefix + "schema" }
func (k keys) shards() string                     { return k.prefix + "shards" }
func (k keys) epoch() string                      { return k.prefix + "epoch" }
func (k keys) probe() string                      { return k.prefix + "probe" }
func (k keys) mission(id rawID) string            { return k.prefix + "m:" + string(id[:]) }
func (k keys) payload(id rawID) string            { return k.prefix + "p:" + string(id[:]) }
func (k keys) result(id rawID) string             { return k.prefix + "o:" + string(id[:]) }
func (k keys) history(id rawID) string            { return k.prefix + "h:" + string(id[:]) }
func (k keys) telemetry(id rawID) string          { return k.prefix + "t:" + string(id[:]) }
func (k keys) index(name string) string           { return k.prefix + name }
func (k keys) due() string                        { return k.prefix + "due" }
func (k keys) dispatch() string                   { return k.prefix + "dispatch" }
func (k keys) shelves() string                    { return k.prefix + "shelves" }
func (k keys) gate(key string) string             { return k.prefix + "g:" + key }
func (k keys) squads() string                     { return k.prefix + "squads" }
func (k keys) broker() string                     { return k.prefix + "broker" }
func (k keys) events() string                     { return k.prefix + "events" }
func (k keys) session(id string) string           { return k.prefix + "s:" + id }
func (k keys) held(session string) string         { return k.prefix + "sm:" + session }
func (k keys) leases() string                     { return k.prefix + "leases" }
func (k keys) buried() string                     { return k.prefix + "buried" }
func (k keys) idempotency(key string) string      { return k.prefix + "i:" + key }
func (k keys) deadlines() string                  { return k.prefix + "deadlines" }
func (k keys) documents(collection string) string { return k.prefix + "d:" + collection }

// The indexes' names, behind the prefix.

func statusIndex(s contracts.Status) string { return "st:" + string(statusByte(s)) }
func kindIndex(kind string) string          { return "k:" + kind }
func squadIndex(squad string) string        { return "q:" + squad }
func labelIndex(l contracts.Label) string   { return "l:" + l.String() }

// rawID is a mission's id in 16 bytes.
type rawID [16]byte

// parseID tells also whether the id is one that a mission can have: a UUID in lower case, and not the one of zeros, which so
// stands for what is none.
func parseID(id string) (raw rawID, ok bool) {
	if !contracts.ValidMissionID(id) {
		return raw, false
	}
	var digits [32]byte
	copy(digits[:], id[:8])
	copy(digits[8:], id[9:13])
	copy(digits[12:], id[14:18])
	copy(digits[16:], id[19:23])
	copy(digits[20:], id[24:])
	_, err := hex.Decode(raw[:], digits[:])
	return raw, err == nil && raw != (rawID{})
}

// String is the UUID as text.
func (id rawID) String() string {
	var text [36]byte
	hex.Encode(text[:8], id[:4])
	hex.Encode(text[9:13], id[4:6])
	hex.Encode(text[14:18], id[6:8])
	hex.Encode(text[19:23], id[8:10])
	hex.Encode(text[24:], id[10:])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}

// textID is the id whose 16 bytes Redis has; what is no id of ours is none of a mission's.
func textID(raw string) string {
	var id rawID
	copy(id[:], raw)
	return id.String()
}
