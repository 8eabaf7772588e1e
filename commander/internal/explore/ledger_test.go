package explore

import (
	"context"
	"fmt"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// Ids as the code has them. The last byte tells which it is.
var (
	missionIDs = ids("00000000-0000-7000-8000-00000000000", maxMissions)
	sessionIDs = ids("50000000-0000-7000-8000-00000000000", maxSessions+1)
	soldierIDs = ids("soldier-", numSoldiers)
	inboxes    = ids("amq.gen-", inboxGone+1)
	execs      = func() []string {
		all := make([]string, 'z'-'0')
		for i := range all[1:] {
			all[i+1] = "execution-" + string(rune('0'+i+1))
		}
		return all
	}()
	statuses = []contracts.Status{
		unknown: "", scheduled: contracts.StatusScheduled, queued: contracts.StatusQueued, inProgress: contracts.StatusInProgress,
		completed: contracts.StatusCompleted, failed: contracts.StatusFailed, cancelled: contracts.StatusCancelled,
	}
	// now is the time at which everything happens, past is before it.
	now  = contracts.FromMillis(1_700_000_000_000)
	past = contracts.At(now.Add(-time.Hour))
)

func ids(prefix string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprint(prefix, i)
	}
	return all
}

// number returns which of the ids it is; 0 for none.
func number(id string) uint8 {
	if id == "" {
		return 0
	}
	return id[len(id)-1] - '0'
}

func statusNumber(s contracts.Status) uint8 {
	for i, t := range statuses {
		if s == t && i > 0 {
			return uint8(i)
		}
	}
	panic("no such status: " + s)
}

// ledger is the store: the conditions of store.Store over a redis. Versions and numbers of renewals count within a step
// alone, as nobody keeps a record from one step to the next.
type ledger struct {
	r        *redis
	versions [maxMissions]int64
	// away: it can't be reached.
	away bool
	// applied is called for each change that is applied; nil: nobody wants to know.
	applied func(i int, before record, c store.Change)
	// blind and careless break its conditions, for the tests of the explorer: versions do not matter, and a confirm clears
	// whatever entry there is.
	blind, careless bool
}

func (l *ledger) reset(r *redis) {
	l.r, l.away = r, false
	for i := range l.versions {
		l.versions[i] = 1
	}
}

// record returns a mission as the store has it.
func (l *ledger) record(i int) store.Record {
	m := l.r.Missions[i]
	if m.Status == unknown {
		return store.Record{}
	}
	rec := store.Record{
		Mission: contracts.Mission{
			MissionID: missionIDs[i], Name: "m", Kind: "k", Priority: contracts.PriorityNormal, Squad: contracts.DefaultSquad,
			Status: statuses[m.Status], Attempt: int(m.Attempt), MaxAttempts: int(m.MaxAttempts), Run: int64(m.Run),
			Losses: int(m.Losses), CancelRequested: m.Cancel != 0, TimeoutSeconds: 60, CreatedAt: past, UpdatedAt: past,
			Version: l.versions[i],
		},
		Execution: execs[m.Exec], Recorded: execs[m.Recorded],
	}
	if m.Sess != 0 {
		rec.Session = sessionIDs[m.Sess]
	}
	if m.Status == scheduled {
		rec.Mission.RunAt = past // its time may come at once: any step may take an hour
	}
	return rec
}

func (l *ledger) unavailable() error {
	if l.away {
		return store.ErrUnavailable
	}
	return nil
}

// Load implements store.Missions.
func (l *ledger) Load(_ context.Context, ids ...string) ([]store.Record, error) {
	recs := make([]store.Record, len(ids))
	for i, id := range ids {
		recs[i] = l.record(int(number(id)))
	}
	return recs, l.unavailable()
}

// Peek implements store.Missions.
func (l *ledger) Peek(ctx context.Context, ids ...string) ([]store.Record, error) {
	return l.Load(ctx, ids...)
}

// Commit implements store.Missions, for one change.
func (l *ledger) Commit(_ context.Context, changes ...store.Change) ([]store.Outcome, error) {
	c := changes[0]
	if err := c.Check(); err != nil || l.away {
		return nil, l.unavailable()
	}
	if l.version(c) != c.IfVersion && !l.blind {
		return []store.Outcome{{Code: store.Conflict}}, nil
	}
	if c.IfSession != "" && l.r.Sessions[number(c.IfSession)].State != live {
		return []store.Outcome{{Code: store.SessionDead}}, nil
	}
	return []store.Outcome{l.apply(c)}, nil
}

// version returns the version of the mission that a change is of.
func (l *ledger) version(c store.Change) int64 {
	i := number(c.Record.Mission.MissionID)
	if l.r.Missions[i].Status == unknown {
		return 0
	}
	return l.versions[i]
}

