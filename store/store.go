package store

import (
	"context"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
)

// Store is all of it. Its roles are what most callers should ask for. Every method may be called from many goroutines;
// values that go in and out are copies.
type Store interface {
	Missions
	Squads
	Telemetry
	Outbox
	Gates
	Deadlines
	Sessions
	Documents
	Events
	Clock
	Epochs
}

// Missions keeps missions.
type Missions interface {
	// Load returns the truth about missions, in the order of ids, the zero Record (Version 0) for an unknown one. Rules
	// decide on nothing else. It never answers from a twin: without the truth it is ErrUnavailable.
	Load(ctx context.Context, ids ...string) ([]Record, error)
	// Peek is Load without payloads and results: much less to carry for those who only compare or show.
	Peek(ctx context.Context, ids ...string) ([]Record, error)
	// Commit applies each change atomically on its own, in order, and returns an outcome for each. After an error, any of
	// them may have been applied.
	Commit(ctx context.Context, changes ...Change) ([]Outcome, error)
	// CreateAll creates 1 to contracts.MaxBatchMissions missions in one atomic step: all of them or none. key is that of
	// the whole, or nil; the changes have none. The outcomes share one Code: Applied, each with its Dispatch; Duplicate,
	// with what the key's first use created; Conflict, where one of the missions exists already; or Taken, where somebody has
	// the unique key of one: the first such has the Holder. After an error all may have been applied, or none.
	CreateAll(ctx context.Context, key *Idempotency, changes ...Change) ([]Outcome, error)
	// Get returns one mission for a reader: ErrNotFound, or while Degraded ErrNotInMemory.
	Get(ctx context.Context, id string) (Record, Source, error)
	// List returns a page of missions without payload and result, newest first. What it looks at for one page is bounded,
	// so that a page may be short.
	List(ctx context.Context, q Query) (Page, error)
	// History returns the lines of one mission, oldest first, and how many were dropped between the first 20 and the
	// rest. ErrNotFound for an unknown mission.
	History(ctx context.Context, id string) (History, error)
	// Counts returns how many missions there are by status, how many were created and ended of late, and which of the
	// QUEUED ones was created first.
	Counts(ctx context.Context) (Counts, error)
	// Trim removes missions that have ended, the oldest first: with all that was kept of them, in one atomic step each, and for
	// good. It looks at Trim.Limit missions at most. What changed meanwhile stays. There is no event.
	Trim(ctx context.Context, t Trim) (Trimmed, error)
	// Remove removes missions that have ended, as Trim does, each where its version is still the given one, and returns the ids
	// of those that are gone by it. At most MaxTrim at once. After an error any of them may be gone.
	Remove(ctx context.Context, missions ...Removal) ([]string, error)
}

// Outbox keeps what is to be dispatched, and when.
type Outbox interface {
	// TakeDue returns up to limit entries whose time has come, earliest first, and pushes each on by hold, so that no
	// other commander takes it meanwhile. Taking makes the entry a newer one: it has a new Dispatch.
	TakeDue(ctx context.Context, limit int, hold time.Duration) ([]Due, error)
	// ClearDue removes the entries that are still those: same mission, same Dispatch. A QUEUED mission whose Due names a
	// shelf lies there from then on, by the store's clock, until it gets another due entry, or is QUEUED no more.
	ClearDue(ctx context.Context, entries ...Due) error
	// Shelved returns up to limit missions that were put on the shelf before a moment, in the order in which they were.
	Shelved(ctx context.Context, shelf string, before contracts.Time, limit int) ([]string, error)
	// Unshelve takes up to limit of those missions off the shelf, in the same order, gives each a due entry for at, and
	// returns how many there were.
	Unshelve(ctx context.Context, shelf string, before contracts.Time, limit int, at contracts.Time) (int, error)
	// BrokerID names the broker that the orders went to; it is empty at first.
	BrokerID(ctx context.Context) (string, error)
	// SwapBrokerID sets it where it still is old, and tells whether it was.
	SwapBrokerID(ctx context.Context, old, next string) (bool, error)
}

