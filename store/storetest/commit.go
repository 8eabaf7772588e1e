package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

func commitTests() []test {
	return []test{
		{"a missing mission is the zero record, or ErrNotFound", func(t *tester) {
			there := t.apply(create(record(newID())))
			records, err := t.Load(t.ctx, newID(), there.Mission.MissionID, newID())
			t.must(err)
			if d := diff([]store.Record{{}, there, {}}, records); d != "" {
				t.Errorf("Load: %s", d)
			}
			if records, err := t.Load(t.ctx); err != nil || len(records) != 0 {
				t.Errorf("Load of nothing: %v, %v", records, err)
			}
			if _, _, err := t.Get(t.ctx, newID()); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("Get: %v, want ErrNotFound", err)
			}
			if _, err := t.History(t.ctx, newID()); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("History: %v, want ErrNotFound", err)
			}
		}},
		{"a commit of nothing does nothing", func(t *tester) {
			if outcomes, err := t.Commit(t.ctx); err != nil || len(outcomes) != 0 {
				t.Errorf("%v, %v", outcomes, err)
			}
		}},
		{"every field comes back", func(t *tester) {
			full := fullRecord(t.near(together))
			t.wantCode(create(full), store.Applied)
			full.Mission.Version = 1
			if d := diff(full, t.load(full.Mission.MissionID)); d != "" {
				t.Errorf("Load: %s", d)
			}
			got, source, err := t.Get(t.ctx, full.Mission.MissionID)
			t.must(err)
			if d := diff(full, got); d != "" || source.Degraded {
				t.Errorf("Get: %s, source %v", d, source)
			}
		}},
		{"a change replaces all but what creation fixed", func(t *tester) {
			first := fullRecord(t.near(together))
			t.wantCode(create(first), store.Applied)
			later := record(first.Mission.MissionID)
			later.Mission.Payload = []byte(`{"other":true}`)
			later.Mission.Kind, later.Mission.Squad, later.Mission.Name = "other", "other", "other"
			later.Mission.CreatedAt, later.Mission.Retry = contracts.At(time.UnixMilli(1)), nil
			later.Mission.UniqueKey, later.Mission.DeadlineAt = "other", contracts.At(time.UnixMilli(1))
			got := t.apply(store.Change{Record: later, IfVersion: 1})
			want, m := later, first.Mission
			want.Mission.Name, want.Mission.Kind, want.Mission.Squad, want.Mission.Priority = m.Name, m.Kind, m.Squad, m.Priority
			want.Mission.Labels, want.Mission.Payload, want.Mission.TimeoutSeconds = m.Labels, m.Payload, m.TimeoutSeconds
			want.Mission.Retry, want.Mission.CreatedAt, want.Mission.Version = m.Retry, m.CreatedAt, 2
			want.Mission.UniqueKey, want.Mission.DeadlineAt = m.UniqueKey, m.DeadlineAt
			if d := diff(want, got); d != "" {
				t.Error(d)
			}
			for _, q := range []store.Query{{Kind: "other", Limit: 10}, {Squad: "other", Limit: 10}} {
				if p, err := t.List(t.ctx, q); err != nil || len(p.Missions) != 0 {
					t.Errorf("List(%v): %v, %v", q, p.Missions, err)
				}
			}
		}},
		{"creating twice conflicts", func(t *tester) {
			c := create(record(newID()))
			t.wantCode(c, store.Applied)
			t.wantCode(c, store.Conflict)
			if v := t.load(c.Record.Mission.MissionID).Mission.Version; v != 1 {
				t.Errorf("version %d, want 1", v)
			}
		}},
		{"a stale or future version conflicts, and changes nothing", func(t *tester) {
			r := t.apply(create(record(newID())))
			newer := t.apply(next(r, toStatus(contracts.StatusInProgress)))
			t.wantCode(next(r, toStatus(contracts.StatusFailed)), store.Conflict)
			ahead := newer
			ahead.Mission.Version = 7
			c := next(ahead, toStatus(contracts.StatusFailed))
			c.Due, c.DueAt = store.DueSet, contracts.FromMillis(1)
			c.History = []contracts.HistoryLine{{Message: "never"}}
			t.wantCode(c, store.Conflict)
			t.wantCode(next(record(newID()), func(r *store.Record) {}), store.Applied)
			missing := record(newID())
			missing.Mission.Version = 1
			t.wantCode(next(missing, toStatus(contracts.StatusFailed)), store.Conflict)
			if d := diff(newer, t.load(r.Mission.MissionID)); d != "" {
				t.Error(d)
			}
			if taken, err := t.TakeDue(t.ctx, 10, time.Second); err != nil || len(taken) != 0 {
				t.Errorf("TakeDue: %v, %v", taken, err)
			}
			if h, err := t.History(t.ctx, r.Mission.MissionID); err != nil || len(h.Lines) != 0 {
				t.Errorf("History: %v, %v", h, err)
			}
		}},
		{"exactly one of many concurrent writers wins", func(t *tester) {
			r := t.apply(create(record(newID())))
			codes := make([]store.Code, 20)
			var all sync.WaitGroup
			for i := range codes {
				all.Go(func() {
					c := next(r, func(r *store.Record) { r.Mission.Progress = i + 1 })
					outcomes, err := t.Commit(t.ctx, c)
					if err != nil {
						t.Errorf("Commit: %v", err)
						return
					}
					codes[i] = outcomes[0].Code
				})
			}
			all.Wait()
			winners := 0
			for i, code := range codes {
				if code == store.Applied {
					winners++
					if got := t.load(r.Mission.MissionID).Mission; got.Progress != i+1 || got.Version != 2 {
						t.Errorf("progress %d, version %d; writer %d was told that it won", got.Progress, got.Version, i+1)
					}
				}
			}
			if winners != 1 {
				t.Errorf("%d writers won", winners)
			}
		}},
		{"values are copies", func(t *tester) {
			mine := fullRecord(t.near(together))
			t.wantCode(create(mine), store.Applied)
			id := mine.Mission.MissionID
			spoil := func(r store.Record) {
				r.Mission.Payload[2], r.Mission.Result[2] = 'X', 'X'
				r.Mission.Labels["team"] = "spoiled"
				r.Mission.Error.Code = "spoiled"
			}
			want := t.load(id)
			spoil(mine)
			spoil(t.load(id))
			got, _, err := t.Get(t.ctx, id)
			t.must(err)
			spoil(got)
			if p, err := t.List(t.ctx, store.Query{Limit: 10}); err == nil && len(p.Missions) == 1 {
				p.Missions[0].Labels["team"] = "spoiled"
			}
			if d := diff(want, t.load(id)); d != "" {
				t.Error(d)
			}
		}},
		{"many changes in one commit: each on its own, in order", func(t *tester) {
			var changes []store.Change
			var want []store.Code
			for range 100 {
				r := record(newID())
				changes = append(changes, create(r), create(r))
				want = append(want, store.Applied, store.Conflict)
				r.Mission.Version = 1
				changes = append(changes, next(r, toStatus(contracts.StatusInProgress)))
				want = append(want, store.Applied)
			}
			outcomes, err := t.Commit(t.ctx, changes...)
			t.must(err)
			var got []store.Code
			for _, o := range outcomes {
				got = append(got, o.Code)
			}
			if d := diff(want, got); d != "" {
				t.Error(d)
			}
			t.wantCounts(map[contracts.Status]int64{contracts.StatusInProgress: 100})
		}},
		{"large bodies come back whole", func(t *tester) {
			var changes []store.Change
			body := make([]byte, contracts.MaxPayloadSize)
			for i := range body {
				body[i] = 'x'
			}
			copy(body, `{"x":"`)
			copy(body[len(body)-2:], `"}`)
			for range 6 {
				r := record(newID())
				r.Mission.Payload, r.Mission.Result = body, body
				changes = append(changes, create(r))
			}
			outcomes, err := t.Commit(t.ctx, changes...)
			t.must(err)
			for i, o := range outcomes {
				got := t.load(changes[i].Record.Mission.MissionID)
				if o.Code != store.Applied || string(got.Mission.Payload) != string(body) || string(got.Mission.Result) != string(body) {
					t.Fatalf("change %d: outcome %v, %d and %d bytes", i, o, len(got.Mission.Payload), len(got.Mission.Result))
				}
			}
		}},
		{"changes of one mission in one commit leave what they would leave alone", func(t *tester) {
			s1, s2 := t.renew(newID()), t.renew(newID())
			past := contracts.At(t.now().Add(-time.Second))
			first := create(record(t.near(together)))
			first.Due, first.DueAt = store.DueSet, past
			id := first.Record.Mission.MissionID
			at := func(version int64, due store.DueChange, edit func(*store.Record)) store.Change {
				r := first.Record
				r.Mission.Version = version
				c := next(r, edit)
				c.Due, c.DueAt, c.History = due, past, []contracts.HistoryLine{{Message: fmt.Sprint("made of version ", version)}}
				return c
			}
			other := create(record(t.near(together)))
			other.Due, other.DueAt = store.DueSet, past
			outcomes, err := t.Commit(t.ctx, first, at(1, store.DueDrop, granted(s1.ID)), other, at(2, store.DueSet, toStatus(contracts.StatusQueued)),
				at(3, store.DueDrop, granted(s2.ID)), at(4, store.DueSet, toStatus(contracts.StatusQueued)))
			t.must(err)
			t.wantCounts(map[contracts.Status]int64{contracts.StatusQueued: 2})
			if p := t.page(store.Query{Limit: 10, Status: contracts.StatusQueued}); len(p.Missions) != 2 {
				t.Errorf("QUEUED: %v", p.Missions)
			}
			if p := t.page(store.Query{Limit: 10, Status: contracts.StatusInProgress}); len(p.Missions) != 0 {
				t.Errorf("IN_PROGRESS: %v", p.Missions)
			}
			for _, s := range []store.Session{s1, s2} {
				if held, err := t.SessionMissions(t.ctx, s.ID); err != nil || len(held) != 0 {
					t.Errorf("session holds %v, %v", held, err)
				}
			}
			if h, err := t.History(t.ctx, id); err != nil || len(h.Lines) != 4 || h.Lines[3].Message != "made of version 4" {
				t.Errorf("history %v, %v", h, err)
			}
			t.must(t.ClearDue(t.ctx, store.Due{MissionID: id, Dispatch: outcomes[0].Dispatch}, store.Due{MissionID: id, Dispatch: outcomes[3].Dispatch}))
			t.wantTaken(10, time.Hour, store.Due{MissionID: id}, store.Due{MissionID: other.Record.Mission.MissionID})
		}},
		{"each due entry of a commit has the dispatch that its outcome tells", func(t *tester) {
			taken := t.apply(create(record(t.near(together))))
			var changes []store.Change
			for i := range 150 {
				c := create(record(t.near(together)))
				if i%3 == 1 {
					c.Record.Mission.MissionID = taken.Mission.MissionID // a conflict
				}
				if i%5 != 2 {
					c.Due, c.DueAt = store.DueSet, contracts.At(t.now().Add(-time.Second))
				}
				changes = append(changes, c)
			}
			outcomes, err := t.Commit(t.ctx, changes...)
			t.must(err)
			var cleared, kept []store.Due
			var last int64
			for i, o := range outcomes {
				if has := i%3 != 1 && i%5 != 2; has != (o.Dispatch > 0) || has && o.Dispatch <= last {
					t.Fatalf("outcome %d: %+v after dispatch %d", i, o, last)
				}
				if o.Dispatch == 0 {
					continue
				}
				last = o.Dispatch
				if d := (store.Due{MissionID: changes[i].Record.Mission.MissionID, Dispatch: o.Dispatch}); i%2 == 0 {
					cleared = append(cleared, d)
				} else {
					kept = append(kept, d)
				}
			}
			t.must(t.ClearDue(t.ctx, cleared...))
			if got := t.take(1000, time.Hour); len(got) != len(kept) || len(kept) == 0 {
				t.Errorf("%d entries are left, want %d", len(got), len(kept))
			}
		}},
		{"bodies of any size come and go", func(t *tester) {
			body := func(n int) []byte { return []byte(`"` + strings.Repeat("x", n-2) + `"`) }
			for _, n := range []int{2, 511, 512, 513, 1 << 10, 5 << 10} {
				c := create(record(newID()))
				c.Record.Mission.Payload = body(n)
				r := t.apply(c)
				for _, m := range []int{2, 513, 600, 512, 5 << 10, 0, 513} {
					want := []byte(nil)
					if m > 0 {
						want = body(m)
					}
					r = t.apply(next(r, func(r *store.Record) { r.Mission.Result = want }))
					if string(r.Mission.Payload) != string(body(n)) || string(r.Mission.Result) != string(want) {
						t.Fatalf("payload of %d bytes and result of %d came back as %d and %d", n, m, len(r.Mission.Payload), len(r.Mission.Result))
					}
				}
			}
		}},
		{"a result that is gone is gone", func(t *tester) {
			r := t.apply(create(fullRecord(t.near(together))))
			r = t.apply(next(r, func(r *store.Record) { r.Mission.Result = nil }))
			if r.Mission.Result != nil {
				t.Errorf("result %s", r.Mission.Result)
			}
		}},
		{"IfSession: live passes, dead and unknown do not", func(t *tester) {
			live, dead := t.renew(newID()), t.renew(newID())
			_, err := t.Bury(t.ctx, dead.ID, dead.RenewedAt)
			t.must(err)
			r := t.apply(create(record(newID())))
			for _, id := range []string{dead.ID, newID()} {
				c := next(r, granted(id))
				c.IfSession = id
				t.wantCode(c, store.SessionDead)
			}
			c := next(r, granted(live.ID))
			c.IfSession = live.ID
			t.wantCode(c, store.Applied)
			t.wantCode(c, store.Conflict)
		}},
		{"an idempotency key gives the first mission again", func(t *tester) {
			first, second := t.near("key one"), t.near("key one")
			c := create(record(first))
			c.Idempotency = &store.Idempotency{Key: "key one", BodyHash: "hash 1", TTL: time.Hour}
			t.wantCode(c, store.Applied)
			for _, id := range []string{second, first} {
				again := create(record(id))
				again.Idempotency = &store.Idempotency{Key: "key one", BodyHash: "hash 2", TTL: time.Hour}
				want := store.Outcome{Code: store.Duplicate, Existing: store.Existing{MissionIDs: []string{first}, BodyHash: "hash 1"}}
				if d := diff(want, t.commit(again)); d != "" {
					t.Error(d)
				}
			}
			if v := t.load(second).Mission.Version; v != 0 {
				t.Error("the duplicate was created")
			}
			other := create(record(t.near("key two")))
			other.Idempotency = &store.Idempotency{Key: "key two", BodyHash: "hash 1", TTL: time.Hour}
			t.wantCode(other, store.Applied)
		}},
		{"a creation that does not happen leaves no key", func(t *tester) {
			r := t.apply(create(record(t.near("k"))))
			c := create(record(r.Mission.MissionID))
			c.Idempotency = &store.Idempotency{Key: "k", BodyHash: "h", TTL: time.Hour}
			t.wantCode(c, store.Conflict)
			c.Record.Mission.MissionID = t.near("k")
			t.wantCode(c, store.Applied)
		}},
		{"of concurrent creators with one key one wins", func(t *tester) {
			outcomes := make([]store.Outcome, 10)
			ids := make([]string, len(outcomes))
			var all sync.WaitGroup
			for i := range outcomes {
				ids[i] = t.near("k")
				all.Go(func() {
					c := create(record(ids[i]))
					c.Idempotency = &store.Idempotency{Key: "k", BodyHash: "h", TTL: time.Hour}
					o, err := t.Commit(t.ctx, c)
					if err != nil {
						t.Errorf("Commit: %v", err)
						return
					}
					outcomes[i] = o[0]
				})
			}
			all.Wait()
			winner := ""
			for i, o := range outcomes {
				if o.Code == store.Applied {
					if winner != "" {
						t.Error("two creators won")
					}
					winner = ids[i]
				}
			}
			for _, o := range outcomes {
				if o.Code == store.Duplicate && !slices.Equal(o.Existing.MissionIDs, []string{winner}) {
					t.Errorf("%v, but %s won", o, winner)
				}
			}
			t.wantCounts(map[contracts.Status]int64{contracts.StatusQueued: 1})
		}},
		{"an idempotency key is forgotten after its TTL", func(t *tester) {
			keyed := func() store.Change {
				c := create(record(t.near("k")))
				c.Idempotency = &store.Idempotency{Key: "k", BodyHash: "h", TTL: 20 * time.Millisecond}
				return c
			}
			t.wantCode(keyed(), store.Applied)
			t.awaitClock(t.now().Add(20 * time.Millisecond))
			t.wantCode(keyed(), store.Applied)
		}},
		{"a change that makes no sense is an error, and nothing is applied", func(t *tester) {
			good := create(record(newID()))
			for _, spoil := range []func(c *store.Change){
				func(c *store.Change) { c.Record.Mission.MissionID = "" },
				func(c *store.Change) { c.Record.Mission.Status = "LOST" },
				func(c *store.Change) { c.IfVersion = -1 },
				func(c *store.Change) { c.Due = store.DueSet },
				func(c *store.Change) { c.Idempotency = &store.Idempotency{Key: "k"} },
				func(c *store.Change) { c.Idempotency = &store.Idempotency{TTL: time.Hour} },
				func(c *store.Change) {
					c.IfVersion, c.Idempotency = 1, &store.Idempotency{Key: "k", TTL: time.Hour}
				},
			} {
				bad := create(record(newID()))
				spoil(&bad)
				if _, err := t.Commit(t.ctx, good, bad); err == nil || errors.Is(err, store.ErrUnavailable) {
					t.Errorf("%+v: %v, want an error that is not ErrUnavailable", bad, err)
				}
			}
			if v := t.load(good.Record.Mission.MissionID).Mission.Version; v != 0 {
				t.Error("the good change was applied")
			}
		}},
		{"counts follow every change", func(t *tester) {
			t.wantCounts(nil)
			a, b := t.apply(create(record(newID()))), t.apply(create(record(newID())))
			t.wantCounts(map[contracts.Status]int64{contracts.StatusQueued: 2})
			a = t.apply(next(a, toStatus(contracts.StatusInProgress)))
			b = t.apply(next(b, toStatus(contracts.StatusCancelled)))
			t.wantCounts(map[contracts.Status]int64{contracts.StatusInProgress: 1, contracts.StatusCancelled: 1})
			a = t.apply(next(a, func(r *store.Record) { r.Mission.Progress = 50 }))
			t.apply(next(a, toStatus(contracts.StatusCompleted)))
			t.apply(next(b, toStatus(contracts.StatusFailed)))
			t.wantCounts(map[contracts.Status]int64{contracts.StatusCompleted: 1, contracts.StatusFailed: 1})
		}},
		{"Check and Now answer", func(t *tester) {
			if _, err := t.Check(t.ctx); err != nil {
				t.Errorf("Check: %v", err)
			}
			if d := time.Since(t.now()).Abs(); d > time.Minute {
				t.Errorf("Now is %v off", d)
			}
		}},
		{"a cancelled context ends every call with its error", func(t *tester) {
			ctx, cancel := context.WithCancel(t.ctx)
			cancel()
			for name, call := range calls(ctx, t.Store) {
				if err := call(); !errors.Is(err, context.Canceled) {
					t.Errorf("%s: %v, want context.Canceled", name, err)
				}
			}
			t.wantCounts(nil)
		}},
	}
}