// apply makes a change that fits.
func (l *ledger) apply(c store.Change) store.Outcome {
	i := number(c.Record.Mission.MissionID)
	m, to := &l.r.Missions[i], c.Record.Mission
	before := *m
	*m = record{
		Status: statusNumber(to.Status), Attempt: uint8(to.Attempt), MaxAttempts: uint8(to.MaxAttempts), Run: uint8(to.Run),
		Losses: uint8(to.Losses), Exec: number(c.Record.Execution), Sess: number(c.Record.Session),
		Recorded: number(c.Record.Recorded), Due: before.Due,
		Results: before.Results,
	}
	if to.CancelRequested {
		m.Cancel = 1
	}
	l.versions[i] = c.IfVersion + 1
	o := store.Outcome{Code: store.Applied}
	switch c.Due {
	case store.DueSet:
		l.r.Dispatches++
		m.Due = l.r.Dispatches
		o.Dispatch = int64(m.Due)
	case store.DueDrop:
		m.Due = 0
	}
	if l.applied != nil {
		l.applied(int(i), before, c)
	}
	return o
}

// take is store.Outbox's TakeDue for one mission, whose entry's time may come whenever it is asked for.
func (l *ledger) take(i int) store.Due {
	l.r.Dispatches++
	l.r.Missions[i].Due = l.r.Dispatches
	return store.Due{MissionID: missionIDs[i], Dispatch: int64(l.r.Dispatches)}
}

// ClearDue implements store.Outbox.
func (l *ledger) ClearDue(_ context.Context, entries ...store.Due) error {
	if l.away {
		return l.unavailable()
	}
	for _, e := range entries {
		if m := &l.r.Missions[number(e.MissionID)]; int64(m.Due) == e.Dispatch || l.careless {
			m.Due = 0
		}
	}
	return nil
}

// session returns a session as the store has it.
func (l *ledger) session(x uint8) store.Session {
	got := l.r.Sessions[x]
	s := store.Session{
		ID: sessionIDs[x], SoldierID: soldierIDs[got.Owner], State: store.SessionLive, Seq: int64(got.Seq),
		RenewedAt: contracts.FromMillis(now.Millis() + int64(got.Renewed)),
	}
	if got.State == dead {
		s.State = store.SessionBuried
	}
	if got.Inbox != 0 {
		s.Inbox = inboxes[got.Inbox]
	}
	return s
}

// Session implements store.Sessions.
func (l *ledger) Session(_ context.Context, id string) (store.Session, error) {
	x := number(id)
	if l.away {
		return store.Session{}, l.unavailable()
	}
	if l.r.Sessions[x].State == 0 {
		return store.Session{}, store.ErrNotFound
	}
	return l.session(x), nil
}

// Renew implements store.Sessions.
func (l *ledger) Renew(_ context.Context, s store.Session, _ time.Duration) (store.Session, error) {
	if l.away {
		return store.Session{}, l.unavailable()
	}
	x := number(s.ID)
	was := l.r.Sessions[x]
	next := lease{State: live, Owner: number(s.SoldierID), Renewed: 1, Inbox: number(s.Inbox), Seq: uint8(s.Seq)}
	switch was.State {
	case dead:
		return store.Session{}, store.ErrSessionDead
	case live:
		if next.Seq > 0 && next.Seq < was.Seq {
			next.Inbox, next.Seq = was.Inbox, was.Seq
		}
		next.Seq, next.Renewed = max(next.Seq, was.Seq), was.Renewed+1
	}
	l.r.Sessions[x] = next
	return l.session(x), nil
}

// SessionMissions implements store.Sessions.
func (l *ledger) SessionMissions(_ context.Context, id string) ([]string, error) {
	var held []string
	for i, m := range l.r.Missions {
		if m.Sess != 0 && m.Sess == number(id) {
			held = append(held, missionIDs[i])
		}
	}
	return held, l.unavailable()
}

// Bury implements store.Sessions.
func (l *ledger) Bury(ctx context.Context, id string, ifRenewedAt contracts.Time, changes ...store.Change) ([]store.Outcome, error) {
	if l.away {
		return nil, l.unavailable()
	}
	x := number(id)
	held, _ := l.SessionMissions(ctx, id)
	if l.r.Sessions[x].State != live || !l.session(x).RenewedAt.Equal(ifRenewedAt.Time) || len(held) != len(changes) {
		return nil, store.ErrSessionChanged
	}
	for i, c := range changes { // those of one session, in the order of their ids
		if c.Record.Mission.MissionID != held[i] || l.version(c) != c.IfVersion {
			return nil, store.ErrSessionChanged
		}
	}
	outcomes := make([]store.Outcome, len(changes))
	for i, c := range changes {
		outcomes[i] = l.apply(c)
	}
	l.r.Sessions[x] = lease{State: dead, Owner: l.r.Sessions[x].Owner}
	return outcomes, nil
}
