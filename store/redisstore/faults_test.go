package redisstore_test

import (
	"context"
	"errors"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/redisserver"
	"github.com/mission-control-dev/mission-control/store/redisserver/redistest"
	"github.com/mission-control-dev/mission-control/store/redisstore"
)

func newMission() store.Change {
	return store.Change{Record: store.Record{Mission: contracts.Mission{
		MissionID: uuid.Must(uuid.NewV7()).String(), Name: "a mission", Kind: "simulate", Squad: "default",
		Priority: contracts.PriorityNormal, Status: contracts.StatusQueued, Attempt: 1, MaxAttempts: 1, TimeoutSeconds: 300,
		Payload: []byte(`{}`), CreatedAt: contracts.At(time.Now()), UpdatedAt: contracts.At(time.Now()),
	}}, Due: store.DueSet, DueAt: contracts.At(time.Now()), History: []contracts.HistoryLine{{Status: contracts.StatusQueued}}}
}

// commit commits one change within a time that no healthy machine needs.
func commit(t testing.TB, s store.Store, c store.Change) (store.Outcome, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	outcomes, err := s.Commit(ctx, c)
	if err != nil {
		return store.Outcome{}, err
	}
	return outcomes[0], nil
}

// await looks until something is so, for half a minute.
func await(t testing.TB, what string, is func() bool) {
	t.Helper()
	late := time.After(30 * time.Second)
	for !is() {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-late:
			t.Fatalf("waited half a minute for: %s", what)
		}
	}
}

func works(t testing.TB, s store.Store) func() bool {
	return func() bool {
		o, err := commit(t, s, newMission())
		if err != nil && !errors.Is(err, store.ErrUnavailable) {
			t.Fatalf("Commit: %v", err)
		}
		return err == nil && o.Code == store.Applied
	}
}

func stop(t testing.TB, server *redisserver.Server) {
	t.Helper()
	if err := server.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func restart(t testing.TB, server *redisserver.Server) {
	t.Helper()
	if err := server.Restart(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func TestRedisMayComeLaterAndGoAndComeBack(t *testing.T) {
	server := redistest.Start(t)
	stop(t, server)
	s := start(t, redisstore.Config{URL: server.URL()})
	for range 3 {
		began := time.Now()
		_, err := commit(t, s, newMission())
		if !errors.Is(err, store.ErrUnavailable) {
			t.Fatalf("without Redis: %v, want ErrUnavailable", err)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("without Redis a commit took %v", took)
		}
	}
	for range 3 {
		restart(t, server)
		await(t, "redis is back", works(t, s))
		if err := server.Kill(); err != nil {
			t.Fatal(err)
		}
		if _, err := commit(t, s, newMission()); !errors.Is(err, store.ErrUnavailable) {
			t.Fatalf("after a kill: %v, want ErrUnavailable", err)
		}
	}
}

func TestBeforeStartAndAfterStop(t *testing.T) {
	s, err := redisstore.New(redisstore.Config{URL: "redis://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if _, err := s.Now(ctx); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("before Start: %v", err)
	}
	for range 2 {
		if err := s.Start(ctx); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := s.Stop(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Now(ctx); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("after Stop: %v", err)
	}
}

func TestAWrongURLIsNamedAndItsPasswordIsNot(t *testing.T) {
	for _, url := range []string{"", "http://:secret@localhost", "redis://:secret@localhost/x", "redis://:secret@local host", "redis://:sec%ret@localhost"} {
		_, err := redisstore.New(redisstore.Config{URL: url})
		if err == nil || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "sec%ret") || !strings.Contains(err.Error(), "redis://") {
			t.Errorf("%q: %v", url, err)
		}
	}
}

func TestAPausedRedisMakesCallsFailInTimeAndNotPileUp(t *testing.T) {
	server := redistest.Start(t)
	s := start(t, redisstore.Config{URL: server.URL(), Timeout: 500 * time.Millisecond})
	await(t, "redis is there", works(t, s))
	last, err := s.LastEvent(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	if err := server.Pause(); err != nil {
		t.Fatal(err)
	}
	const callers = 1000
	var all sync.WaitGroup
	changes := make([]store.Change, callers)
	for i := range changes {
		changes[i] = newMission()
		all.Go(func() {
			began := time.Now()
			var err error
			if i%2 == 0 {
				_, err = s.Commit(context.Background(), changes[i])
			} else {
				_, _, err = s.Get(context.Background(), changes[i].Record.Mission.MissionID)
			}
			if !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("while paused: %v, want ErrUnavailable", err)
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("while paused a call took %v", took)
			}
		})
	}
	all.Wait()
	if _, err := s.ReadEvents(context.Background(), last, 1, 100*time.Millisecond); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("ReadEvents while paused: %v", err)
	}
	if err := server.Resume(); err != nil {
		t.Fatal(err)
	}
	await(t, "redis is back", works(t, s))
	await(t, "abandoned calls are gone", func() bool { return runtime.NumGoroutine() < before+30 })
	// What was sent may have been applied: the version tells, and a second try applies nothing twice.
	for i := 0; i < callers; i += 2 {
		records, err := s.Load(context.Background(), changes[i].Record.Mission.MissionID)
		if err != nil {
			t.Fatal(err)
		}
		o, err := commit(t, s, changes[i])
		if err != nil {
			t.Fatal(err)
		}
		if applied := records[0].Mission.Version == 1; applied != (o.Code == store.Conflict) {
			t.Fatalf("version %d, second try %v", records[0].Mission.Version, o)
		}
	}
}

func TestACallerWithLessTimeIsHeeded(t *testing.T) {
	server := redistest.Start(t)
	s := start(t, redisstore.Config{URL: server.URL(), Timeout: time.Minute})
	await(t, "redis is there", works(t, s))
	if err := server.Pause(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, _, err := s.Get(ctx, newMission().Record.Mission.MissionID)
	if !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 10*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
	if err := server.Resume(); err != nil {
		t.Fatal(err)
	}
}

func TestWhatWasAnsweredSurvivesAKill(t *testing.T) {
	server := redistest.Start(t)
	s := start(t, redisstore.Config{URL: server.URL()})
	await(t, "redis is there", works(t, s))
	var mu sync.Mutex
	var answered []string
	var writers sync.WaitGroup
	done := make(chan struct{})
	for range 8 {
		writers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				c := newMission()
				o, err := s.Commit(context.Background(), c)
				if err == nil && o[0].Code == store.Applied {
					mu.Lock()
					answered = append(answered, c.Record.Mission.MissionID)
					mu.Unlock()
				}
			}
		})
	}
	for n := 50; n <= 150; n += 50 {
		await(t, "some commits", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(answered) >= n
		})
		if err := server.Kill(); err != nil {
			t.Fatal(err)
		}
		restart(t, server)
	}
	close(done)
	writers.Wait()
	await(t, "redis is back", works(t, s))
	records, err := s.Load(context.Background(), answered...)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range records {
		if r.Mission.Version != 1 {
			t.Errorf("mission %s is lost", answered[i])
		}
	}
}