// Sessions keeps the leases of soldiers.
type Sessions interface {
	// Renew registers s if it is unknown, and sets its lease to end after lease, by the store's clock. It returns the
	// session as it is now; ErrSessionDead where it was buried. A renewal that comes after one with a higher Seq renews
	// the lease, and the session stays as the later one described it; without a Seq it always describes it.
	Renew(ctx context.Context, s Session, lease time.Duration) (Session, error)
	// Session returns one; ErrNotFound.
	Session(ctx context.Context, id string) (Session, error)
	// Drain marks a live session: it is Draining from then on, whatever its renewals say. It returns the session as it is now;
	// ErrNotFound where it is unknown, or was buried.
	Drain(ctx context.Context, id string) (Session, error)
	// ListSessions returns the live ones, and those buried within the last hour, at most 2000, by soldier id.
	ListSessions(ctx context.Context) ([]Session, Source, error)
	// Expired returns up to limit live sessions whose lease has run out by the store's clock.
	Expired(ctx context.Context, limit int) ([]Session, error)
	// SessionMissions returns the ids of the missions whose Record names the session.
	SessionMissions(ctx context.Context, id string) ([]string, error)
	// Bury marks a session dead and applies changes, all or nothing. It is ErrSessionChanged unless the session is live,
	// its RenewedAt is the given one, changes are for exactly its missions, and each fits its IfVersion.
	Bury(ctx context.Context, id string, ifRenewedAt contracts.Time, changes ...Change) ([]Outcome, error)
}

// Events is the log of changes. Ids are opaque, and unique over all commanders.
type Events interface {
	// ReadEvents returns up to limit events after the given id, oldest first. Where there are none it waits for the
	// first one, up to wait; then the result is empty. ErrEventsTrimmed where some after the id are gone.
	ReadEvents(ctx context.Context, after string, limit int, wait time.Duration) ([]Event, error)
	// LastEvent returns the id of the newest event.
	LastEvent(ctx context.Context) (string, error)
}

// Clock is the store's time and health.
type Clock interface {
	// Now returns the store's clock: one clock for all commanders.
	Now(ctx context.Context) (time.Time, error)
	// Check makes a round trip. The warning is for operators: answered writes may be lost (appendfsync), memory is
	// short, and so on.
	Check(ctx context.Context) (warning string, err error)
}

// Epochs tells one life of the store's data from the next.
type Epochs interface {
	// Settle returns the epoch that the store is in, and from then on this Store works in it: beginning one where there is
	// none is one atomic step, so that all commanders agree. Until Settle, a Store whose data was wiped or exchanged under
	// it answers nothing from the void: all else is ErrUnavailable with ErrWiped.
	Settle(ctx context.Context) (Epoch, error)
}

// Epoch is one life of the store's data. An empty store begins one, and it lasts until the data is gone.
type Epoch struct {
	ID string
	// Began is when it was begun, by the store's clock. A mission that is older and unknown may have gone before.
	Began contracts.Time
	// Origin says whether anything is known to have been there before.
	Origin EpochOrigin
	// Adopted counts the missions that were created in it with a FirstVersion.
	Adopted int64
}

// EpochOrigin is what an epoch followed.
type EpochOrigin string

// The origins.
const (
	// EpochFirst: whoever began it knew of no other: the installation is new, or nobody is left who could tell.
	EpochFirst EpochOrigin = "first"
	// EpochWiped: somebody knew another one; what was in that is gone.
	EpochWiped EpochOrigin = "wiped"
)

