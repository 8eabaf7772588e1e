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
	"github.com/mission-control-dev/mission-control/commander/internal/mission/missiontest"
	"github.com/mission-control-dev/mission-control/commander/internal/session"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

// world is a service over a memory store, with orders and grants that may be delivered at any time, in any order, twice
// or never. The store checks each change, fails at times, and at times somebody else is faster.
type world struct {
	t       *rapid.T
	now     time.Time
	store   *missiontest.Store
	service *mission.Service
	// hold is why no mission is to be started.
	hold     string
	renewals *session.Service
	// calm: the store does not fail, and nobody else is about.
	calm bool
	// rivals counts how often somebody else was about.
	rivals int

	ids      []string
	sessions []string
	soldiers map[string]string // by session
	buried   map[string]bool
	orders   []contracts.Mission          // every order that was ever published
	claims   []mission.Item               // every claim that was ever sent
	tickets  map[string]contracts.Ticket  // every grant, by execution
	finals   []mission.Item               // every final that was ever sent
	ended    map[string]contracts.Mission // the terminal status first seen, until an operator's retry
	seen     map[string]contracts.Mission // as it was at the last look
	runs     map[string]map[int64]string  // execution by mission and run
	past     map[string][]store.Record    // what each mission was, before it ended
	torn     map[string]bool              // missions of which the store forgot something
	created  map[string]store.Record      // what each mission was at first, which the service remembers for ever
	made     int
	// key is the concurrency key of all missions, of which max may run; empty: they have none. keyless: some have none all the same.
	key     string
	max     int
	keyless bool
}

var ticketKey = []byte("0123456789abcdef0123456789abcdef")

func newWorld(t *rapid.T) *world {
	w := &world{
		t: t, now: time.UnixMilli(1_800_000_000_000), buried: map[string]bool{}, tickets: map[string]contracts.Ticket{},
		soldiers: map[string]string{}, past: map[string][]store.Record{}, torn: map[string]bool{},
		created: map[string]store.Record{},
		ended:   map[string]contracts.Mission{}, seen: map[string]contracts.Mission{}, runs: map[string]map[int64]string{},
	}
	w.store = missiontest.New(t, memstore.Config{Now: func() time.Time { return w.now }})
	w.store.Meanwhile, w.store.Fate = w.meanwhile, w.fate
	w.renewals = session.New(session.Config{Epoch: func(context.Context) (store.Epoch, error) { return store.Epoch{}, nil }, Store: w.store, TicketKey: ticketKey})
	w.service = mission.New(mission.Deps{
		Epoch: func(context.Context) (store.Epoch, error) { return store.Epoch{}, nil }, Store: w.store, Dispatcher: w, Inboxes: w, Suspects: w, Squads: w, Observer: w, TicketKey: ticketKey, Logger: zap.NewNop(),
		Now:    func() contracts.Time { return contracts.At(w.now) },
		Recall: func(id string) (store.Record, bool) { rec, ok := w.created[id]; return rec, ok },
	})
	for i := range 2 {
		w.session(fmt.Sprintf("soldier-%d", i))
	}
	return w
}

func (w *world) Dispatch(rec store.Record, _ int64) {
	w.orders = append(w.orders, rec.Mission)
	if rec.Mission.Version == 1 {
		w.created[rec.Mission.MissionID] = rec.Brief()
	}
}

// Register implements mission.Squads, as Held.
func (w *world) Register(context.Context, ...string) error { return nil }

func (w *world) Held(context.Context, string) (string, error) { return w.hold, nil }

func (w *world) Send(string, ...contracts.Answer) {}
func (w *world) Suspect(string)                   {}
func (w *world) Accepted()                        {}
func (w *world) Retried()                         {}
func (w *world) Claimed(contracts.AnswerType)     {}
func (w *world) Recorded(contracts.UpdateStatus)  {}
func (w *world) Refused(string)                   {}
func (w *world) Ended(contracts.Status)           {}
func (w *world) ok(err error)                     { w.t.Helper(); w.fail(err) }
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
	w.soldiers[id] = soldier
}