func TestARedisThatCannotWriteIsUnavailableAndChangesNothing(t *testing.T) {
	server := redistest.Start(t)
	s := start(t, redisstore.Config{URL: server.URL()})
	await(t, "redis is there", works(t, s))
	c := client(t, server.URL())
	ctx := context.Background()
	do := func(words ...string) {
		t.Helper()
		if err := c.Do(ctx, c.B().Arbitrary(words...).Build()).Error(); err != nil {
			t.Fatal(err)
		}
	}
	known := newMission()
	if _, err := commit(t, s, known); err != nil {
		t.Fatal(err)
	}
	for name, way := range map[string]struct{ in, out []string }{
		"out of memory": {[]string{"CONFIG", "SET", "maxmemory", "1"}, []string{"CONFIG", "SET", "maxmemory", "0"}},
		"read-only":     {[]string{"REPLICAOF", "127.0.0.1", "1"}, []string{"REPLICAOF", "NO", "ONE"}},
		"too few replicas": {[]string{"CONFIG", "SET", "min-replicas-to-write", "1"},
			[]string{"CONFIG", "SET", "min-replicas-to-write", "0"}},
	} {
		t.Run(name, func(t *testing.T) {
			do(way.in...)
			fresh := newMission()
			next := known
			next.IfVersion, next.Record.Mission.Status, next.Due = 1, contracts.StatusCancelled, store.DueDrop
			for _, change := range []store.Change{fresh, next} {
				if o, err := commit(t, s, change); !errors.Is(err, store.ErrUnavailable) {
					t.Errorf("Commit: %v, %v, want ErrUnavailable", o, err)
				}
			}
			if o, err := s.CreateAll(ctx, nil, newMission(), newMission()); !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("CreateAll: %v, %v, want ErrUnavailable", o, err)
			}
			if _, err := s.Renew(ctx, store.Session{ID: "s"}, time.Minute); !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("Renew: %v", err)
			}
			if _, err := s.TakeDue(ctx, 1, time.Minute); !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("TakeDue: %v", err)
			}
			if r, _, err := s.Get(ctx, known.Record.Mission.MissionID); err != nil || r.Mission.Version != 1 {
				t.Errorf("Get: %v, %v", r, err)
			}
			newcomer := start(t, redisstore.Config{URL: server.URL()})
			if r, _, err := newcomer.Get(ctx, known.Record.Mission.MissionID); err != nil || r.Mission.Version != 1 {
				t.Errorf("Get, by one that was started meanwhile: %v, %v", r, err)
			}
			if e, err := newcomer.Settle(ctx); err != nil || e != settle(t, s) {
				t.Errorf("Settle: %+v, %v", e, err)
			}
			if p, err := s.List(ctx, store.Query{Limit: 10, Status: contracts.StatusQueued}); err != nil || len(p.Missions) != 2 {
				t.Errorf("List: %v, %v", p, err)
			}
			if _, err := s.Check(ctx); !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("Check: %v", err)
			} else if name == "read-only" && !strings.Contains(err.Error(), "replica") {
				t.Errorf("Check: %v, want what to do", err)
			}
			do(way.out...)
			await(t, "redis writes again", func() bool {
				_, err := s.Renew(ctx, store.Session{ID: "s-" + name}, time.Minute)
				return err == nil
			})
		})
	}
}

