// Package modeltest compares a store with memstore, the model: random sequences of operations must get the same answers
// from both.
//
// Times are kept out of the sequences where the two clocks could disagree: due entries lie an hour back or ahead, leases
// are an hour long or over at once.
package modeltest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
	"pgregory.net/rapid"
)

// Agree runs sequences against a store that newStore returns empty each time.
func Agree(t *testing.T, newStore func(t *testing.T) store.Store) {
	rapid.Check(t, func(r *rapid.T) {
		p := &pair{
			T: r, ctx: context.Background(), model: memstore.New(memstore.Config{}), tested: newStore(t),
			dispatches: map[int64]int64{}, events: map[string]string{}, renewed: map[string][2]store.Session{},
		}
		for range 6 {
			p.ids = append(p.ids, uuid.Must(uuid.NewV7()).String())
		}
		r.Repeat(map[string]func(*rapid.T){
			"":         func(r *rapid.T) { p.T = r; p.sameState() },
			"commit":   func(r *rapid.T) { p.T = r; p.commit() },
			"commit 2": func(r *rapid.T) { p.T = r; p.commit() },
			"create":   func(r *rapid.T) { p.T = r; p.createAll() },
			"take":     func(r *rapid.T) { p.T = r; p.take() },
			"clear":    func(r *rapid.T) { p.T = r; p.clear() },
			"renew":    func(r *rapid.T) { p.T = r; p.renew() },
			"bury":     func(r *rapid.T) { p.T = r; p.bury() },
			"list":     func(r *rapid.T) { p.T = r; p.list() },
			"events":   func(r *rapid.T) { p.T = r; p.readEvents() },
			"history":  func(r *rapid.T) { p.T = r; p.history() },
			"sessions": func(r *rapid.T) { p.T = r; p.sessions() },
		})
	})
}

// pair is the model and the tested store, after the same operations.
type pair struct {
	*rapid.T
	ctx           context.Context
	model, tested store.Store
	ids           []string
	// dispatches and events map what the model gave to what the tested store gave.
	dispatches map[int64]int64
	entries    []store.Due // of the model, as they were given
	events     map[string]string
	read       []string // ids of the model's events, as they were read
	renewed    map[string][2]store.Session
}

func sessions() []string { return []string{"one", "two", "three"} }

// same compares two answers, errors by what they are.
func same[T any](p *pair, what string, want T, wantErr error, got T, gotErr error, options ...cmp.Option) {
	p.Helper()
	for _, kind := range []error{
		store.ErrNotFound, store.ErrSessionDead, store.ErrSessionChanged, store.ErrEventsTrimmed, store.ErrCursor,
	} {
		if errors.Is(wantErr, kind) != errors.Is(gotErr, kind) {
			p.Fatalf("%s: the model says %v, the store %v", what, wantErr, gotErr)
		}
	}
	if (wantErr == nil) != (gotErr == nil) {
		p.Fatalf("%s: the model says %v, the store %v", what, wantErr, gotErr)
	}
	if d := cmp.Diff(want, got, append(options, cmpopts.EquateEmpty())...); d != "" {
		p.Fatalf("%s: the model is -, the store +\n%s", what, d)
	}
}

