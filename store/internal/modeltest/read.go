package modeltest

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"pgregory.net/rapid"
)

// state compares what every step may change.
func (l *lockstep) state() {
	each(l, "Load", func(ctx context.Context, s store.Store, _ *peer) ([]store.Record, error) {
		return s.Load(ctx, l.ids...)
	}, nil)
	each(l, "Peek", func(ctx context.Context, s store.Store, _ *peer) ([]store.Record, error) {
		return s.Peek(ctx, l.ids...)
	}, nil)
	l.gated()
	l.walk()
	for _, p := range l.peers {
		id := rapid.SampledFrom(l.ids).Draw(l.T, "read")
		l.get(p, id)
		l.history(p, id)
		l.count(p)
		l.countSquads(p)
	}
}

// degraded tells whether an answer is the twin's, which only a store that can be cut off may give, and must while it is.
func (l *lockstep) degraded(what string, p *peer, source store.Source, err error) bool {
	l.Helper()
	degraded := source.Degraded || errors.Is(err, store.ErrNotInMemory)
	if degraded && p.Cut == nil || !degraded && p.away {
		l.Fatalf("%s: %s (cut off: %v) answers with source %+v, %v", what, p.Name, p.away, source, err)
	}
	return degraded
}

// show finds the version of a mission that a store shows: something that was true, and not older than what it showed
// before.
func (l *lockstep) show(what string, p *peer, id string, version int64) told {
	l.Helper()
	if version < p.seen[id] {
		l.Fatalf("%s: %s went back from version %d to %d of %s", what, p.Name, p.seen[id], version, id)
	}
	p.seen[id] = version
	i := slices.IndexFunc(l.missions[id], func(t told) bool { return t.record.Mission.Version == version })
	if i < 0 {
		l.Fatalf("%s: %s shows version %d of %s, which never was", what, p.Name, version, id)
	}
	return l.missions[id][i]
}

func (l *lockstep) get(p *peer, id string) {
	got, source, err := p.Store.Get(l.ctx, id)
	if !l.degraded("Get", p, source, err) {
		want, _, wantErr := l.model.Get(l.ctx, id)
		same(l, "Get", p, want, wantErr, got, err)
		if err == nil {
			p.seen[id] = got.Mission.Version
		}
		return
	}
	if errors.Is(err, store.ErrNotInMemory) {
		return
	}
	if err != nil {
		l.Fatalf("Get: %s: %v", p.Name, err)
	}
	want := l.show("Get", p, id, got.Mission.Version).record.Mission
	if source.PayloadOmitted {
		want.Payload = nil
	}
	if source.ResultOmitted {
		want.Result = nil
	}
	if d := diff(want, got.Mission); d != "" {
		l.Fatalf("Get: %s shows version %d otherwise than it was: -\n%s", p.Name, want.Version, d)
	}
}

func (l *lockstep) history(p *peer, id string) {
	got, err := p.Store.History(l.ctx, id)
	if !l.degraded("History", p, got.Source, err) {
		want, wantErr := l.model.History(l.ctx, id)
		same(l, "History", p, want, wantErr, got, err)
		return
	}
	if errors.Is(err, store.ErrNotInMemory) {
		return
	}
	if err != nil {
		l.Fatalf("History: %s: %v", p.Name, err)
	}
	shown, _, err := p.Store.Get(l.ctx, id)
	if err != nil {
		l.Fatalf("History: %s has it, and yet: %v", p.Name, err)
	}
	want := l.show("History", p, id, shown.Mission.Version).history
	if d := diff(want, got, cmpopts.IgnoreFields(store.History{}, "Source")); d != "" {
		l.Fatalf("History: %s shows that of version %d otherwise than it was: -\n%s", p.Name, shown.Mission.Version, d)
	}
}