func TestCheckWarnsOfLostWritesAndShortMemory(t *testing.T) {
	server := redistest.Start(t)
	s := start(t, redisstore.Config{URL: server.URL(), Timeout: 20 * time.Second})
	c := client(t, server.URL())
	// Enough that a connection's buffers, which count too, are far less than what is left below the limit.
	err := c.Do(context.Background(), c.B().Setrange().Key("ballast").Offset(32<<20).Value("x").Build()).Error()
	if err != nil {
		t.Fatal(err)
	}
	info, err := c.Do(context.Background(), c.B().Info().Section("memory").Build()).ToString()
	if err != nil {
		t.Fatal(err)
	}
	_, used, _ := strings.Cut(info, "used_memory:")
	bytes, err := strconv.Atoi(strings.TrimSpace(used[:strings.IndexByte(used, '\n')]))
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		set  [2]string
		want string
	}{
		{[2]string{"appendfsync", "always"}, ""},
		{[2]string{"appendfsync", "everysec"}, "appendfsync is everysec"},
		{[2]string{"appendonly", "no"}, "append-only"},
		{[2]string{"maxmemory", strconv.Itoa(bytes * 100 / 94)}, "of its maxmemory"},
		{[2]string{"maxmemory", "1gb"}, ""},
		{[2]string{"maxmemory-policy", "allkeys-lru"}, "maxmemory-policy is allkeys-lru"},
	} {
		err := c.Do(context.Background(), c.B().ConfigSet().ParameterValue().ParameterValue(step.set[0], step.set[1]).Build()).Error()
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Check(context.Background())
		if err != nil || step.want == "" && strings.Contains(got, "memory is") || !strings.Contains(got, step.want) {
			t.Errorf("%v: %q, %v; want %q", step.set, got, err, step.want)
		}
	}
}

func TestScriptsThatRedisForgotAreSentAgain(t *testing.T) {
	url := emptied(t)
	s := start(t, redisstore.Config{URL: url})
	c := client(t, url)
	for i := range 2 {
		if !works(t, s)() {
			t.Fatalf("commit %d failed", i)
		}
		if _, err := s.Counts(context.Background()); err != nil {
			t.Fatal(err)
		}
		if err := c.Do(context.Background(), c.B().ScriptFlush().Build()).Error(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnotherLayoutIsLeftAlone(t *testing.T) {
	for found, say := range map[string]string{"1": "an empty Redis", "2": "an empty Redis", "4": "upgrade", "x": "upgrade"} {
		t.Run("layout "+found, func(t *testing.T) {
			url := emptied(t)
			c := client(t, url)
			ctx := context.Background()
			if err := c.Do(ctx, c.B().Set().Key("{mc:0}:schema").Value(found).Build()).Error(); err != nil {
				t.Fatal(err)
			}
			s := start(t, redisstore.Config{URL: url})
			_, err := s.Commit(ctx, newMission())
			var schema *redisstore.SchemaError
			if !errors.As(err, &schema) || errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), say) {
				t.Errorf("%v, want a SchemaError that says: %s", err, say)
			}
			if keys, err := c.Do(ctx, c.B().Dbsize().Build()).AsInt64(); err != nil || keys != 1 {
				t.Errorf("%d keys, %v; want the layout's number alone", keys, err)
			}
		})
	}
}

func TestAMissionWithoutAUUIDIsRefusedAndNotFound(t *testing.T) {
	s := start(t, redisstore.Config{URL: emptied(t), Timeout: 10 * time.Second})
	ctx := context.Background()
	for _, id := range []string{"m", uuid.Nil.String(), strings.ToUpper(uuid.NewString())} {
		c := newMission()
		c.Record.Mission.MissionID = id
		if _, err := commit(t, s, c); err == nil || errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "UUID") {
			t.Errorf("%q: %v, want an error that says what it is not", id, err)
		}
		if records, err := s.Load(ctx, id); err != nil || records[0].Mission.Version != 0 {
			t.Errorf("Load of %q: %v, %v", id, records, err)
		}
		if _, err := s.History(ctx, id); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("History of %q: %v", id, err)
		}
		if err := s.ClearDue(ctx, store.Due{MissionID: id, Dispatch: 1}); err != nil {
			t.Errorf("ClearDue of %q: %v", id, err)
		}
	}
}