// change draws a change of a mission, from its version or a wrong one.
func (p *pair) change() store.Change {
	id := rapid.SampledFrom(p.ids).Draw(p.T, "mission")
	known, err := p.model.Load(p.ctx, id)
	if err != nil {
		p.Fatal(err)
	}
	c := store.Change{Record: known[0], IfVersion: known[0].Mission.Version}
	if rapid.IntRange(0, 9).Draw(p.T, "stale") == 0 {
		c.IfVersion = rapid.Int64Range(0, 5).Draw(p.T, "version")
	}
	m := &c.Record.Mission
	m.MissionID = id
	m.Status = rapid.SampledFrom(contracts.Statuses()).Draw(p.T, "status")
	if c.IfVersion == 0 {
		p.creation(m)
		if rapid.IntRange(0, 2).Draw(p.T, "keyed") == 0 {
			c.Idempotency = p.key()
		}
	}
	m.Progress = rapid.IntRange(0, 100).Draw(p.T, "progress")
	m.Result = []byte(rapid.SampledFrom([]string{"", "null", `"r"`}).Draw(p.T, "result"))
	c.Record.Session = rapid.SampledFrom(append(sessions(), "", "")).Draw(p.T, "session")
	c.IfSession = rapid.SampledFrom(append(sessions(), "", "", "")).Draw(p.T, "if session")
	c.Due = rapid.SampledFrom([]store.DueChange{store.DueKeep, store.DueSet, store.DueDrop}).Draw(p.T, "due")
	if c.Due == store.DueSet {
		// A minute apart, so that taken entries keep their order.
		minutes := rapid.IntRange(-100, -50).Draw(p.T, "due at")
		if rapid.Bool().Draw(p.T, "due later") {
			minutes = 60
		}
		c.DueAt = contracts.At(time.Now().Truncate(time.Hour).Add(time.Duration(minutes) * time.Minute))
	}
	for i := range rapid.SampledFrom([]int{0, 1, 1, 3, 90}).Draw(p.T, "lines") {
		c.History = append(c.History, contracts.HistoryLine{Status: m.Status, Message: fmt.Sprint(m.Progress, i)})
	}
	return c
}

// creation draws what a mission's creation fixes.
func (p *pair) creation(m *contracts.Mission) {
	m.Kind = rapid.SampledFrom([]string{"simulate", "resize"}).Draw(p.T, "kind")
	m.Squad = rapid.SampledFrom([]string{"default", "gpu"}).Draw(p.T, "squad")
	m.Priority = rapid.SampledFrom([]contracts.Priority{"low", "normal", "high"}).Draw(p.T, "priority")
	m.Name = rapid.OneOf(rapid.String(), rapid.StringMatching(`[abAB"<\\é]{1,3}`)).Draw(p.T, "name")
	for _, key := range rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b"}), 0, 2).Draw(p.T, "labels") {
		m.Labels = map[string]string{key: rapid.SampledFrom([]string{"", "1", "x:y"}).Draw(p.T, "value")}
	}
	m.Payload = []byte(rapid.SampledFrom([]string{"", "{}", `{"a":[1]}`}).Draw(p.T, "payload"))
	m.CreatedAt = contracts.FromMillis(rapid.Int64Range(0, 1<<42).Draw(p.T, "created"))
}

func (p *pair) commit() {
	changes := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) store.Change {
		before := p.T
		p.T = r
		defer func() { p.T = before }()
		return p.change()
	}), 1, 4).Draw(p.T, "changes")
	want, wantErr := p.model.Commit(p.ctx, changes...)
	got, gotErr := p.tested.Commit(p.ctx, changes...)
	p.sameOutcomes("Commit", changes, want, wantErr, got, gotErr)
}

func (p *pair) key() *store.Idempotency {
	return &store.Idempotency{
		Key: rapid.SampledFrom([]string{"k1", "k2"}).Draw(p.T, "key"), BodyHash: rapid.StringMatching(`[a-f]{0,4}`).Draw(p.T, "hash"),
		TTL: time.Hour,
	}
}

// createAll creates some missions together, of which some may be there already, or twice.
func (p *pair) createAll() {
	var changes []store.Change
	for range rapid.IntRange(1, 3).Draw(p.T, "missions") {
		c := p.change()
		p.creation(&c.Record.Mission)
		c.IfVersion, c.IfSession, c.Idempotency = 0, "", nil
		changes = append(changes, c)
	}
	var key *store.Idempotency
	if rapid.IntRange(0, 2).Draw(p.T, "keyed") == 0 {
		key = p.key()
	}
	want, wantErr := p.model.CreateAll(p.ctx, key, changes...)
	got, gotErr := p.tested.CreateAll(p.ctx, key, changes...)
	p.sameOutcomes("CreateAll", changes, want, wantErr, got, gotErr)
}

