package explore

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/commander/internal/reap"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

// The ledger must be no truth of its own: what the rules decide on either store, and what becomes of it, is the same. Changes
// are kept for a while before they are committed, so that they fit no more.
func TestTheLedgerIsAStore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := newPair(t)
		p.create()
		t.Repeat(map[string]func(*rapid.T){
			"":       func(*rapid.T) { p.compare() },
			"claim":  func(*rapid.T) { p.update(contracts.UpdateInProgress) },
			"claim2": func(*rapid.T) { p.update(contracts.UpdateInProgress) },
			"final": func(*rapid.T) {
				p.update(rapid.SampledFrom(ends[endCompleted:]).Draw(t, "end"))
			},
			"cancel": func(*rapid.T) {
				p.decide(func(rec store.Record) mission.Decision { d, _ := mission.Cancel(rec, now); return d })
			},
			"retry": func(*rapid.T) {
				p.decide(func(rec store.Record) mission.Decision { d, _ := mission.Retry(rec, now); return d })
			},
			"come": func(*rapid.T) {
				p.decide(func(rec store.Record) mission.Decision { _, d := mission.Come(rec, now); return d })
			},
			"commit": func(*rapid.T) { p.commit() },
			"renew":  func(*rapid.T) { p.renew() },
			"bury":   func(*rapid.T) { p.bury() },
			"take":   func(*rapid.T) { p.take() },
			"clear":  func(*rapid.T) { p.clear() },
		})
	})
}

// pair is both stores, and what is kept of either.
type pair struct {
	t      *rapid.T
	ctx    context.Context
	r      redis
	ledger ledger
	memory *memstore.Store
	clock  time.Time

	decided  [2][]store.Change  // not committed yet
	entries  [2][]store.Due     // that may be cleared
	sessions [2][]store.Session // as they were read
	seq      int64
}

func newPair(t *rapid.T) *pair {
	p := &pair{t: t, ctx: context.Background(), clock: now.Time}
	p.memory = memstore.New(memstore.Config{Now: func() time.Time { return p.clock }})
	p.ledger.reset(&p.r)
	return p
}

// create accepts the missions: the ledger's are there from the beginning.
func (p *pair) create() {
	for i := range maxMissions {
		r := contracts.MissionRequest{Name: "m", Kind: "k", MaxAttempts: 2}
		r.Normalize()
		d := mission.Accept(r, missionIDs[i], nil, past)
		o, err := p.memory.Commit(p.ctx, *d.Change)
		p.ok(err)
		p.r.Dispatches++
		p.r.Missions[i] = record{Status: queued, Attempt: 1, MaxAttempts: 2, Due: p.r.Dispatches}
		p.entries[0] = append(p.entries[0], store.Due{MissionID: missionIDs[i], Dispatch: int64(p.r.Dispatches)})
		p.entries[1] = append(p.entries[1], store.Due{MissionID: missionIDs[i], Dispatch: o[0].Dispatch})
	}
}

func (p *pair) ok(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *pair) pick(n int, what string) int { return rapid.IntRange(0, n-1).Draw(p.t, what) }

// load returns a mission from both.
func (p *pair) load(id string) [2]store.Record {
	a, err := p.ledger.Load(p.ctx, id)
	p.ok(err)
	b, err := p.memory.Load(p.ctx, id)
	p.ok(err)
	return [2]store.Record{a[0], b[0]}
}

// decide decides on both and keeps the changes.
func (p *pair) decide(rule func(store.Record) mission.Decision) {
	recs := p.load(missionIDs[p.pick(maxMissions, "mission")])
	if recs[1].Mission.RunAt.After(now.Time) {
		recs[1].Mission.RunAt = past // an hour passes
	}
	a, b := rule(recs[0]), rule(recs[1])
	if a.Answer.Type != b.Answer.Type || a.Answer.Reason != b.Answer.Reason || a.Refused != b.Refused || a.Suspect != b.Suspect ||
		a.Dispatch != b.Dispatch || (a.Change == nil) != (b.Change == nil) {
		p.t.Fatalf("the ledger's mission has another decision\n%+v\n%+v\n%+v\n%+v", recs[0], a, recs[1], b)
	}
	if a.Change == nil || a.Change.Record.Mission.Attempt > maxAttempts {
		return
	}
	p.decided[0], p.decided[1] = append(p.decided[0], *a.Change), append(p.decided[1], *b.Change)
}

// update decides about an update, of the current execution or of another one.
func (p *pair) update(status contracts.UpdateStatus) {
	exec, sess := execs[1+p.pick(3, "execution")], sessionIDs[1+p.pick(2, "session")]
	attempt, run := 1+p.pick(2, "attempt"), int64(p.pick(3, "run"))
	p.decide(func(rec store.Record) mission.Decision {
		u := contracts.Update{Status: status, MissionID: rec.Mission.MissionID, Attempt: attempt, Execution: exec, MadeAt: now, Redelivered: true}
		if status.Final() {
			k := contracts.Ticket{MissionID: u.MissionID, Attempt: attempt, Run: run, Execution: exec, Session: sess}.Sign(ticketKey)
			u.Ticket = &k
		}
		return mission.Decide(rec, mission.Item{Update: u, By: mission.Speaker{Session: sess, SoldierID: soldierIDs[0]}}, store.Epoch{}, mission.Keys{Ticket: ticketKey}, now)
	})
}