// Placer is a Store that keeps missions apart, by their ids: shardstore's. One step changes what lies together, and no more.
// So the missions of one CreateAll lie together, and a mission lies with the unique key that it is created with, or else with the
// Idempotency key, which is remembered where the mission lies;
// anything else is an error of the caller. What is ordered (due entries, shelves, a search's window of the newest) is ordered
// among missions that lie together; the events of each mission are in order.
type Placer interface {
	// Place returns a new mission's id, changed so that the mission lies with all others whose ids were made with the same
	// word: the unique or idempotency key where there is one, anything else for the missions of one CreateAll. Without a word
	// it lies anywhere. The id stays a UUID of the same time.
	Place(id, with string) string
}

// Record is a mission as it is kept: what the API shows, and what the protocol needs beside it.
type Record struct {
	// Mission is the mission. Its Version is the record's: 0 for none, then 1 and so on, one more by each Commit.
	Mission contracts.Mission
	// Execution and Session are those of the current run; empty unless IN_PROGRESS.
	Execution string
	Session   string
	// Recorded is the execution whose final was recorded last: the same final, sent again, is no news.
	Recorded string
	// Dispatches counts orders judged lost since the last grant.
	Dispatches int
	// Refusals counts the refused updates in its history.
	Refusals int
}

// Change is one step of one mission.
type Change struct {
	// Record is the mission as it shall be. The store sets Mission.Version to Version(). What a creation fixes stays
	// as it is, whatever a later Record says: name, kind, squad, priority, labels, concurrency_key, unique_key, deadline_at,
	// payload, timeout_seconds, retry, created_at.
	Record Record
	// IfVersion is the version that the change was made from; 0 creates.
	IfVersion int64
	// FirstVersion is the version that a creation gives; 0 means 1. A mission that went with a wiped store and is made anew
	// gets one that it can't have had before, so that no old picture of it passes for newer.
	FirstVersion int64
	// IfSession names a session that must be live, else the outcome is SessionDead. Empty asks nothing.
	IfSession string
	// Due is what becomes of the due entry.
	Due DueChange
	// DueAt is when DueSet lets others take the entry.
	DueAt contracts.Time
	// History is added to the mission's history. The store cuts it to 200 lines: the first 20 and the last 180.
	History []contracts.HistoryLine
	// Idempotency makes a creation answer a known key with Duplicate, before anything else is looked at.
	Idempotency *Idempotency
}

// Version is the mission's version once the change is applied.
func (c Change) Version() int64 {
	if c.IfVersion == 0 && c.FirstVersion > 0 {
		return c.FirstVersion
	}
	return c.IfVersion + 1
}

// DueChange says what becomes of a due entry.
type DueChange int

// The due changes.
const (
	// DueKeep leaves it as it is, or absent.
	DueKeep DueChange = iota
	// DueSet writes a new one: it has a new Dispatch. A QUEUED mission may have to wait for it: see Gates.
	DueSet
	// DueDrop removes it, whoever's it is.
	DueDrop
)

// Idempotency is a client's key for one creation, or for the creations of one CreateAll.
type Idempotency struct {
	// Key is the client's, BodyHash tells apart two uses of one key.
	Key, BodyHash string
	// TTL is how long the key is remembered.
	TTL time.Duration
}

// Code says how a Change ended.
type Code int

// The codes.
const (
	// Applied: it is the truth now.
	Applied Code = iota
	// Conflict: the mission's version is another one. Load again.
	Conflict
	// SessionDead: IfSession is not live.
	SessionDead
	// Duplicate: the idempotency key was used before, see Existing.
	Duplicate
	// Taken: another mission that has not ended has the unique key, see Holder.
	Taken
)

// Outcome is how one Change ended.
type Outcome struct {
	Code Code
	// Dispatch of the due entry that DueSet wrote; 0 where the mission waits at its gate.
	Dispatch int64
	// Admitted: the call that made this change admitted missions that had waited at a gate. They are due now.
	Admitted bool
	// Existing of Duplicate.
	Existing Existing
	// Holder of Taken: who has the unique key.
	Holder string
}

