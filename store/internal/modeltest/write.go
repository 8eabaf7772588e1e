package modeltest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"pgregory.net/rapid"
)

func sessions() []string { return []string{"one", "two", "three"} }

// oneIn is true once in n times.
func (l *lockstep) oneIn(n int, label string) bool { return rapid.IntRange(1, n).Draw(l.T, label) == n }

// moment draws a time, or none.
func (l *lockstep) moment(label string) contracts.Time {
	return contracts.FromMillis(rapid.SampledFrom([]int64{0, 1, 1_700_000_000_000, 1_700_000_000_123, 1 << 42}).Draw(l.T, label))
}

// body draws a JSON text, at times a large one.
func (l *lockstep) body(label string, texts ...string) []byte {
	if l.oneIn(60, label+" is large") {
		return []byte(`{"a":"` + strings.Repeat("x", rapid.SampledFrom([]int{5 << 10, 250 << 10}).Draw(l.T, label+" size")) + `"}`)
	}
	return []byte(rapid.SampledFrom(texts).Draw(l.T, label))
}

// change draws a change, as one: a sequence that failed is easier to read so.
func (l *lockstep) change() store.Change {
	return rapid.Custom(func(inner *rapid.T) store.Change {
		outer := l.T
		defer func() { l.T = outer }()
		l.T = inner
		return l.anyChange()
	}).Draw(l.T, "change")
}

// anyChange draws a change of a mission, from its version or a wrong one.
func (l *lockstep) anyChange() store.Change {
	id := rapid.SampledFrom(l.ids).Draw(l.T, "mission")
	known, err := l.model.Load(l.ctx, id)
	if err != nil {
		l.Fatal(err)
	}
	c := store.Change{Record: known[0], IfVersion: known[0].Mission.Version}
	if l.oneIn(10, "stale") {
		c.IfVersion = rapid.Int64Range(0, 5).Draw(l.T, "version")
	}
	m := &c.Record.Mission
	m.MissionID = id
	m.Status = rapid.SampledFrom(contracts.Statuses()).Draw(l.T, "status")
	if c.IfVersion == 0 || l.oneIn(5, "tries to change what creation fixed") {
		l.creation(m)
	}
	if c.IfVersion == 0 && l.oneIn(3, "keyed") {
		c.Idempotency = l.key()
	}
	m.Progress = rapid.IntRange(0, 100).Draw(l.T, "progress")
	m.Result = l.body("result", "", "null", `"r"`)
	m.CancelRequested = rapid.Bool().Draw(l.T, "cancel requested")
	m.Attempt, m.MaxAttempts = rapid.IntRange(0, 3).Draw(l.T, "attempt"), 3
	m.Run += rapid.Int64Range(0, 1).Draw(l.T, "run")
	m.Losses = rapid.IntRange(0, 2).Draw(l.T, "losses")
	m.SoldierID = rapid.SampledFrom([]string{"", "a", "b"}).Draw(l.T, "soldier")
	m.StatusReason = rapid.SampledFrom([]string{"", "no handler"}).Draw(l.T, "reason")
	m.Error = rapid.SampledFrom([]*contracts.MissionError{nil, {Code: "failed", Message: "<&>\u2028"}}).Draw(l.T, "error")
	m.UpdatedAt, m.RunAt = l.moment("updated"), l.moment("run at")
	m.StartedAt, m.FinishedAt = l.moment("started"), l.moment("finished")
	r := &c.Record
	r.Session = rapid.SampledFrom(append(sessions(), "", "")).Draw(l.T, "session")
	r.Execution = rapid.SampledFrom([]string{"", "e1", "e2"}).Draw(l.T, "execution")
	r.Recorded = rapid.SampledFrom([]string{"", "e1", "e2"}).Draw(l.T, "recorded")
	r.Dispatches, r.Refusals = rapid.IntRange(0, 2).Draw(l.T, "dispatches"), rapid.IntRange(0, 2).Draw(l.T, "refusals")
	c.IfSession = rapid.SampledFrom(append(sessions(), "", "", "")).Draw(l.T, "if session")
	l.due(&c)
	for i := range rapid.SampledFrom([]int{0, 1, 1, 3, 90}).Draw(l.T, "lines") {
		c.History = append(c.History, contracts.HistoryLine{
			MadeAt: m.UpdatedAt, RecordedAt: m.StartedAt, Status: m.Status, Cause: contracts.CauseGranted, Attempt: m.Attempt,
			Run: m.Run, SoldierID: m.SoldierID, Message: fmt.Sprint(m.Progress, i), Refused: m.CancelRequested,
		})
	}
	return c
}