// wantCounts compares the counts; a status that is not named has none.
func (t *tester) wantCounts(want map[contracts.Status]int64) {
	t.Helper()
	full := map[contracts.Status]int64{}
	for _, s := range contracts.Statuses() {
		full[s] = want[s]
	}
	got, err := t.Counts(t.ctx)
	t.must(err)
	if d := diff(full, got.ByStatus); d != "" {
		t.Errorf("Counts: %s", d)
	}
}

// calls is one call of each method.
func calls(ctx context.Context, s store.Store) map[string]func() error {
	id := newID()
	return map[string]func() error{
		"Load":            func() error { _, err := s.Load(ctx, id); return err },
		"Peek":            func() error { _, err := s.Peek(ctx, id); return err },
		"Commit":          func() error { _, err := s.Commit(ctx, create(record(id))); return err },
		"CreateAll":       func() error { _, err := s.CreateAll(ctx, nil, create(record(id))); return err },
		"Get":             func() error { _, _, err := s.Get(ctx, id); return err },
		"List":            func() error { _, err := s.List(ctx, store.Query{Limit: 1}); return err },
		"History":         func() error { _, err := s.History(ctx, id); return err },
		"Counts":          func() error { _, err := s.Counts(ctx); return err },
		"TakeDue":         func() error { _, err := s.TakeDue(ctx, 1, time.Second); return err },
		"TakeDeadlines":   func() error { _, err := s.TakeDeadlines(ctx, 1, time.Second); return err },
		"ClearDue":        func() error { return s.ClearDue(ctx, store.Due{MissionID: id, Dispatch: 1}) },
		"Renew":           func() error { _, err := s.Renew(ctx, store.Session{ID: id}, time.Second); return err },
		"Session":         func() error { _, err := s.Session(ctx, id); return err },
		"ListSessions":    func() error { _, _, err := s.ListSessions(ctx); return err },
		"Expired":         func() error { _, err := s.Expired(ctx, 1); return err },
		"SessionMissions": func() error { _, err := s.SessionMissions(ctx, id); return err },
		"Bury":            func() error { _, err := s.Bury(ctx, id, contracts.FromMillis(1)); return err },
		"ReadEvents":      func() error { _, err := s.ReadEvents(ctx, "", 1, time.Second); return err },
		"LastEvent":       func() error { _, err := s.LastEvent(ctx); return err },
		"Now":             func() error { _, err := s.Now(ctx); return err },
		"Check":           func() error { _, err := s.Check(ctx); return err },
	}
}