// meanwhile lets another commander, or a client, be faster than a write.
func (w *world) meanwhile() {
	if w.calm || rapid.IntRange(0, 4).Draw(w.t, "meanwhile") < 4 {
		return
	}
	w.rivals++
	w.calmly(func() {
		switch rapid.IntRange(0, 3).Draw(w.t, "what") {
		case 0:
			w.due()
		case 1:
			if len(w.ids) > 0 {
				w.cancel()
			}
		case 2:
			if len(w.orders) > 0 {
				w.claim()
			}
		case 3:
			if id := rapid.SampledFrom(w.sessions).Draw(w.t, "session"); !w.buried[id] {
				w.buryOne(id)
			}
		}
	})
}

func (w *world) calmly(do func()) {
	was := w.calm
	w.calm = true
	do()
	w.calm = was
}

func (w *world) fate() missiontest.Fate {
	if w.calm {
		return missiontest.Applied
	}
	switch rapid.IntRange(0, 11).Draw(w.t, "fate") {
	case 10:
		return missiontest.Lost
	case 11:
		return missiontest.Unanswered
	}
	return missiontest.Applied
}

// again tries until the store is not away.
func (w *world) again(try func() error) {
	for {
		err := try()
		if !errors.Is(err, store.ErrUnavailable) {
			w.ok(err)
			return
		}
	}
}

// submit has a client ask for a mission until it is answered. It uses a key, so there is one.
func (w *world) submit() {
	r := contracts.MissionRequest{Name: "m", ConcurrencyKey: w.anyKey(), MaxAttempts: rapid.IntRange(1, 3).Draw(w.t, "max attempts")}
	if seconds := rapid.IntRange(0, 100).Draw(w.t, "later"); seconds > 60 {
		at := contracts.At(w.now.Add(time.Duration(seconds) * time.Second))
		r.RunAt = &at
	}
	r.Normalize()
	w.made++
	key := &store.Idempotency{Key: fmt.Sprint(w.made), BodyHash: "body", TTL: time.Hour}
	w.again(func() error {
		m, err := w.service.Submit(context.Background(), r, key)
		if err == nil {
			w.ids = append(w.ids, m.MissionID)
		}
		return err
	})
}