// creation draws what a mission's creation fixes.
func (l *lockstep) creation(m *contracts.Mission) {
	m.Kind = rapid.SampledFrom([]string{"simulate", "resize"}).Draw(l.T, "kind")
	m.Squad = rapid.SampledFrom([]string{"default", "gpu"}).Draw(l.T, "squad")
	m.Priority = rapid.SampledFrom([]contracts.Priority{"low", "normal", "high"}).Draw(l.T, "priority")
	m.Name = rapid.OneOf(rapid.String(), rapid.StringMatching(`[abAB"<\\é]{1,3}`)).Draw(l.T, "name")
	m.Labels = rapid.SampledFrom([]map[string]string{nil, {}, {"a": "1"}, {"a": "x:y", "b": ""}, {"b": "1", "ü\x00": "é"}}).Draw(l.T, "labels")
	m.Payload = l.body("payload", "", "{}", `{"a":[1]}`)
	m.TimeoutSeconds = rapid.SampledFrom([]int{0, 300}).Draw(l.T, "timeout")
	m.Retry = rapid.SampledFrom([]*contracts.Retry{nil, {Factor: 1}, {DelaySeconds: 86400, Factor: 1.07, MaxDelaySeconds: 604800}}).Draw(l.T, "retry")
	m.ConcurrencyKey = rapid.SampledFrom([]string{"", "", "a", "b"}).Draw(l.T, "concurrency key")
	m.CreatedAt = l.moment("created")
	m.UniqueKey = rapid.SampledFrom([]string{"", "", "u1", "u 2"}).Draw(l.T, "unique key")
	m.DeadlineAt = l.moment("deadline")
}

func (l *lockstep) key() *store.Idempotency {
	return &store.Idempotency{
		Key:      rapid.SampledFrom([]string{"k1", "k2", "a key: with | signs"}).Draw(l.T, "key"),
		BodyHash: rapid.StringMatching(`[a-f]{0,4}`).Draw(l.T, "hash"), TTL: time.Hour,
	}
}

// due draws what becomes of the due entry. Times are a minute apart, so that taken entries keep their order.
func (l *lockstep) due(c *store.Change) {
	c.Due = rapid.SampledFrom([]store.DueChange{store.DueKeep, store.DueSet, store.DueDrop}).Draw(l.T, "due")
	if c.Due == store.DueSet {
		minutes := rapid.IntRange(-100, -50).Draw(l.T, "due at")
		if rapid.Bool().Draw(l.T, "due later") {
			minutes = 180
		}
		c.DueAt = contracts.At(time.Now().Truncate(time.Hour).Add(time.Duration(minutes) * time.Minute))
	}
}

// changes draws some changes. At times they are made over and over, each from what the one before made, so that there are
// more than one call to Redis takes.
func (l *lockstep) changes() []store.Change {
	var all []store.Change
	for range rapid.IntRange(1, 6).Draw(l.T, "changes") {
		all = append(all, l.change())
	}
	if !l.oneIn(25, "over and over") {
		return all
	}
	once := slices.Clone(all)
	for i := range once {
		once[i].Record.Mission.Result, once[i].Idempotency = nil, nil
	}
	for n := range int64(30) {
		for _, c := range once {
			c.IfVersion += n + 1
			all = append(all, c)
		}
	}
	return all
}