// fullRecord returns a record in which no field is zero. Its id is made by near(together).
func fullRecord(id string) store.Record {
	at := func(s int64) contracts.Time { return contracts.FromMillis(1_700_000_000_123 + s*1000) }
	return store.Record{
		Mission: contracts.Mission{
			MissionID: id, Name: "name with \"quotes\", ünïcode and \u2028", Kind: "resize", Payload: []byte(`{"a": [1,2]}`),
			Priority: contracts.PriorityHigh, Squad: "gpu", Labels: map[string]string{"team": "a|b", "": "empty key"}, UniqueKey: together,
			Status: contracts.StatusInProgress, StatusReason: "no soldier", CancelRequested: true, Attempt: 2, MaxAttempts: 3,
			Run: 1 << 40, Losses: 4, TimeoutSeconds: 77, Retry: &contracts.Retry{DelaySeconds: 7, Factor: 2.25, MaxDelaySeconds: 604800}, Progress: 42, SoldierID: "soldier-1", Result: []byte(`{"b":null}`),
			Error:     &contracts.MissionError{Code: "odd", Message: fmt.Sprintf("line\n%c", 0x1F600)},
			CreatedAt: at(0), UpdatedAt: at(1), RunAt: at(2), DeadlineAt: at(5), StartedAt: at(3), FinishedAt: at(4), Version: 1,
		},
		Execution: "execution", Session: "session|with|bars", Recorded: "recorded", Dispatches: 5, Refusals: 6,
	}
}
