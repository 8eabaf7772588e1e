package mission_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"go.uber.org/zap"
	"pgregory.net/rapid"

	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

// world is a service over a memory store, with orders and grants that may be delivered at any time, in any order, twice
// or never.
type world struct {
	t       *rapid.T
	now     time.Time
	store   *memstore.Store
	service *mission.Service

	ids      []string
	sessions []string
	buried   map[string]bool
	orders   []contracts.Mission          // every order that was ever published
	claims   []mission.Item               // every claim that was ever sent
	tickets  map[string]contracts.Ticket  // every grant, by execution
	finals   []mission.Item               // every final that was ever sent
	ended    map[string]contracts.Mission // the terminal status first seen, until an operator's retry
	seen     map[string]contracts.Mission // as it was at the last look
	runs     map[string]map[int64]string  // execution by mission and run
	made     int
}

var ticketKey = []byte("0123456789abcdef0123456789abcdef")

func newWorld(t *rapid.T) *world {
	w := &world{
		t: t, now: time.UnixMilli(1_800_000_000_000), buried: map[string]bool{}, tickets: map[string]contracts.Ticket{},
		ended: map[string]contracts.Mission{}, seen: map[string]contracts.Mission{}, runs: map[string]map[int64]string{},
	}
	w.store = memstore.New(memstore.Config{Now: func() time.Time { return w.now }})
	w.service = mission.New(mission.Deps{
		Store: w.store, Dispatcher: w, Inboxes: w, Suspects: w, Observer: w, TicketKey: ticketKey, Logger: zap.NewNop(),
		Now: func() contracts.Time { return contracts.At(w.now) },
	})
	for i := range 2 {
		w.session(fmt.Sprintf("soldier-%d", i))
	}
	return w
}

func (w *world) Dispatch(rec store.Record, _ int64) { w.orders = append(w.orders, rec.Mission) }
func (w *world) Send(string, ...contracts.Answer)   {}
func (w *world) Suspect(string)                     {}
func (w *world) Accepted()                          {}
func (w *world) Retried()                           {}
func (w *world) Claimed(contracts.AnswerType)       {}
func (w *world) Recorded(contracts.UpdateStatus)    {}
func (w *world) Refused(string)                     {}
func (w *world) Ended(contracts.Status)             {}
func (w *world) ok(err error)                       { w.t.Helper(); w.fail(err) }
func (w *world) speaker(session string) mission.Speaker {
	return mission.Speaker{Session: session, SoldierID: "soldier"}
}

func (w *world) fail(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) id(prefix byte) string {
	w.made++
	return fmt.Sprintf("%c0000000-0000-7000-8000-%012d", prefix, w.made)
}

func (w *world) session(soldier string) {
	id := w.id('5')
	_, err := w.store.Renew(context.Background(), store.Session{ID: id, SoldierID: soldier, Squads: []string{"default"}, Slots: 4},
		time.Hour)
	w.ok(err)
	w.sessions = append(w.sessions, id)
}

func (w *world) submit() {
	r := contracts.MissionRequest{Name: "m", MaxAttempts: rapid.IntRange(1, 3).Draw(w.t, "max attempts")}
	r.Normalize()
	m, err := w.service.Submit(context.Background(), r, nil)
	w.ok(err)
	w.ids = append(w.ids, m.MissionID)
}

// batch creates missions together; with a key that was used before it must get the missions of then.
func (w *world) batch() {
	rs := make([]contracts.MissionRequest, rapid.IntRange(1, 3).Draw(w.t, "missions"))
	for i := range rs {
		rs[i] = contracts.MissionRequest{Name: fmt.Sprint("batch ", i), MaxAttempts: rapid.IntRange(1, 3).Draw(w.t, "max attempts")}
		rs[i].Normalize()
	}
	key := &store.Idempotency{Key: w.id('b'), BodyHash: "h", TTL: 24 * time.Hour}
	first, err := w.service.SubmitAll(context.Background(), rs, key)
	w.ok(err)
	orders := len(w.orders)
	again, err := w.service.SubmitAll(context.Background(), rs, key)
	w.ok(err)
	for i, m := range first {
		if i > 0 && m.MissionID <= first[i-1].MissionID || m.Name != rs[i].Name || again[i].MissionID != m.MissionID {
			w.t.Fatalf("mission %d of the batch is %s %q, asked again %s", i, m.MissionID, m.Name, again[i].MissionID)
		}
		w.ids = append(w.ids, m.MissionID)
	}
	if len(again) != len(first) || len(w.orders) != orders || orders < len(first) {
		w.t.Fatalf("%d missions, %d when asked again, %d orders then %d", len(first), len(again), orders, len(w.orders))
	}
	other := *key
	other.BodyHash = "other"
	if _, err := w.service.SubmitAll(context.Background(), rs, &other); !errors.Is(err, mission.ErrIdempotencyMismatch) {
		w.t.Fatalf("another body: %v", err)
	}
}