// commit commits changes. The model gets them one by one: that is what a Commit of many means.
func (l *lockstep) commit() {
	changes := l.changes()
	each(l, "Commit", func(ctx context.Context, s store.Store, p *peer) ([]store.Outcome, error) {
		if p != nil {
			outcomes, err := s.Commit(ctx, changes...)
			p.wrote(s, changes, outcomes)
			return outcomes, err
		}
		var all []store.Outcome
		for _, c := range changes {
			outcomes, err := s.Commit(ctx, c)
			if err != nil {
				return nil, err
			}
			all = append(all, outcomes...)
			l.note(c.Record.Mission.MissionID)
		}
		return all, nil
	}, l.outcomes("Commit", changes), withoutDispatch())
}

// createAll creates some missions together, of which some may be there already, or twice.
func (l *lockstep) createAll() {
	var changes []store.Change
	for range rapid.IntRange(1, 3).Draw(l.T, "missions") {
		c := l.change()
		l.creation(&c.Record.Mission)
		c.IfVersion, c.IfSession, c.Idempotency = 0, "", nil
		changes = append(changes, c)
	}
	var key *store.Idempotency
	if l.oneIn(3, "keyed") {
		key = l.key()
	}
	each(l, "CreateAll", func(ctx context.Context, s store.Store, p *peer) ([]store.Outcome, error) {
		outcomes, err := s.CreateAll(ctx, key, changes...)
		if p != nil {
			p.wrote(s, changes, outcomes)
			return outcomes, err
		}
		for _, c := range changes {
			l.note(c.Record.Mission.MissionID)
		}
		return outcomes, err
	}, l.outcomes("CreateAll", changes), withoutDispatch())
}

// wrote notes what a store has written itself: it never shows anything older.
func (p *peer) wrote(s store.Store, changes []store.Change, outcomes []store.Outcome) {
	if s != p.Store {
		return
	}
	for i, o := range outcomes {
		if o.Code == store.Applied {
			id := changes[i].Record.Mission.MissionID
			p.seen[id] = max(p.seen[id], changes[i].Version())
		}
	}
}

// withoutDispatch leaves out what is each store's own, or a whole call's.
func withoutDispatch() cmp.Option {
	return cmpopts.IgnoreFields(store.Outcome{}, "Dispatch", "Admitted")
}

// outcomes compares which changes wrote a due entry, and notes the entries.
func (l *lockstep) outcomes(what string, changes []store.Change) func(p *peer, want, got []store.Outcome) {
	noted := false
	return func(p *peer, want, got []store.Outcome) {
		for i, o := range want {
			if (o.Dispatch == 0) != (got[i].Dispatch == 0) {
				l.Fatalf("%s: the model's dispatch is %d, that of %s %d", what, o.Dispatch, p.Name, got[i].Dispatch)
			}
			if o.Dispatch == 0 {
				continue
			}
			if !noted {
				l.entries = append(l.entries, store.Due{MissionID: changes[i].Record.Mission.MissionID, Dispatch: o.Dispatch})
			}
			p.dispatches[o.Dispatch] = got[i].Dispatch
		}
		noted = true
	}
}

// note remembers a mission as it is now, and the counts.
func (l *lockstep) note(id string) {
	known, err := l.model.Load(l.ctx, id)
	if err != nil {
		l.Fatal(err)
	}
	versions := l.missions[id]
	if v := known[0].Mission.Version; v == 0 || len(versions) > 0 && versions[len(versions)-1].record.Mission.Version == v {
		return
	}
	h, err := l.model.History(l.ctx, id)
	if err != nil {
		l.Fatal(err)
	}
	l.missions[id] = append(versions, told{known[0], h})
	l.noteCounts()
}

func (l *lockstep) noteCounts() {
	c, err := l.model.Counts(l.ctx)
	if err != nil {
		l.Fatal(err)
	}
	if n := len(l.counts); n == 0 || !maps.Equal(l.counts[n-1], c.ByStatus) {
		l.counts = append(l.counts, c.ByStatus)
	}
	squads, err := l.model.SquadCounts(l.ctx)
	if err != nil {
		l.Fatal(err)
	}
	if n := len(l.squads); n == 0 || !maps.Equal(l.squads[n-1], squads.BySquad) {
		l.squads = append(l.squads, squads.BySquad)
	}
}