// TestWhatWasDeletedByHandIsNotInTheWay deletes a row with redis-cli, so to speak, whose due entry or place on a shelf stays.
func TestWhatWasDeletedByHandIsNotInTheWay(t *testing.T) {
	url := emptied(t)
	s := start(t, redisstore.Config{URL: url, Timeout: 10 * time.Second})
	c := client(t, url)
	ctx := context.Background()
	for _, shelf := range []string{"", "a shelf"} {
		gone, stays := newMission(), newMission()
		outcomes, err := s.Commit(ctx, gone, stays)
		if err != nil {
			t.Fatal(err)
		}
		id := stays.Record.Mission.MissionID
		if shelf != "" {
			for i, m := range []store.Change{gone, stays} {
				d := store.Due{MissionID: m.Record.Mission.MissionID, Dispatch: outcomes[i].Dispatch, Shelf: shelf}
				if err := s.ClearDue(ctx, d); err != nil {
					t.Fatal(err)
				}
			}
		}
		raw := uuid.MustParse(gone.Record.Mission.MissionID)
		if err := c.Do(ctx, c.B().Del().Key("{mc:0}:m:"+string(raw[:])).Build()).Error(); err != nil {
			t.Fatal(err)
		}
		if shelf != "" {
			if _, err := s.Unshelve(ctx, shelf, contracts.At(time.Now().Add(time.Hour)), 10, contracts.At(time.Now().Add(-time.Hour))); err != nil {
				t.Fatal(err)
			}
		}
		taken, err := s.TakeDue(ctx, 10, time.Hour)
		if err != nil || len(taken) != 1 || taken[0].MissionID != id {
			t.Errorf("shelf %q: took %v, %v, want %s alone", shelf, taken, err, id)
		}
		if err := s.ClearDue(ctx, taken...); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEveryKeyHasItsShardsTag(t *testing.T) {
	url := emptied(t)
	s := start(t, redisstore.Config{URL: url})
	ctx := context.Background()
	session, err := s.Renew(ctx, store.Session{ID: "session", SoldierID: "a"}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	change := newMission()
	change.Idempotency = &store.Idempotency{Key: "{other}:key", BodyHash: "h", TTL: time.Minute}
	change.Record.Mission.Labels = map[string]string{"{other}": "{label}"}
	change.Record.Session, change.IfSession = session.ID, session.ID
	if o, err := commit(t, s, change); err != nil || o.Code != store.Applied {
		t.Fatal(o, err)
	}
	change.Idempotency, change.IfVersion, change.Record.Session, change.IfSession = nil, 1, "", ""
	change.Record.Mission.Status = contracts.StatusCompleted
	if _, err := s.Bury(ctx, session.ID, session.RenewedAt, change); err != nil {
		t.Fatal(err)
	}
	c := client(t, url)
	keys, err := c.Do(ctx, c.B().Keys().Pattern("*").Build()).AsStrSlice()
	if err != nil || len(keys) < 13 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	for _, key := range keys {
		if !strings.HasPrefix(key, "{mc:0}:") {
			t.Errorf("key %s", key)
		}
	}
	if _, err := s.Check(ctx); err != nil {
		t.Error(err)
	}
	if schema, err := c.Do(ctx, c.B().Get().Key("{mc:0}:schema").Build()).ToString(); err != nil || schema != "3" {
		t.Errorf("schema %s, %v", schema, err)
	}
}

func TestAWipedRedisIsNoticedByReadersOfEvents(t *testing.T) {
	url := emptied(t)
	s := start(t, redisstore.Config{URL: url})
	ctx := context.Background()
	if !works(t, s)() {
		t.Fatal("no commit")
	}
	last, err := s.LastEvent(ctx)
	if err != nil {
		t.Fatal(err)
	}
	emptied(t)
	settle(t, s)
	if !works(t, s)() {
		t.Fatal("no commit")
	}
	if _, err := s.ReadEvents(ctx, last, 10, 20*time.Second); !errors.Is(err, store.ErrEventsTrimmed) {
		t.Errorf("%v, want ErrEventsTrimmed", err)
	}
	if o, err := commit(t, s, newMission()); err != nil || o.Dispatch < 1_000_000_000_000 {
		t.Errorf("dispatch %d, %v: numbers must not come again after a wipe", o.Dispatch, err)
	}
	if _, err := s.Check(ctx); err != nil {
		t.Error(err)
	}
}