func (l *lockstep) count(p *peer) {
	got, err := p.Store.Counts(l.ctx)
	if !l.degraded("Counts", p, got.Source, err) {
		want, wantErr := l.model.Counts(l.ctx)
		same(l, "Counts", p, want.ByStatus, wantErr, got.ByStatus, err)
		same(l, "Counts, the oldest", p, want.Oldest, wantErr, got.Oldest, err)
		return
	}
	if errors.Is(err, store.ErrNotInMemory) {
		return
	}
	if err != nil || !slices.ContainsFunc(l.counts, func(c map[contracts.Status]int64) bool { return maps.Equal(c, got.ByStatus) }) {
		l.Fatalf("Counts: %s says %v, %v, which never was", p.Name, got.ByStatus, err)
	}
}

func (l *lockstep) countSquads(p *peer) {
	got, err := p.Store.SquadCounts(l.ctx)
	if !l.degraded("SquadCounts", p, got.Source, err) {
		want, wantErr := l.model.SquadCounts(l.ctx)
		same(l, "SquadCounts", p, want, wantErr, got, err)
		return
	}
	if errors.Is(err, store.ErrNotInMemory) {
		return
	}
	if err != nil || !slices.ContainsFunc(l.squads, func(c map[string]store.Unended) bool { return maps.Equal(c, got.BySquad) }) {
		l.Fatalf("SquadCounts: %s says %v, %v, which never was", p.Name, got.BySquad, err)
	}
}

// walk compares the model's counts of squads with its missions.
func (l *lockstep) walk() {
	all, err := l.model.Load(l.ctx, l.ids...)
	if err != nil {
		l.Fatal(err)
	}
	want := map[string]store.Unended{}
	for _, r := range all {
		if n := want[r.Mission.Squad].With(r.Mission.Status, 1); n != (store.Unended{}) {
			want[r.Mission.Squad] = n
		}
	}
	got, err := l.model.SquadCounts(l.ctx)
	if d := diff(want, got.BySquad); err != nil || d != "" {
		l.Fatalf("SquadCounts of the model, %v: missions -, counts +\n%s", err, d)
	}
}

func (l *lockstep) list() {
	q := store.Query{
		Status: rapid.SampledFrom(append(contracts.Statuses(), "", "", "")).Draw(l.T, "status"),
		Kind:   rapid.SampledFrom([]string{"", "", "simulate", "resize", "none"}).Draw(l.T, "kind"),
		Squad:  rapid.SampledFrom([]string{"", "", "default", "gpu"}).Draw(l.T, "squad"),
		Search: rapid.SampledFrom(append([]string{"", "", "", "", "a", "AB", `"`, "<\\", "É", "é"}, l.ids[:2]...)).Draw(l.T, "search"),
		Limit:  rapid.IntRange(-1, 4).Draw(l.T, "limit"),
		Cursor: rapid.SampledFrom(append(slices.Clone(l.ids), "", "", "", "", "ffffffff-ffff-7fff-bfff-ffffffffffff", "x", "(x")).Draw(l.T, "cursor"),
	}
	if l.oneIn(3, "labelled") {
		q.Label = contracts.Label{
			Key:   rapid.SampledFrom([]string{"a", "b", "c"}).Draw(l.T, "label"),
			Value: rapid.SampledFrom([]string{"", "1", "x:y"}).Draw(l.T, "label value"),
		}
	}
	want, wantErr := pages(l.ctx, l.model, q)
	for _, p := range l.peers {
		got, err := pages(l.ctx, p.Store, q)
		if errors.Is(wantErr, store.ErrCursor) || !l.degraded("List", p, got.Source, err) {
			same(l, "List", p, want.Missions, wantErr, got.Missions, err)
			if err == nil && !got.Complete {
				l.Fatalf("List: %s says that there may be more", p.Name)
			}
			for _, m := range got.Missions {
				p.seen[m.MissionID] = m.Version
			}
			continue
		}
		l.listed(p, q, got, err)
	}
}