func (l *lockstep) noteFleet() {
	fleet, _, err := l.model.ListSessions(l.ctx)
	if err != nil {
		l.Fatal(err)
	}
	l.fleets = append(l.fleets, fleet)
}

// illegal tries changes of which one is a mistake of the caller: nothing is applied.
func (l *lockstep) illegal() {
	changes := l.changes()
	c := &changes[rapid.IntRange(0, len(changes)-1).Draw(l.T, "which")]
	key := &store.Idempotency{Key: "k1", TTL: time.Hour}
	switch rapid.IntRange(0, 6).Draw(l.T, "mistake") {
	case 0:
		c.Record.Mission.MissionID = ""
	case 1:
		c.Record.Mission.Status = "LOST"
	case 2:
		c.IfVersion = -1
	case 3:
		c.Due, c.DueAt = store.DueSet, contracts.Time{}
	case 4:
		c.IfVersion, c.Idempotency = 1, key
	case 5:
		key.Key = ""
		c.IfVersion, c.Idempotency = 0, key
	case 6:
		key.TTL = time.Microsecond
		c.IfVersion, c.Idempotency = 0, key
	}
	try := func(ctx context.Context, s store.Store, _ *peer) (string, error) {
		_, err := s.Commit(ctx, changes...)
		_, buryErr := s.Bury(ctx, "one", contracts.Time{}, changes...)
		if err == nil || buryErr == nil {
			return "", nil
		}
		return err.Error() + buryErr.Error(), err
	}
	each(l, "illegal Commit", try, nil)
	if text, err := try(l.ctx, l.model, nil); err == nil {
		l.Fatalf("illegal Commit: %s, %v", text, err)
	}
}

func (l *lockstep) take() {
	limit := rapid.IntRange(1, 4).Draw(l.T, "limit")
	hold := rapid.SampledFrom([]time.Duration{-time.Hour * 3, time.Hour}).Draw(l.T, "hold")
	first := true
	// Entries of the same moment come in the order of ids; those pushed on to the same millisecond in one store may not
	// be in the other, so these are dropped before the next take.
	each(l, "TakeDue", func(ctx context.Context, s store.Store, _ *peer) ([]store.Due, error) {
		taken, err := s.TakeDue(ctx, limit, hold)
		if err == nil && hold < 0 {
			err = s.ClearDue(ctx, taken...)
		}
		return taken, err
	}, func(p *peer, want, got []store.Due) {
		for i, e := range want {
			if first {
				l.entries = append(l.entries, e)
			}
			p.dispatches[e.Dispatch] = got[i].Dispatch
		}
		first = false
	}, cmpopts.IgnoreFields(store.Due{}, "Dispatch"))
}

// deadlines takes those that are past, for longer than a sequence lasts.
func (l *lockstep) deadlines() {
	limit := rapid.IntRange(1, 4).Draw(l.T, "limit")
	each(l, "TakeDeadlines", func(ctx context.Context, s store.Store, _ *peer) ([]string, error) {
		return s.TakeDeadlines(ctx, limit, time.Hour)
	}, nil)
}

// clear clears entries that were given at some time, at times under another mission's number.
func (l *lockstep) clear() {
	if len(l.entries) == 0 {
		return
	}
	chosen := rapid.SliceOfN(rapid.SampledFrom(l.entries), 1, 3).Draw(l.T, "entries")
	if l.oneIn(4, "mixed up") {
		chosen[0].MissionID = rapid.SampledFrom(l.ids).Draw(l.T, "mission")
	}
	for i := range chosen {
		chosen[i].Shelf = rapid.SampledFrom(append(shelves(), "")).Draw(l.T, "shelf")
	}
	each(l, "ClearDue", func(ctx context.Context, s store.Store, p *peer) (struct{}, error) {
		entries := slices.Clone(chosen)
		if p != nil {
			for i := range entries {
				entries[i].Dispatch = p.dispatches[entries[i].Dispatch]
			}
		}
		return struct{}{}, s.ClearDue(ctx, entries...)
	}, nil)
}