func (p *pair) sameOutcomes(what string, changes []store.Change, want []store.Outcome, wantErr error, got []store.Outcome, gotErr error) {
	same(p, what, want, wantErr, got, gotErr, cmpopts.IgnoreFields(store.Outcome{}, "Dispatch"))
	for i, o := range want {
		if (o.Dispatch == 0) != (got[i].Dispatch == 0) {
			p.Fatalf("%s: the model's dispatch is %d, the store's %d", what, o.Dispatch, got[i].Dispatch)
		}
		if o.Dispatch != 0 {
			p.gave(store.Due{MissionID: changes[i].Record.Mission.MissionID, Dispatch: o.Dispatch}, got[i].Dispatch)
		}
	}
}

func (p *pair) gave(model store.Due, tested int64) {
	p.entries = append(p.entries, model)
	p.dispatches[model.Dispatch] = tested
}

func (p *pair) take() {
	limit := rapid.IntRange(0, 4).Draw(p.T, "limit")
	hold := rapid.SampledFrom([]time.Duration{-time.Hour * 3, time.Hour}).Draw(p.T, "hold")
	want, wantErr := p.model.TakeDue(p.ctx, limit, hold)
	got, gotErr := p.tested.TakeDue(p.ctx, limit, hold)
	// Entries of the same moment come in the order of ids; those pushed on to the same millisecond in one store may not
	// be in the other, so these are dropped before the next take.
	same(p, "TakeDue", want, wantErr, got, gotErr, cmpopts.IgnoreFields(store.Due{}, "Dispatch"))
	for i, e := range want {
		p.gave(e, got[i].Dispatch)
	}
	if hold < 0 {
		same(p, "ClearDue", 0, p.model.ClearDue(p.ctx, want...), 0, p.tested.ClearDue(p.ctx, got...))
	}
}

func (p *pair) clear() {
	if len(p.entries) == 0 {
		return
	}
	chosen := rapid.SliceOfN(rapid.SampledFrom(p.entries), 1, 3).Draw(p.T, "entries")
	tested := make([]store.Due, len(chosen))
	for i, e := range chosen {
		tested[i] = store.Due{MissionID: e.MissionID, Dispatch: p.dispatches[e.Dispatch]}
	}
	same(p, "ClearDue", 0, p.model.ClearDue(p.ctx, chosen...), 0, p.tested.ClearDue(p.ctx, tested...))
}

func withoutTimes() cmp.Option {
	return cmpopts.IgnoreFields(store.Session{}, "StartedAt", "RenewedAt", "LeaseUntil")
}

func (p *pair) renew() {
	s := store.Session{
		ID: rapid.SampledFrom(sessions()).Draw(p.T, "session"), SoldierID: rapid.SampledFrom([]string{"a", "b"}).Draw(p.T, "soldier"),
		Slots: rapid.IntRange(1, 9).Draw(p.T, "slots"),
	}
	want, wantErr := p.model.Renew(p.ctx, s, time.Hour)
	got, gotErr := p.tested.Renew(p.ctx, s, time.Hour)
	same(p, "Renew", want, wantErr, got, gotErr, withoutTimes())
	if wantErr == nil {
		p.renewed[s.ID] = [2]store.Session{want, got}
	}
}

func (p *pair) bury() {
	id := rapid.SampledFrom(sessions()).Draw(p.T, "session")
	held, err := p.model.SessionMissions(p.ctx, id)
	if err != nil {
		p.Fatal(err)
	}
	if len(held) > 0 && rapid.IntRange(0, 4).Draw(p.T, "drop one") == 0 {
		held = held[1:]
	}
	known, err := p.model.Load(p.ctx, held...)
	if err != nil {
		p.Fatal(err)
	}
	var changes []store.Change
	for _, r := range known {
		c := store.Change{Record: r, IfVersion: r.Mission.Version, Due: store.DueSet, DueAt: contracts.At(time.Now().Add(time.Hour))}
		if rapid.IntRange(0, 9).Draw(p.T, "stale") == 0 {
			c.IfVersion++
		}
		c.Record.Mission.Status, c.Record.Session = contracts.StatusQueued, ""
		changes = append(changes, c)
	}
	last := p.renewed[id]
	want, wantErr := p.model.Bury(p.ctx, id, last[0].RenewedAt, changes...)
	got, gotErr := p.tested.Bury(p.ctx, id, last[1].RenewedAt, changes...)
	p.sameOutcomes("Bury", changes, want, wantErr, got, gotErr)
}