// batch creates missions together; with a key that was used before it must get the missions of then.
func (w *world) batch() {
	rs := make([]contracts.MissionRequest, rapid.IntRange(1, 3).Draw(w.t, "missions"))
	for i := range rs {
		rs[i] = contracts.MissionRequest{Name: fmt.Sprint("batch ", i), ConcurrencyKey: w.anyKey(), MaxAttempts: rapid.IntRange(1, 3).Draw(w.t, "max attempts")}
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
	if len(again) != len(first) || len(w.orders) != orders || orders < len(first) && w.key == "" {
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
	w.end(w.tickets[exec])
}

// end sends a final of a grant.
func (w *world) end(k contracts.Ticket) {
	exec := k.Execution
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
	w.calm = true
	defer func() { w.calm = false }()
	res, err := w.service.Apply(context.Background(), []mission.Item{{By: by, Update: contracts.Update{
		Status: contracts.UpdateCompleted, MissionID: k.MissionID, Attempt: k.Attempt, Execution: k.Execution, Ticket: &k,
		MadeAt: contracts.At(w.now),
	}}})
	w.ok(err)
	if res[0].Refused == "" || w.load(k.MissionID).Mission.Status != before.Mission.Status {
		w.t.Fatalf("forged final was taken: %+v", res[0])
	}
}

// send delivers updates, in one message, until they are settled.
func (w *world) send(items ...mission.Item) {
	w.again(func() error {
		before, rivals := make([]contracts.Mission, len(items)), w.rivals
		for i, it := range items {
			before[i] = w.load(it.Update.MissionID).Mission
		}
		res, err := w.service.Apply(context.Background(), items)
		if err != nil {
			return err
		}
		if len(items) == 1 && rivals == w.rivals {
			w.checkAttempt(items[0], before[0])
		}
		for i, it := range items {
			w.answered(it, res[i].Answer)
		}
		return nil
	})
}

// checkAttempt: what belongs to an attempt before the current one moves nothing.
func (w *world) checkAttempt(it mission.Item, before contracts.Mission) {
	after := w.load(it.Update.MissionID).Mission
	if it.Update.Attempt < before.Attempt && (after.Status != before.Status || after.Run != before.Run || after.Attempt != before.Attempt) {
		w.t.Fatalf("%s of attempt %d moved %+v to %+v", it.Update.Status, it.Update.Attempt, before, after)
	}
}

func (w *world) answered(it mission.Item, a contracts.Answer) {
	switch u := it.Update; {
	case u.Status == contracts.UpdateInProgress && a.Type == contracts.AnswerGranted:
		w.granted(it, *a.Ticket)
	case u.Status == contracts.UpdateInProgress && a.Type == contracts.AnswerSessionDead:
		if !w.buried[it.By.Session] {
			w.t.Fatalf("the session %s lives, and is told otherwise", it.By.Session)
		}
	case u.Status == contracts.UpdateInProgress && u.Ticket != nil:
		if a.Type != "" && a.Type != contracts.AnswerStop {
			w.t.Fatalf("what was shown is answered %q", a.Type)
		}
	case u.Status == contracts.UpdateInProgress && a.Type != contracts.AnswerRefused:
		w.t.Fatalf("claim answered %q", a.Type)
	case u.Status.Final() && a.Type != contracts.AnswerRecorded:
		w.t.Fatalf("final answered %q: its soldier would send it for ever", a.Type)
	}
	if it.Update.Status.Final() {
		w.checkRecorded(it.Update)
	}
}

// checkRecorded: what a soldier is told to forget can't change anything any more.
func (w *world) checkRecorded(u contracts.Update) {
	rec := w.load(u.MissionID)
	if rec.Mission.Status == contracts.StatusInProgress && rec.Execution == u.Execution && rec.Mission.Run == u.Ticket.Run {
		w.t.Fatalf("recorded, and yet run %d of execution %s goes on", rec.Mission.Run, rec.Execution)
	}
}

// pack sends what was sent before once more, many updates in one message.
func (w *world) pack() {
	sent := slices.Concat(w.claims, w.finals)
	if len(sent) == 0 {
		w.t.Skip("nothing sent")
	}
	w.send(rapid.SliceOfN(rapid.SampledFrom(sent), 1, 8).Draw(w.t, "pack")...)
}

// noHandler tells an order back.
func (w *world) noHandler() {
	if len(w.orders) == 0 {
		w.t.Skip("no order")
	}
	o := rapid.SampledFrom(w.orders).Draw(w.t, "order")
	w.send(mission.Item{
		Update: contracts.Update{
			Status: contracts.UpdateNoHandler, MissionID: o.MissionID, Attempt: o.Attempt, MadeAt: contracts.At(w.now),
		},
		By: w.speaker(rapid.SampledFrom(w.sessions).Draw(w.t, "session")),
	})
}

// show shows an execution that has not ended, as its soldier does when a commander asks for it. It becomes the mission's only
// if its run is newer than all that the store knows.
func (w *world) show() {
	var running []string
	for exec, k := range w.tickets {
		if sent, ended := w.ends(k); sent == nil && !ended {
			running = append(running, exec)
		}
	}
	if len(running) == 0 {
		w.t.Skip("nothing runs")
	}
	slices.Sort(running)
	k := w.tickets[rapid.SampledFrom(running).Draw(w.t, "execution")]
	before := w.load(k.MissionID)
	w.calm = true
	w.send(mission.Item{
		Update: contracts.Update{
			Status: contracts.UpdateInProgress, MissionID: k.MissionID, Attempt: k.Attempt, Execution: k.Execution, Ticket: &k,
			MadeAt: contracts.At(w.now),
		},
		By: w.speaker(k.Session),
	})
	w.calm = false
	after := w.load(k.MissionID)
	b := before.Mission
	newer := k.Run > b.Run && k.Attempt == b.Attempt && !b.Status.Terminal() && !w.buried[k.Session]
	current := b.Status == contracts.StatusInProgress && before.Execution == k.Execution && b.Run == k.Run
	if is := after.Execution == k.Execution && after.Session == k.Session && after.Mission.Run == k.Run; is != (newer || current) {
		w.t.Fatalf("%+v was shown, and %+v became %+v", k, before, after)
	}
}

// renew renews a lease, naming some of what the session was ever granted as running and some as unrecorded.
func (w *world) renew() {
	id := rapid.SampledFrom(w.sessions).Draw(w.t, "session")
	r := contracts.Renewal{Session: id, SoldierID: w.soldiers[id]}
	named := map[string]bool{}
	for _, exec := range slices.Sorted(maps.Keys(w.tickets)) {
		k := w.tickets[exec]
		ref := contracts.ExecutionRef{MissionID: k.MissionID, Execution: exec, Run: k.Run}
		if k.Session != id {
			continue
		}
		switch rapid.IntRange(0, 2).Draw(w.t, "named") {
		case 1:
			r.Running, named[exec] = append(r.Running, ref), true
		case 2:
			r.Unrecorded, named[exec] = append(r.Unrecorded, ref), true
		}
	}
	reply, err := w.renewals.Extend(context.Background(), r)
	w.ok(err)
	if reply.Dead != w.buried[id] {
		w.t.Fatalf("session %s is dead: %v, it is told %v", id, w.buried[id], reply.Dead)
	}
	if reply.Dead {
		return
	}
	w.checkRenewal(r, reply, named)
}

// checkRenewal: each execution named as running is current, or is to be stopped; each named as unrecorded is current, or
// recorded; and each that the session holds unnamed is told.
func (w *world) checkRenewal(r contracts.Renewal, reply contracts.RenewalReply, named map[string]bool) {
	// One that the store has lost may still be recorded.
	current := func(ref contracts.ExecutionRef) bool {
		rec := w.load(ref.MissionID)
		return rec.Execution == ref.Execution && rec.Mission.Run == ref.Run ||
			ref.Run > rec.Mission.Run && !rec.Mission.Status.Terminal()
	}
	for _, ref := range r.Running {
		i := slices.IndexFunc(reply.Stop, func(s contracts.Stop) bool { return s.Execution == ref.Execution })
		want := contracts.StopReason("")
		switch {
		case !current(ref):
			want = contracts.StopSuperseded
		case w.load(ref.MissionID).Execution == ref.Execution && w.load(ref.MissionID).Mission.CancelRequested:
			want = contracts.StopCancelled
		}
		if (i >= 0) != (want != "") || i >= 0 && reply.Stop[i].Reason != want {
			w.t.Fatalf("%+v is to stop as %q; told %+v", ref, want, reply.Stop)
		}
	}
	for _, ref := range r.Running {
		m := w.load(ref.MissionID).Mission
		if slices.Contains(reply.Show, ref.Execution) != (ref.Run > m.Run && !m.Status.Terminal()) {
			w.t.Fatalf("%+v runs, asked to show %v; the store has %+v", ref, reply.Show, m)
		}
	}
	for _, ref := range r.Unrecorded {
		if slices.Contains(reply.Recorded, ref.Execution) == current(ref) {
			w.t.Fatalf("%+v is current: %v; recorded %v", ref, current(ref), reply.Recorded)
		}
	}
	var want, got []string
	for _, id := range w.ids {
		if rec := w.load(id); rec.Session == r.Session && !named[rec.Execution] {
			want = append(want, rec.Execution)
		}
	}
	for _, k := range reply.Unlisted {
		w.ok(k.Verify(ticketKey))
		got = append(got, k.Execution)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		w.t.Fatalf("the session holds %v without having named it, told %v", want, got)
	}
}

func (w *world) granted(it mission.Item, k contracts.Ticket) {
	w.ok(k.Verify(ticketKey))
	if k.Execution != it.Update.Execution || k.Session != it.By.Session || k.Attempt != it.Update.Attempt {
		w.t.Fatalf("claim %+v got the ticket %+v", it, k)
	}
	byRun := w.runs[k.MissionID]
	if byRun == nil {
		byRun = map[int64]string{}
		w.runs[k.MissionID] = byRun
	}
	if other, ok := byRun[k.Run]; ok && other != k.Execution && !w.torn[k.MissionID] {
		w.t.Fatalf("run %d of %s granted to %s and %s", k.Run, k.MissionID, other, k.Execution)
	}
	byRun[k.Run] = k.Execution
	w.tickets[k.Execution] = k
}

func (w *world) cancel() {
	if len(w.ids) == 0 {
		w.t.Skip("no mission")
	}
	id := rapid.SampledFrom(w.ids).Draw(w.t, "mission")
	w.again(func() error {
		m, err := w.service.Cancel(context.Background(), id)
		var state *mission.StateError
		switch {
		case asState(err, &state):
			return nil
		case err == nil && m.Status != contracts.StatusCancelled && !m.CancelRequested:
			w.t.Fatalf("cancelled, and yet %+v", m)
		}
		return err
	})
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
	if !w.store.Waits(m) && (len(w.orders) != orders+1 || w.orders[orders].Attempt != m.Attempt) {
		w.t.Fatalf("orders after the retry: %+v", w.orders[orders:])
	}
	delete(w.ended, id)
}

func (w *world) bury() {
	id := rapid.SampledFrom(w.sessions).Draw(w.t, "session")
	if w.buried[id] {
		w.t.Skip("dead already")
	}
	w.buryOne(id)
}

// buryOne is one try to declare a session dead, as the reaper makes it.
func (w *world) buryOne(id string) {
	ctx := context.Background()
	s, err := w.store.Session(ctx, id)
	w.ok(err)
	ids, err := w.store.SessionMissions(ctx, id)
	w.ok(err)
	recs, err := w.store.Load(ctx, ids...)
	w.ok(err)
	changes := w.service.Lost(recs)
	outcomes, err := w.store.Bury(ctx, id, s.RenewedAt, changes...)
	switch {
	case err == nil:
		w.service.Redispatch(changes, outcomes)
	case !errors.Is(err, store.ErrUnavailable) && !errors.Is(err, store.ErrSessionChanged):
		w.t.Fatal(err)
	}
	if s, err = w.store.Session(ctx, id); err == nil && s.State == store.SessionBuried && !w.buried[id] {
		w.buried[id] = true
		w.session("soldier-again")
	}
}

// life has a live session claim a mission that waits, and then finish it, hand it back, die, or go on.
func (w *world) life() {
	id := w.ids[rapid.IntRange(0, len(w.ids)-1).Draw(w.t, "mission")]
	rec := w.load(id)
	session := w.sessions[len(w.sessions)-1]
	if rec.Mission.Status != contracts.StatusQueued || w.buried[session] || w.store.Waits(rec.Mission) {
		w.t.Skip("nothing to do")
	}
	it := mission.Item{
		Update: contracts.Update{
			Status: contracts.UpdateInProgress, MissionID: id, Attempt: rec.Mission.Attempt, Execution: w.id('e'),
			MadeAt: contracts.At(w.now),
		},
		By: w.speaker(session),
	}
	w.claims = append(w.claims, it)
	w.send(it)
	switch k, granted := w.tickets[it.Update.Execution]; rapid.IntRange(0, 3).Draw(w.t, "end") {
	case 0, 1:
		if !w.buried[session] {
			w.buryOne(session)
		}
	case 2:
		if granted {
			w.end(k)
		}
	}
}

// forget has the store lose the last changes of a mission that has not ended.
func (w *world) forget() {
	id := w.ids[rapid.IntRange(0, len(w.ids)-1).Draw(w.t, "mission")]
	if len(w.past[id]) < 2 || w.load(id).Mission.Status.Terminal() {
		w.t.Skip("nothing to forget")
	}
	at := rapid.IntRange(0, len(w.past[id])-1).Draw(w.t, "back to")
	before := w.past[id][at]
	if before.Session != "" && w.buried[before.Session] {
		w.t.Skip("its session is dead: that would be forgotten, too")
	}
	w.past[id] = w.past[id][:at]
	w.torn[id] = true
	w.store.Forget(before, contracts.At(w.now.Add(contracts.DispatchHold)))
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
			outcomes, err := w.store.Commit(ctx, *d.Change)
			if err == nil && outcomes[0].Code == store.Applied && outcomes[0].Dispatch != 0 {
				w.Dispatch(d.Change.Record, outcomes[0].Dispatch)
			} else if err != nil && !errors.Is(err, store.ErrUnavailable) {
				w.t.Fatal(err)
			}
		case mission.DueLater:
		}
	}
}