func shelves() []string { return []string{"sent", "waiting"} }

// shelved compares what lies on the shelves. Those of the same millisecond in one store may not be in another.
func (l *lockstep) shelved() {
	for _, shelf := range shelves() {
		each(l, "Shelved", func(ctx context.Context, s store.Store, _ *peer) ([]string, error) {
			ids, err := s.Shelved(ctx, shelf, contracts.At(time.Now().Add(time.Hour)), 100)
			slices.Sort(ids)
			return ids, err
		}, nil)
	}
}

// unshelve takes all off a shelf. The entries lie half an hour back, so that they come last of those that are due, and in
// the order of ids, one by one.
func (l *lockstep) unshelve() {
	shelf := rapid.SampledFrom(shelves()).Draw(l.T, "shelf")
	at := contracts.At(time.Now().Truncate(time.Hour).Add(-30 * time.Minute))
	each(l, "Unshelve", func(ctx context.Context, s store.Store, _ *peer) (int, error) {
		return s.Unshelve(ctx, shelf, contracts.At(time.Now().Add(time.Hour)), 100, at)
	}, nil)
}

func (l *lockstep) brokerID() {
	ids := []string{"", "a", "b"}
	old, next := rapid.SampledFrom(ids).Draw(l.T, "old"), rapid.SampledFrom(ids).Draw(l.T, "next")
	each(l, "SwapBrokerID", func(ctx context.Context, s store.Store, _ *peer) (bool, error) {
		return s.SwapBrokerID(ctx, old, next)
	}, nil)
	each(l, "BrokerID", func(ctx context.Context, s store.Store, _ *peer) (string, error) { return s.BrokerID(ctx) }, nil)
}

// documents are changed by the versions that each store gave: those are each store's own.
func (l *lockstep) document() {
	name := rapid.SampledFrom([]string{"a", "b"}).Draw(l.T, "name")
	body := rapid.SliceOfN(rapid.Byte(), 0, 9).Draw(l.T, "body")
	stale, remove := rapid.Bool().Draw(l.T, "stale"), rapid.Bool().Draw(l.T, "remove")
	each(l, "PutDocument", func(ctx context.Context, s store.Store, _ *peer) (bool, error) {
		d, err := s.Document(ctx, "plans", name)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return false, err
		}
		if stale {
			d.Version++
		}
		if remove {
			err = s.DeleteDocument(ctx, "plans", name, d.Version)
		} else {
			_, err = s.PutDocument(ctx, "plans", store.Document{Name: name, Version: d.Version, Body: body})
		}
		return err == nil, err
	}, nil)
	each(l, "Document", func(ctx context.Context, s store.Store, _ *peer) (string, error) {
		d, err := s.Document(ctx, "plans", name)
		return string(d.Body), err
	}, nil)
}

func withoutTimes() cmp.Option {
	return cmpopts.IgnoreFields(store.Session{}, "StartedAt", "RenewedAt", "LeaseUntil")
}