func (p *pair) list() {
	q := store.Query{
		Status: rapid.SampledFrom(append(contracts.Statuses(), "", "", "")).Draw(p.T, "status"),
		Kind:   rapid.SampledFrom([]string{"", "", "simulate", "resize"}).Draw(p.T, "kind"),
		Squad:  rapid.SampledFrom([]string{"", "", "default", "gpu"}).Draw(p.T, "squad"),
		Search: rapid.SampledFrom(append([]string{"", "", "", "a", "AB", `"`, "<\\", "É", "é"}, p.ids[:2]...)).Draw(p.T, "search"),
		Limit:  rapid.IntRange(1, 4).Draw(p.T, "limit"),
	}
	if rapid.IntRange(0, 2).Draw(p.T, "labelled") == 0 {
		q.Label = contracts.Label{
			Key:   rapid.SampledFrom([]string{"a", "b", "c"}).Draw(p.T, "label"),
			Value: rapid.SampledFrom([]string{"", "1", "x:y"}).Draw(p.T, "label value"),
		}
	}
	want, wantErr := pages(p.ctx, p.model, q)
	got, gotErr := pages(p.ctx, p.tested, q)
	same(p, "List", want, wantErr, got, gotErr)
}

func pages(ctx context.Context, s store.Store, q store.Query) ([]contracts.Mission, error) {
	var all []contracts.Mission
	for {
		page, err := s.List(ctx, q)
		if err != nil || page.Next == "" {
			return append(all, page.Missions...), err
		}
		all, q.Cursor = append(all, page.Missions...), page.Next
	}
}

func (p *pair) readEvents() {
	after := rapid.SampledFrom(append([]string{""}, p.read...)).Draw(p.T, "after")
	limit := rapid.IntRange(1, 20).Draw(p.T, "limit")
	want, wantErr := p.model.ReadEvents(p.ctx, after, limit, 0)
	got, gotErr := p.tested.ReadEvents(p.ctx, p.events[after], limit, 0)
	same(p, "ReadEvents", want, wantErr, got, gotErr, cmpopts.IgnoreFields(store.Event{}, "ID"))
	for i, e := range want {
		if _, known := p.events[e.ID]; !known {
			p.read = append(p.read, e.ID)
		}
		p.events[e.ID] = got[i].ID
	}
}

// sameState compares what every step may change.
func (p *pair) sameState() {
	want, wantErr := p.model.Load(p.ctx, p.ids...)
	got, gotErr := p.tested.Load(p.ctx, p.ids...)
	same(p, "Load", want, wantErr, got, gotErr)
	wantCounts, wantErr := p.model.Counts(p.ctx)
	gotCounts, gotErr := p.tested.Counts(p.ctx)
	same(p, "Counts", wantCounts.ByStatus, wantErr, gotCounts.ByStatus, gotErr)
}

func (p *pair) history() {
	id := rapid.SampledFrom(p.ids).Draw(p.T, "mission")
	want, wantErr := p.model.History(p.ctx, id)
	got, gotErr := p.tested.History(p.ctx, id)
	same(p, "History", want, wantErr, got, gotErr)
}

func (p *pair) sessions() {
	for _, id := range sessions() {
		want, wantErr := p.model.SessionMissions(p.ctx, id)
		got, gotErr := p.tested.SessionMissions(p.ctx, id)
		same(p, "SessionMissions", want, wantErr, got, gotErr)
		one, oneErr := p.model.Session(p.ctx, id)
		other, otherErr := p.tested.Session(p.ctx, id)
		same(p, "Session", one, oneErr, other, otherErr, withoutTimes())
	}
	want, _, wantErr := p.model.ListSessions(p.ctx)
	got, _, gotErr := p.tested.ListSessions(p.ctx)
	same(p, "ListSessions", want, wantErr, got, gotErr, withoutTimes())
}
