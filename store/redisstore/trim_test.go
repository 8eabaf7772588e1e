package redisstore_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/redisstore"
)

// Nothing that a mission put into Redis is there once it was removed: bodies and lines that lie apart, places in indexes and sets and at
// the gates of its key and its squad, and a due entry that it should not have had.
func TestNothingIsLeftOfWhatIsRemoved(t *testing.T) {
	url := emptied(t)
	s := start(t, redisstore.Config{URL: url, Timeout: 10 * time.Second})
	await(t, "redis is there", works(t, s))
	c, ctx := client(t, url), context.Background()
	keys := func() string {
		t.Helper()
		names, err := c.Do(ctx, c.B().Keys().Pattern("*").Build()).AsStrSlice()
		if err != nil {
			t.Fatal(err)
		}
		var left []string
		for _, name := range names {
			if _, rest, _ := strings.Cut(name, ":"); strings.HasPrefix(rest, "0}:rate:") || strings.HasSuffix(rest, ":events") ||
				strings.HasSuffix(rest, ":dispatch") || strings.HasSuffix(rest, ":probe") {
				continue
			}
			left = append(left, name)
		}
		return fmt.Sprint(len(left))
	}
	if _, err := s.PutDocument(ctx, store.SquadLimitsCollection, store.Document{Name: "gpu", Body: []byte(`{"max_running":3}`)}); err != nil {
		t.Fatal(err)
	}
	before := keys()
	large := []byte(`"` + strings.Repeat("x", 4000) + `"`)
	const missions = 500
	for i := range missions {
		r := newMission().Record
		r.Mission.ConcurrencyKey = fmt.Sprint("key ", i)
		r.Mission.Payload, r.Mission.Labels, r.Mission.Kind, r.Mission.Squad = large, map[string]string{"a": uuid.NewString(), "b": "c"}, "resize", "gpu"
		r.Mission.UniqueKey, r.Mission.DeadlineAt = uuid.NewString(), contracts.At(time.Now())
		first := store.Change{Record: r, Due: store.DueSet, DueAt: contracts.At(time.Now())}
		r.Mission.Status, r.Mission.Result, r.Session, r.Mission.FinishedAt = contracts.StatusFailed, large, "s1", contracts.FromMillis(1)
		last := store.Change{Record: r, IfVersion: 1, Due: store.DueSet, DueAt: contracts.At(time.Now())}
		for range 100 {
			last.History = append(last.History, contracts.HistoryLine{Message: "a line of a history that is long", Status: contracts.StatusFailed})
		}
		if outcomes, err := s.Commit(ctx, first, last); err != nil || outcomes[1].Code != store.Applied {
			t.Fatal(outcomes, err)
		}
		if err := s.AddReports(ctx, store.Report{MissionID: r.Mission.MissionID, Run: 1, Seq: 1, Lines: []contracts.LogLine{{Level: contracts.LevelInfo}}}); err != nil {
			t.Fatal(err)
		}
	}
	if keys() == before {
		t.Fatal("the missions are not seen")
	}
	removed := 0
	page, err := s.List(ctx, store.Query{Limit: contracts.MaxListLimit})
	if err != nil {
		t.Fatal(err)
	}
	var some []store.Removal
	for _, m := range page.Missions[:100] {
		some = append(some, store.Removal{MissionID: m.MissionID, IfVersion: m.Version})
	}
	if ids, err := s.Remove(ctx, some...); err != nil || len(ids) != len(some) {
		t.Fatalf("%d of %d were removed: %v", len(ids), len(some), err)
	}
	removed += len(some)
	what := store.Trim{Status: contracts.StatusFailed, Before: contracts.At(time.Now().Add(time.Hour)), Limit: store.MaxTrim}
	for {
		done, err := s.Trim(ctx, what)
		if err != nil {
			t.Fatal(err)
		}
		removed += len(done.Removed)
		if what.After = done.Next; what.After == "" {
			break
		}
	}
	if after := keys(); removed != missions || after != before {
		t.Errorf("%d were removed; %s keys are left, before there were %s", removed, after, before)
	}
}

// A place in an index whose row was taken away by hand is given up, and a row that can't be read holds up nobody.
func TestTrimPassesWhatIsDamaged(t *testing.T) {
	url := emptied(t)
	s := start(t, redisstore.Config{URL: url, Timeout: 10 * time.Second})
	await(t, "redis is there", works(t, s))
	c, ctx := client(t, url), context.Background()
	var ids []string
	for range 3 {
		r := newMission().Record
		r.Mission.Status = contracts.StatusCancelled
		if _, err := s.Commit(ctx, store.Change{Record: r}); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, r.Mission.MissionID)
	}
	key := func(id string) string {
		raw := uuid.MustParse(id)
		return "{mc:0}:m:" + string(raw[:])
	}
	for _, command := range [][]string{{"DEL", key(ids[0])}, {"SET", key(ids[1]), "damaged"}} {
		if err := c.Do(ctx, c.B().Arbitrary(command...).Build()).Error(); err != nil {
			t.Fatal(err)
		}
	}
	newest := newMission().Record
	newest.Mission.Status = contracts.StatusCancelled
	if _, err := s.Commit(ctx, store.Change{Record: newest}); err != nil {
		t.Fatal(err)
	}
	done, err := s.Trim(ctx, store.Trim{Status: contracts.StatusCancelled, Keep: 1, Limit: 10})
	if err != nil || len(done.Removed) != 1 || done.Removed[0] != ids[2] {
		t.Errorf("removed %v, %v; want %s alone", done.Removed, err, ids[2])
	}
	counts, err := s.Counts(ctx)
	if err != nil || counts.ByStatus[contracts.StatusCancelled] != 2 {
		t.Errorf("left: %v, %v; want the newest and the damaged one", counts.ByStatus, err)
	}
}