// claim claims for an order that was published at some time, as a new execution.
func (w *world) claim() {
	if len(w.orders) == 0 {
		w.t.Skip("no order")
	}
	o := rapid.SampledFrom(w.orders).Draw(w.t, "order")
	it := mission.Item{
		Update: contracts.Update{
			Status: contracts.UpdateInProgress, MissionID: o.MissionID, Attempt: o.Attempt, Execution: w.id('e'),
			MadeAt: contracts.At(w.now), Redelivered: rapid.Bool().Draw(w.t, "redelivered"),
		},
		By: w.speaker(rapid.SampledFrom(w.sessions).Draw(w.t, "session")),
	}
	w.claims = append(w.claims, it)
	w.send(it)
}

func (w *world) repeatClaim() {
	if len(w.claims) == 0 {
		w.t.Skip("no claim")
	}
	w.send(rapid.SampledFrom(w.claims).Draw(w.t, "claim"))
}

func (w *world) final() {
	if len(w.tickets) == 0 {
		w.t.Skip("no grant")
	}
	exec := rapid.SampledFrom(slices.Sorted(maps.Keys(w.tickets))).Draw(w.t, "execution")
	k := w.tickets[exec]
	status := rapid.SampledFrom([]contracts.UpdateStatus{
		contracts.UpdateCompleted, contracts.UpdateFailed, contracts.UpdateReleased,
	}).Draw(w.t, "final")
	u := contracts.Update{
		Status: status, MissionID: k.MissionID, Attempt: k.Attempt, Execution: exec, Ticket: &k, MadeAt: contracts.At(w.now),
	}
	if status == contracts.UpdateFailed {
		u.Error = &contracts.MissionError{Code: "failed", Message: "no"}
	}
	// A run ends once: its soldier sends the same final again, never another one.
	sent, ended := w.ends(k)
	if sent != nil {
		w.send(*sent)
		return
	}
	if ended {
		u.Status, u.Error = contracts.UpdateReleased, nil
	}
	it := mission.Item{Update: u, By: w.speaker(k.Session)}
	w.finals = append(w.finals, it)
	w.send(it)
}

// ends returns the final that was sent for the grant, and tells whether its execution ended before, by an earlier grant:
// a late copy of its claim was granted then, and all that its soldier can do is to hand the mission back.
func (w *world) ends(k contracts.Ticket) (sent *mission.Item, ended bool) {
	for i, it := range w.finals {
		switch t := it.Update.Ticket; {
		case t.Execution == k.Execution && t.Run == k.Run:
			return &w.finals[i], true
		case t.Execution == k.Execution:
			ended = true
		}
	}
	return nil, ended
}

// forged sends a final with a ticket that no commander wrote, or another session's.
func (w *world) forged() {
	if len(w.tickets) == 0 {
		w.t.Skip("no grant")
	}
	k := w.tickets[rapid.SampledFrom(slices.Sorted(maps.Keys(w.tickets))).Draw(w.t, "execution")]
	by := w.speaker(k.Session)
	if rapid.Bool().Draw(w.t, "other session") {
		by = w.speaker("another")
	} else {
		k.Run += 10
	}
	before := w.load(k.MissionID)
	res, err := w.service.Apply(context.Background(), []mission.Item{{By: by, Update: contracts.Update{
		Status: contracts.UpdateCompleted, MissionID: k.MissionID, Attempt: k.Attempt, Execution: k.Execution, Ticket: &k,
		MadeAt: contracts.At(w.now),
	}}})
	w.ok(err)
	if res[0].Refused == "" || w.load(k.MissionID).Mission.Status != before.Mission.Status {
		w.t.Fatalf("forged final was taken: %+v", res[0])
	}
}

func (w *world) send(it mission.Item) {
	before := w.load(it.Update.MissionID).Mission
	defer func() {
		// What belongs to an attempt before the current one moves nothing.
		after := w.load(it.Update.MissionID).Mission
		if it.Update.Attempt < before.Attempt && (after.Status != before.Status || after.Run != before.Run || after.Attempt != before.Attempt) {
			w.t.Fatalf("%s of attempt %d moved %+v to %+v", it.Update.Status, it.Update.Attempt, before, after)
		}
	}()
	res, err := w.service.Apply(context.Background(), []mission.Item{it})
	w.ok(err)
	a := res[0].Answer
	if a.Type == contracts.AnswerGranted {
		w.granted(it, *a.Ticket)
	}
	if it.Update.Status.Final() && a.Type != contracts.AnswerRecorded {
		w.t.Fatalf("final answered %q: its soldier would send it for ever", a.Type)
	}
}

