package redisstore

import "strconv"

// The keys, all with the hash tag of their shard, `{mc:<shard>}`, so that a script may touch any of one shard:
//
//	key                  type    what
//	{mc:0}:schema        string  the layout's number, see schemaVersion
//	{mc:0}:epoch         hash    id; at: when it began, ms; how: first or wiped; n: missions adopted in it, if any
//	{mc:0}:probe         string  written to see whether Redis takes writes; expires after a minute
//	{mc:0}:m:<mission>   hash    v: <version>|<status>|<session>   c: what creation fixed, JSON   r: the rest, JSON
//	                             p: payload, if any   o: result, if any   d: dropped history lines, if any
//	                             s: the shelf it lies on, if any
//	{mc:0}:h:<mission>   list    history lines, JSON, oldest first
//	{mc:0}:all           zset    all mission ids; score 0, so in the order of ids, which is that of creation
//	{mc:0}:st:<status>   zset    the ids of missions in a status; likewise
//	{mc:0}:k:<kind>      zset    of a kind; likewise
//	{mc:0}:q:<squad>     zset    of a squad; likewise
//	{mc:0}:l:<label>     zset    with a label, KEY:VALUE; likewise. One for each pair that was ever used: a label that is
//	                             another one for each mission costs an index of one each time
//	{mc:0}:rate:<step>   hash    c, d, f: created, completed, failed within 10 s; expires after 2 min
//	{mc:0}:due           zset    outbox: mission ids by the ms from which they are due
//	{mc:0}:dueno         hash    outbox: mission id -> Dispatch
//	{mc:0}:dispatch      string  the last Dispatch
//	{mc:0}:sh:<shelf>    zset    outbox: mission ids by the ms at which they were put on the shelf
//	{mc:0}:broker        string  the id of the broker that the orders went to
//	{mc:0}:events        stream  m, v, s: mission, version, status; about Config.EventsKept entries
//	{mc:0}:s:<session>   hash    st: live or dead   j: what the soldier says, JSON   a, n, u: started, renewed, lease
//	                             until, ms   q: the highest number of its renewals, if any; expires 24 h after the burial
//	{mc:0}:sm:<session>  set     ids of the missions whose record names the session
//	{mc:0}:leases        zset    live sessions by the ms at which the lease runs out
//	{mc:0}:buried        zset    dead sessions by the ms of their burial; kept an hour
//	{mc:0}:i:<key>       string  <mission>,<mission>,... <body hash> of an idempotency key; expires after its TTL
//
// A script is given the keys that its caller knows. Those that only it can know (the index of a mission's old status,
// the sessions that a set names) it derives from the prefix, and they carry the same tag: a Cluster has them on the
// same node.
type keys struct{ prefix string }

// shardKeys builds the keys of a shard.
func shardKeys(shard int) keys { return keys{prefix: "{mc:" + strconv.Itoa(shard) + "}:"} }

func (k keys) schema() string                { return k.prefix + "schema" }
func (k keys) epoch() string                 { return k.prefix + "epoch" }
func (k keys) probe() string                 { return k.prefix + "probe" }
func (k keys) mission(id string) string      { return k.prefix + "m:" + id }
func (k keys) history(id string) string      { return k.prefix + "h:" + id }
func (k keys) all() string                   { return k.prefix + "all" }
func (k keys) status(status string) string   { return k.prefix + "st:" + status }
func (k keys) kind(kind string) string       { return k.prefix + "k:" + kind }
func (k keys) squad(squad string) string     { return k.prefix + "q:" + squad }
func (k keys) label(label string) string     { return k.prefix + "l:" + label }
func (k keys) due() string                   { return k.prefix + "due" }
func (k keys) dueNumbers() string            { return k.prefix + "dueno" }
func (k keys) dispatch() string              { return k.prefix + "dispatch" }
func (k keys) shelf(name string) string      { return k.prefix + "sh:" + name }
func (k keys) broker() string                { return k.prefix + "broker" }
func (k keys) events() string                { return k.prefix + "events" }
func (k keys) session(id string) string      { return k.prefix + "s:" + id }
func (k keys) held(session string) string    { return k.prefix + "sm:" + session }
func (k keys) leases() string                { return k.prefix + "leases" }
func (k keys) buried() string                { return k.prefix + "buried" }
func (k keys) idempotency(key string) string { return k.prefix + "i:" + key }