func (w *world) load(id string) store.Record {
	recs, err := w.store.Load(context.Background(), id)
	w.ok(err)
	return recs[0]
}

// check is what must hold after each step, beside what the store checks at each change.
func (w *world) check() {
	w.store.Stranded(w.ids, func(m contracts.Mission) bool {
		return slices.ContainsFunc(w.orders, func(o contracts.Mission) bool {
			return o.MissionID == m.MissionID && o.Attempt == m.Attempt
		})
	})
	counts, err := w.store.Counts(context.Background())
	w.ok(err)
	var all int64
	for _, n := range counts.ByStatus {
		all += n
	}
	if int(all) != len(w.ids) {
		w.t.Fatalf("%d missions for %d requests", all, len(w.ids))
	}
	for _, id := range w.ids {
		rec := w.load(id)
		m := rec.Mission
		if !m.Status.Terminal() {
			w.past[id] = append(w.past[id], rec)
		}
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
		if was := w.seen[id]; !w.torn[id] && (m.Run < was.Run || m.Attempt < was.Attempt || m.Version < was.Version) {
			w.t.Fatalf("%s went back from %+v to %+v", id, was, m)
		}
		w.seen[id] = m
		if m.Attempt > m.MaxAttempts || m.Losses > contracts.MaxLosses {
			w.t.Fatalf("attempt %d of %d, %d losses", m.Attempt, m.MaxAttempts, m.Losses)
		}
		if !w.torn[id] {
			w.checkHistory(id)
		}
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
	w.hold = ""
	w.calm = true
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
	if w.store.Waits(rec.Mission) {
		return
	}
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
		if sent != nil && w.torn[id] {
			ended = true // recorded, and forgotten: its soldier can only hand it back
		} else if sent != nil {
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
		t.Repeat(w.steps())
		w.finish()
	})
}