func (w *world) granted(it mission.Item, k contracts.Ticket) {
	w.ok(k.Verify(ticketKey))
	if w.buried[k.Session] {
		w.t.Fatalf("granted to the dead session %s", k.Session)
	}
	if k.Execution != it.Update.Execution || k.Session != it.By.Session || k.Attempt != it.Update.Attempt ||
		k.Attempt != w.load(k.MissionID).Mission.Attempt {
		w.t.Fatalf("claim %+v got the ticket %+v", it, k)
	}
	byRun := w.runs[k.MissionID]
	if byRun == nil {
		byRun = map[int64]string{}
		w.runs[k.MissionID] = byRun
	}
	if other, ok := byRun[k.Run]; ok && other != k.Execution {
		w.t.Fatalf("run %d of %s granted to %s and %s", k.Run, k.MissionID, other, k.Execution)
	}
	byRun[k.Run] = k.Execution
	w.tickets[k.Execution] = k
}

func (w *world) cancel() {
	if len(w.ids) == 0 {
		w.t.Skip("no mission")
	}
	_, err := w.service.Cancel(context.Background(), rapid.SampledFrom(w.ids).Draw(w.t, "mission"))
	var state *mission.StateError
	if err != nil && !asState(err, &state) {
		w.t.Fatal(err)
	}
}

// retry has an operator send a mission out again.
func (w *world) retry() {
	if len(w.ids) == 0 {
		w.t.Skip("no mission")
	}
	id := rapid.SampledFrom(w.ids).Draw(w.t, "mission")
	before, orders := w.load(id).Mission, len(w.orders)
	m, err := w.service.Retry(context.Background(), id)
	var state *mission.StateError
	allowed := before.Status == contracts.StatusFailed || before.Status == contracts.StatusCancelled
	switch {
	case err != nil && (allowed || !asState(err, &state)):
		w.t.Fatalf("retry of %+v: %v", before, err)
	case err != nil:
		return
	case !allowed:
		w.t.Fatalf("retried %+v", before)
	}
	if m.Status != contracts.StatusQueued || m.Attempt != before.Attempt+1 || m.MaxAttempts < m.Attempt || m.Run != before.Run ||
		m.Losses != 0 || m.CancelRequested || m.Version != before.Version+1 {
		w.t.Fatalf("retry made %+v of %+v", m, before)
	}
	if len(w.orders) != orders+1 || w.orders[orders].Attempt != m.Attempt {
		w.t.Fatalf("orders after the retry: %+v", w.orders[orders:])
	}
	delete(w.ended, id)
}

func (w *world) bury() {
	id := rapid.SampledFrom(w.sessions).Draw(w.t, "session")
	if w.buried[id] {
		w.t.Skip("dead already")
	}
	ctx := context.Background()
	s, err := w.store.Session(ctx, id)
	w.ok(err)
	ids, err := w.store.SessionMissions(ctx, id)
	w.ok(err)
	recs, err := w.store.Load(ctx, ids...)
	w.ok(err)
	changes := w.service.Lost(recs)
	outcomes, err := w.store.Bury(ctx, id, s.RenewedAt, changes...)
	w.ok(err)
	w.service.Redispatch(changes, outcomes)
	w.buried[id] = true
	w.session("soldier-again")
}

// due moves time on and does what the dispatcher does.
func (w *world) due() {
	w.now = w.now.Add(time.Duration(rapid.IntRange(1, 700).Draw(w.t, "seconds")) * time.Second)
	ctx := context.Background()
	entries, err := w.store.TakeDue(ctx, 100, contracts.DispatchHold)
	w.ok(err)
	for _, e := range entries {
		rec := w.load(e.MissionID)
		switch action, d := mission.Come(rec, contracts.At(w.now)); action {
		case mission.DueClear:
			w.ok(w.store.ClearDue(ctx, e))
		case mission.DuePublish:
			w.orders = append(w.orders, rec.Mission)
			if rapid.Bool().Draw(w.t, "confirmed") {
				w.ok(w.store.ClearDue(ctx, e))
			}
		case mission.DueQueue:
			_, err := w.store.Commit(ctx, *d.Change)
			w.ok(err)
		case mission.DueLater:
		}
	}
}

func (w *world) load(id string) store.Record {
	recs, err := w.store.Load(context.Background(), id)
	w.ok(err)
	return recs[0]
}