// listed checks a list of the twin's: each mission fits, is as it was, and what the twin has is not left out.
func (l *lockstep) listed(p *peer, q store.Query, got store.Page, err error) {
	if err != nil || got.Complete {
		l.Fatalf("List: %s is degraded, complete %v, %v", p.Name, got.Complete, err)
	}
	fits := func(m contracts.Mission) bool {
		return q.Fits(m) && (q.Cursor == "" || m.MissionID < q.Cursor)
	}
	var ids, want []string
	for _, m := range got.Missions {
		ids = append(ids, m.MissionID)
		was := l.show("List", p, m.MissionID, m.Version).record.Mission.Brief()
		if d := diff(was, m); d != "" || !fits(m) {
			l.Fatalf("List: %s shows version %d otherwise than it was, or does not filter: -\n%s", p.Name, m.Version, d)
		}
	}
	if !p.away {
		return // it may have come back meanwhile
	}
	// Memory may not have heard that a mission was removed.
	for _, id := range slices.Backward(slices.Sorted(slices.Values(slices.Concat(l.ids, l.gone)))) {
		if r, _, err := p.Store.Get(l.ctx, id); err == nil && fits(r.Mission) {
			want = append(want, id)
		}
	}
	if d := diff(want, ids); d != "" {
		l.Fatalf("List: %s has and lists: -\n%s", p.Name, d)
	}
}

// pages reads all pages, as one. Where one of them is degraded, all are.
func pages(ctx context.Context, s store.Store, q store.Query) (store.Page, error) {
	all := store.Page{Complete: true}
	for {
		page, err := s.List(ctx, q)
		all.Missions = append(all.Missions, page.Missions...)
		all.Complete = all.Complete && page.Complete
		all.Source.Degraded = all.Source.Degraded || page.Source.Degraded
		if err != nil || page.Next == "" {
			return all, err
		}
		q.Cursor = page.Next
	}
}

func (l *lockstep) readEvents() {
	after := rapid.SampledFrom(append([]string{"", "nonsense"}, l.read...)).Draw(l.T, "after")
	limit := rapid.IntRange(1, 20).Draw(l.T, "limit")
	known := map[string]bool{}
	for _, id := range l.read {
		known[id] = true
	}
	each(l, "ReadEvents", func(ctx context.Context, s store.Store, p *peer) ([]store.Event, error) {
		from := after
		if known[after] && p != nil {
			from = p.events[after]
		}
		return s.ReadEvents(ctx, from, limit, 0)
	}, func(p *peer, want, got []store.Event) {
		for i, e := range want {
			if !known[e.ID] {
				known[e.ID] = true
				l.read = append(l.read, e.ID)
			}
			if id, again := p.events[e.ID]; again && id != got[i].ID {
				l.Fatalf("ReadEvents: %s gives event %s the id %s, and then %s", p.Name, e.ID, id, got[i].ID)
			}
			p.events[e.ID] = got[i].ID
		}
	}, cmpopts.IgnoreFields(store.Event{}, "ID"))
	each(l, "events after LastEvent", func(ctx context.Context, s store.Store, _ *peer) ([]store.Event, error) {
		last, err := s.LastEvent(ctx)
		if err != nil {
			return nil, err
		}
		return s.ReadEvents(ctx, last, limit, 0)
	}, nil)
}

func (l *lockstep) sessions() {
	for _, id := range sessions() {
		each(l, "SessionMissions", func(ctx context.Context, s store.Store, _ *peer) ([]string, error) { return s.SessionMissions(ctx, id) }, nil)
		each(l, "Session", func(ctx context.Context, s store.Store, _ *peer) (store.Session, error) { return s.Session(ctx, id) }, nil, withoutTimes())
	}
	want, _, wantErr := l.model.ListSessions(l.ctx)
	for _, p := range l.peers {
		got, source, err := p.Store.ListSessions(l.ctx)
		if !l.degraded("ListSessions", p, source, err) {
			same(l, "ListSessions", p, want, wantErr, got, err, withoutTimes())
			continue
		}
		if errors.Is(err, store.ErrNotInMemory) {
			continue
		}
		was := func(fleet []store.Session) bool { return diff(fleet, got, withoutTimes()) == "" }
		if err != nil || !slices.ContainsFunc(l.fleets, was) {
			l.Fatalf("ListSessions: %s says %+v, %v, which never was", p.Name, got, err)
		}
	}
}