func (l *lockstep) renew() {
	next := store.Session{
		ID:        rapid.SampledFrom(append(sessions(), sessions()[0])).Draw(l.T, "session"),
		SoldierID: rapid.SampledFrom([]string{"a", "b"}).Draw(l.T, "soldier"), Slots: rapid.IntRange(1, 9).Draw(l.T, "slots"),
		Squads: rapid.SampledFrom([][]string{nil, {"default"}, {"gpu", "default"}}).Draw(l.T, "squads"),
		Kinds:  rapid.SampledFrom([][]string{nil, {"simulate"}}).Draw(l.T, "kinds"),
		Inbox:  rapid.SampledFrom([]string{"", "amq.gen-1", "amq.gen-2"}).Draw(l.T, "inbox"), Version: "v1",
		Seq: rapid.Int64Range(0, 4).Draw(l.T, "seq"),
	}
	if rapid.Bool().Draw(l.T, "running") {
		next.Running = []contracts.ExecutionRef{{MissionID: l.ids[0], Execution: "e1", Run: 1}}
	}
	lease := rapid.SampledFrom([]time.Duration{time.Hour, time.Hour, -time.Hour}).Draw(l.T, "lease")
	each(l, "Renew", func(ctx context.Context, s store.Store, p *peer) (store.Session, error) {
		got, err := s.Renew(ctx, next, lease)
		if p != nil && err == nil {
			before, again := p.renewed[next.ID]
			if again && (!before.RenewedAt.Before(got.RenewedAt.Time) || !before.StartedAt.Equal(got.StartedAt.Time)) {
				l.Fatalf("Renew: %s went from %+v to %+v", p.Name, before, got)
			}
			p.renewed[next.ID] = got
		}
		return got, err
	}, nil, withoutTimes())
	l.noteFleet()
}

func (l *lockstep) drain() {
	id := rapid.SampledFrom(sessions()).Draw(l.T, "session")
	each(l, "Drain", func(ctx context.Context, s store.Store, _ *peer) (store.Session, error) { return s.Drain(ctx, id) }, nil, withoutTimes())
	l.noteFleet()
}

func (l *lockstep) expired() {
	each(l, "Expired", func(ctx context.Context, s store.Store, _ *peer) ([]store.Session, error) {
		list, err := s.Expired(ctx, 100)
		// Those of the same millisecond in one store may not be in another.
		slices.SortFunc(list, func(a, b store.Session) int { return strings.Compare(a.ID, b.ID) })
		return list, err
	}, nil, withoutTimes())
	limit := rapid.IntRange(1, 2).Draw(l.T, "limit")
	each(l, "Expired", func(ctx context.Context, s store.Store, _ *peer) (int, error) {
		list, err := s.Expired(ctx, limit)
		return len(list), err
	}, nil)
}

// bury buries a session with changes for its missions, and at times not quite for those, or from a picture that is old.
func (l *lockstep) bury() {
	id := rapid.SampledFrom(sessions()).Draw(l.T, "session")
	held, err := l.model.SessionMissions(l.ctx, id)
	if err != nil {
		l.Fatal(err)
	}
	switch n := rapid.IntRange(0, 11).Draw(l.T, "held"); {
	case n == 0 && len(held) > 0:
		held = held[1:]
	case n == 1 && len(held) > 0:
		held = append(held, held[0])
	case n == 2:
		held = append(held, rapid.SampledFrom(l.ids).Draw(l.T, "another"))
	}
	known, err := l.model.Load(l.ctx, held...)
	if err != nil {
		l.Fatal(err)
	}
	var changes []store.Change
	for i, r := range known {
		c := store.Change{Record: r, IfVersion: r.Mission.Version}
		c.Record.Mission.MissionID = held[i]
		if l.oneIn(10, "stale") {
			c.IfVersion++
		}
		if l.oneIn(10, "asks for a session") {
			c.IfSession = id
		}
		c.Record.Mission.Status, c.Record.Session = contracts.StatusQueued, ""
		l.due(&c)
		changes = append(changes, c)
	}
	unrenewed := l.oneIn(6, "looked at before the last renewal")
	before, err := l.model.Session(l.ctx, id)
	found := err == nil
	each(l, "Bury", func(ctx context.Context, s store.Store, p *peer) ([]store.Outcome, error) {
		at := before.RenewedAt
		if p != nil {
			at = p.renewed[id].RenewedAt
		}
		if unrenewed && found {
			at = contracts.At(at.Add(-time.Millisecond))
		}
		outcomes, err := s.Bury(ctx, id, at, changes...)
		if p != nil {
			p.wrote(s, changes, outcomes)
		} else {
			for _, c := range changes {
				l.note(c.Record.Mission.MissionID)
			}
			l.noteFleet()
		}
		return outcomes, err
	}, l.outcomes("Bury", changes), withoutDispatch())
}