// Existing is what an idempotency key was used for.
type Existing struct {
	// MissionIDs are the missions that its first use created, in the order of the changes.
	MissionIDs []string
	BodyHash   string
}

// Due is an entry of the outbox.
type Due struct {
	MissionID string
	// Dispatch is the entry's own number; a newer entry of the mission has a higher one.
	Dispatch int64
	// Shelf is where ClearDue puts the mission; empty puts it nowhere, as TakeDue leaves it. What shelves there are is the
	// commander's matter.
	Shelf string
}

// SessionState says whether a session may hold missions.
type SessionState string

// The session states.
const (
	SessionLive   SessionState = "live"
	SessionBuried SessionState = "dead"
)

// Session is one life of a soldier process.
type Session struct {
	ID        string                   `json:"session"`
	SoldierID string                   `json:"soldier_id"`
	State     SessionState             `json:"state"`
	Squads    []string                 `json:"squads"`
	Kinds     []string                 `json:"kinds"`
	Slots     int                      `json:"slots"`
	Version   string                   `json:"version"`
	Inbox     string                   `json:"inbox,omitempty"`
	Running   []contracts.ExecutionRef `json:"running"`
	// Seq is the number of the renewal that described it so; 0 where renewals are not numbered.
	Seq int64 `json:"-"`
	// Packs: it reads orders in packs.
	Packs bool `json:"-"`
	// Draining: it was asked to end, by Drain alone; Renew does not look at it.
	Draining bool `json:"draining,omitempty"`
	// StartedAt is its first renewal, RenewedAt its last, LeaseUntil when the lease runs out: all by the store's clock.
	StartedAt  contracts.Time `json:"started_at"`
	RenewedAt  contracts.Time `json:"renewed_at"`
	LeaseUntil contracts.Time `json:"lease_until"`
}

// Query filters a list. Empty fields filter nothing.
type Query struct {
	Status contracts.Status
	Kind   string
	Squad  string
	// Label is one that a mission must have.
	Label contracts.Label
	// Search is a mission's id: that mission alone, however old. Anything else is the beginning of a name, in capital or
	// small letters (a to z), and only the newest contracts.SearchWindow missions are looked at.
	Search string
	// Limit is 1 to contracts.MaxListLimit.
	Limit int
	// Cursor is a Page's Next: the list goes on behind it.
	Cursor string
}

// Source says where a read came from.
type Source struct {
	// Degraded: the store is away, this is the twin's. AsOf is when the twin last agreed with the store.
	Degraded bool
	AsOf     contracts.Time
	// PayloadOmitted and ResultOmitted: if the mission has a payload or a result, the twin left it out for its size, or
	// does not know it.
	PayloadOmitted, ResultOmitted bool
}

// Page is a page of missions.
type Page struct {
	Missions []contracts.Mission
	// Next is the cursor of the next page, empty at the end. A page may be short, even empty, and yet have a Next.
	Next string
	// Complete: the list covers all missions there are, not only those that the twin holds.
	Complete bool
	// Cut: the search for a name does not look at all missions, since there are more than contracts.SearchWindow.
	Cut    bool
	Source Source
}

// History is the history of one mission.
type History struct {
	Lines   []contracts.HistoryLine
	Dropped int
	Source  Source
}

// Counts is how many missions there are.
type Counts struct {
	ByStatus map[contracts.Status]int64
	// Of the last full minute, in steps of 10 s.
	CreatedPerMinute, CompletedPerMinute, FailedPerMinute int64
	// Oldest is the QUEUED mission that was created first; its MissionID is empty where none is QUEUED.
	Oldest Waiting
	Source Source
}

// Waiting is a QUEUED mission.
type Waiting struct {
	MissionID string
	CreatedAt contracts.Time
	Squad     string
}

// Event says that a mission changed.
type Event struct {
	ID        string
	MissionID string
	Version   int64
	Status    contracts.Status
}