// commit commits one of the changes that are kept.
func (p *pair) commit() {
	if len(p.decided[0]) == 0 {
		return
	}
	i := p.pick(len(p.decided[0]), "change")
	a, err := p.ledger.Commit(p.ctx, p.decided[0][i])
	p.ok(err)
	b, err := p.memory.Commit(p.ctx, p.decided[1][i])
	p.ok(err)
	if a[0].Code != b[0].Code {
		p.t.Fatalf("the ledger says %v, memstore %v, to %+v", a[0], b[0], p.decided[1][i])
	}
	id := p.decided[0][i].Record.Mission.MissionID
	if a[0].Dispatch != 0 {
		p.entries[0] = append(p.entries[0], store.Due{MissionID: id, Dispatch: a[0].Dispatch})
		p.entries[1] = append(p.entries[1], store.Due{MissionID: id, Dispatch: b[0].Dispatch})
	}
	for k := range p.decided {
		p.decided[k] = slices.Delete(p.decided[k], i, i+1)
	}
}

// renew renews a session, at times by an overtaken renewal, and reads one.
func (p *pair) renew() {
	x := 1 + p.pick(2, "session")
	p.seq++
	s := store.Session{
		ID: sessionIDs[x], SoldierID: soldierIDs[x-1], State: store.SessionLive, Inbox: inboxes[1+p.pick(3, "inbox")],
		Seq: max(1, p.seq-int64(p.pick(3, "overtaken"))),
	}
	a, errA := p.ledger.Renew(p.ctx, s, contracts.LeaseDuration)
	b, errB := p.memory.Renew(p.ctx, s, contracts.LeaseDuration)
	if !errors.Is(errA, errB) || errA == nil && (a.Inbox != b.Inbox || a.Seq != b.Seq || a.SoldierID != b.SoldierID) {
		p.t.Fatalf("renewed to %+v, %v by the ledger, to %+v, %v by memstore", a, errA, b, errB)
	}
	if errA == nil {
		p.sessions[0], p.sessions[1] = append(p.sessions[0], a), append(p.sessions[1], b)
	}
}

// bury buries a session as it was at one time.
func (p *pair) bury() {
	if len(p.sessions[0]) == 0 {
		return
	}
	i := p.pick(len(p.sessions[0]), "session")
	lost := func(recs []store.Record) []store.Change {
		changes := make([]store.Change, len(recs))
		for i, rec := range recs {
			changes[i] = *mission.Lose(rec, now).Change
		}
		return changes
	}
	changes, a, errA := reap.Bury(p.ctx, &p.ledger, p.sessions[0][i], lost)
	_, b, errB := reap.Bury(p.ctx, p.memory, p.sessions[1][i], lost)
	if !errors.Is(errA, errB) || len(a) != len(b) {
		p.t.Fatalf("buried: %v by the ledger, %v by memstore", errA, errB)
	}
	for k := range a {
		if id := changes[k].Record.Mission.MissionID; a[k].Dispatch != 0 {
			p.entries[0] = append(p.entries[0], store.Due{MissionID: id, Dispatch: a[k].Dispatch})
			p.entries[1] = append(p.entries[1], store.Due{MissionID: id, Dispatch: b[k].Dispatch})
		}
	}
}

// takeStep is later than whatever is due, and so short that no run of takes lasts the day after which memstore forgets a buried
// session, which the ledger never does.
const takeStep = 2 * time.Minute

// take takes all due entries there are.
func (p *pair) take() {
	p.clock = p.clock.Add(takeStep)
	got, err := p.memory.TakeDue(p.ctx, 10, contracts.DispatchHold)
	p.ok(err)
	for i := range maxMissions {
		k := slices.IndexFunc(got, func(d store.Due) bool { return d.MissionID == missionIDs[i] })
		if (k >= 0) != (p.r.Missions[i].Due != 0) {
			p.t.Fatalf("mission %d: due in the ledger %d, in memstore %+v", i, p.r.Missions[i].Due, got)
		}
		if k >= 0 {
			p.entries[0], p.entries[1] = append(p.entries[0], p.ledger.take(i)), append(p.entries[1], got[k])
		}
	}
}

// clear clears an entry as it was at one time.
func (p *pair) clear() {
	i := p.pick(len(p.entries[0]), "entry")
	p.ok(p.ledger.ClearDue(p.ctx, p.entries[0][i]))
	p.ok(p.memory.ClearDue(p.ctx, p.entries[1][i]))
}

// compare compares what rules and reaper read.
func (p *pair) compare() {
	for _, id := range missionIDs {
		recs := p.load(id)
		a, b := recs[0].Mission, recs[1].Mission
		if a.Status != b.Status || a.Attempt != b.Attempt || a.MaxAttempts != b.MaxAttempts || a.Run != b.Run || a.Losses != b.Losses ||
			a.CancelRequested != b.CancelRequested || a.Version != b.Version || recs[0].Execution != recs[1].Execution ||
			recs[0].Session != recs[1].Session || recs[0].Recorded != recs[1].Recorded {
			p.t.Fatalf("the ledger has\n%+v\nmemstore has\n%+v", recs[0], recs[1])
		}
	}
	for _, id := range sessionIDs[1:3] {
		a, errA := p.ledger.Session(p.ctx, id)
		b, errB := p.memory.Session(p.ctx, id)
		if !errors.Is(errA, errB) || a.State != b.State || a.State == store.SessionLive && (a.Inbox != b.Inbox || a.Seq != b.Seq) {
			p.t.Fatalf("the ledger has %+v, %v, memstore has %+v, %v", a, errA, b, errB)
		}
		held, err := p.ledger.SessionMissions(p.ctx, id)
		p.ok(err)
		also, err := p.memory.SessionMissions(p.ctx, id)
		p.ok(err)
		if !slices.Equal(held, also) {
			p.t.Fatalf("session %s holds %v in the ledger, %v in memstore", id, held, also)
		}
	}
}