func (w *world) steps() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"submit": func(*rapid.T) {
			if len(w.ids) < 3 {
				w.submit()
			}
		},
		"batch": func(*rapid.T) {
			if len(w.ids) < 3 {
				w.calmly(w.batch)
			}
		},
		"claim":        func(*rapid.T) { w.claim() },
		"repeat claim": func(*rapid.T) { w.repeatClaim() },
		"final":        func(*rapid.T) { w.final() },
		"life":         func(*rapid.T) { w.life() },
		"life 2":       func(*rapid.T) { w.life() },
		"forget":       func(*rapid.T) { w.forget() },
		"pack":         func(*rapid.T) { w.pack() },
		"no handler":   func(*rapid.T) { w.noHandler() },
		"renew":        func(*rapid.T) { w.renew() },
		"show":         func(*rapid.T) { w.show() },
		"forged":       func(*rapid.T) { w.forged() },
		"cancel":       func(*rapid.T) { w.cancel() },
		"retry":        func(*rapid.T) { w.calmly(w.retry) },
		"bury":         func(*rapid.T) { w.bury() },
		"due":          func(*rapid.T) { w.due() },
		"pause":        func(t *rapid.T) { w.hold = rapid.SampledFrom([]string{"", "it is paused"}).Draw(t, "hold") },
		"":             func(*rapid.T) { w.check() },
	}
}