// check is what must hold after each step.
func (w *world) check() {
	for _, id := range w.ids {
		rec := w.load(id)
		m := rec.Mission
		if held := rec.Session != "" && rec.Execution != ""; held != (m.Status == contracts.StatusInProgress) {
			w.t.Fatalf("%s has session %q and execution %q", m.Status, rec.Session, rec.Execution)
		}
		if m.Status == contracts.StatusInProgress && w.buried[rec.Session] {
			w.t.Fatalf("%s is held by the dead session %s", id, rec.Session)
		}
		if m.Status.Terminal() == m.FinishedAt.IsZero() {
			w.t.Fatalf("%s with finished_at %v", m.Status, m.FinishedAt)
		}
		if was, ok := w.ended[id]; ok && (m.Status != was.Status || m.Run != was.Run || m.FinishedAt != was.FinishedAt) {
			w.t.Fatalf("%s went from %+v to %+v", id, was, m)
		}
		if m.Status.Terminal() {
			w.ended[id] = m
		}
		if was := w.seen[id]; m.Run < was.Run || m.Attempt < was.Attempt || m.Version < was.Version {
			w.t.Fatalf("%s went back from %+v to %+v", id, was, m)
		}
		w.seen[id] = m
		if m.Attempt > m.MaxAttempts || m.Losses > contracts.MaxLosses {
			w.t.Fatalf("attempt %d of %d, %d losses", m.Attempt, m.MaxAttempts, m.Losses)
		}
		w.checkHistory(id)
	}
}

func (w *world) checkHistory(id string) {
	h, err := w.store.History(context.Background(), id)
	w.ok(err)
	if h.Dropped > 0 {
		return
	}
	status := contracts.Status("")
	for i, l := range h.Lines {
		if l.Refused {
			continue
		}
		if i == 0 {
			status = l.Status
			continue
		}
		if l.Status != status {
			w.ok(contracts.CheckTransition(status, l.Status))
		}
		status = l.Status
	}
	if got := w.load(id).Mission.Status; got != status {
		w.t.Fatalf("history ends with %s, mission is %s", status, got)
	}
}

// finish lets everything happen that the protocol still owes: each mission must come to an end.
func (w *world) finish() {
	for round := 0; ; round++ {
		open := slices.DeleteFunc(slices.Clone(w.ids), func(id string) bool { return w.load(id).Mission.Status.Terminal() })
		if len(open) == 0 {
			return
		}
		if round > 50 {
			w.t.Fatalf("missions stranded: %+v", w.load(open[0]))
		}
		w.now = w.now.Add(11 * time.Minute)
		entries, err := w.store.TakeDue(context.Background(), 1000, contracts.DispatchHold)
		w.ok(err)
		for _, e := range entries {
			if _, d := mission.Come(w.load(e.MissionID), contracts.At(w.now)); d.Change != nil {
				_, err := w.store.Commit(context.Background(), *d.Change)
				w.ok(err)
			}
		}
		for _, id := range open {
			w.carryOut(id)
		}
	}
}

// carryOut claims the mission for a live session if an order of it is about, and completes it.
func (w *world) carryOut(id string) {
	rec := w.load(id)
	by := w.speaker(w.sessions[len(w.sessions)-1])
	if rec.Session != "" {
		by = w.speaker(rec.Session)
	}
	u := contracts.Update{
		Status: contracts.UpdateInProgress, MissionID: id, Attempt: rec.Mission.Attempt, Execution: w.id('e'),
		MadeAt: contracts.At(w.now),
	}
	if rec.Execution != "" {
		u.Execution = rec.Execution
	}
	w.send(mission.Item{Update: u, By: by})
	if k, ok := w.tickets[u.Execution]; ok {
		sent, ended := w.ends(k)
		if sent != nil {
			w.t.Fatalf("run %d of execution %s sent its final, and is still the current one", k.Run, u.Execution)
		}
		u.Status, u.Ticket = contracts.UpdateCompleted, &k
		if ended {
			u.Status = contracts.UpdateReleased
		}
		w.send(mission.Item{Update: u, By: by})
	}
}

func TestAnyOrderOfEventsKeepsTheRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.submit()
		t.Repeat(map[string]func(*rapid.T){
			"submit": func(*rapid.T) {
				if len(w.ids) < 3 {
					w.submit()
				}
			},
			"batch": func(*rapid.T) {
				if len(w.ids) < 3 {
					w.batch()
				}
			},
			"claim":        func(*rapid.T) { w.claim() },
			"repeat claim": func(*rapid.T) { w.repeatClaim() },
			"final":        func(*rapid.T) { w.final() },
			"forged":       func(*rapid.T) { w.forged() },
			"cancel":       func(*rapid.T) { w.cancel() },
			"retry":        func(*rapid.T) { w.retry() },
			"bury":         func(*rapid.T) { w.bury() },
			"due":          func(*rapid.T) { w.due() },
			"":             func(*rapid.T) { w.check() },
		})
		w.finish()
	})
}
