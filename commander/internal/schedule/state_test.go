package schedule

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

func at(s string) contracts.Time {
	t, err := time.Parse("2006-01-02T15:04:05", "2026-06-01T"+s)
	if err != nil {
		panic(err)
	}
	return contracts.At(t)
}

func times(s string) (list []contracts.Time) {
	for one := range strings.FieldsSeq(s) {
		list = append(list, at(one))
	}
	return list
}

func TestWhatIsDueIsDecided(t *testing.T) {
	every := func(n int, missed contracts.MissedRuns, overlap contracts.Overlap) contracts.ScheduleRequest {
		return contracts.ScheduleRequest{EverySeconds: n, Missed: missed, Overlap: overlap}
	}
	const allow, over = contracts.OverlapAllow, contracts.OverlapSkip
	const skip, last, all = contracts.MissedSkip, contracts.MissedLast, contracts.MissedAll
	missed := func(from, until string) contracts.ScheduleRun {
		r := contracts.ScheduleRun{At: at(from), Skipped: contracts.SkippedMissed}
		if until != "" {
			r.Until = at(until)
		}
		return r
	}
	for _, c := range []struct {
		name      string
		r         contracts.ScheduleRequest
		next, now string
		busy      bool
		pending   string
		runs      []contracts.ScheduleRun
		then      string
	}{
		{"in time", every(60, last, allow), "12:00:00", "12:00:00", false, "12:00:00", nil, "12:01:00"},
		{"a bit late", every(60, skip, allow), "12:00:00", "12:00:10", false, "12:00:00", nil, "12:01:00"},
		{"missed, skip", every(60, skip, allow), "12:00:00", "12:00:11", false, "", []contracts.ScheduleRun{missed("12:00:00", "")}, "12:01:00"},
		{"many missed, skip", every(60, skip, allow), "12:00:00", "12:05:11", false, "", []contracts.ScheduleRun{missed("12:00:00", "12:05:00")}, "12:06:00"},
		{"many missed, one in time, skip", every(60, skip, allow), "12:00:00", "12:05:01", false, "12:05:00", []contracts.ScheduleRun{missed("12:00:00", "12:04:00")}, "12:06:00"},
		{"missed, last", every(60, last, allow), "12:00:00", "12:00:40", false, "12:00:00", nil, "12:01:00"},
		{"many missed, last", every(60, last, allow), "12:00:00", "12:05:40", false, "12:05:00", []contracts.ScheduleRun{missed("12:00:00", "12:04:00")}, "12:06:00"},
		{"many missed, some in time, last", every(5, last, allow), "12:00:00", "12:01:01", false, "12:00:55 12:01:00", []contracts.ScheduleRun{missed("12:00:00", "12:00:50")}, "12:01:05"},
		{"many missed, all", every(60, all, allow), "12:00:00", "12:03:40", false, "12:00:00 12:01:00 12:02:00 12:03:00", nil, "12:04:00"},
		{"one at a time", every(60, last, over), "12:00:00", "12:00:00", false, "12:00:00", nil, "12:01:00"},
		{"one at a time, and there is one", every(60, last, over), "12:00:00", "12:00:00", true, "", []contracts.ScheduleRun{{At: at("12:00:00"), Skipped: contracts.SkippedOverlap}}, "12:01:00"},
		{"one at a time, all", every(60, all, over), "12:00:00", "12:03:40", false, "12:03:00", []contracts.ScheduleRun{{At: at("12:00:00"), Until: at("12:02:00"), Skipped: contracts.SkippedOverlap}}, "12:04:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tt, err := NewTimetable(c.r)
			if err != nil {
				t.Fatal(err)
			}
			s := state{Request: c.r, NextAt: at(c.next)}
			if !s.due(at(c.now)) {
				t.Fatal("nothing is due")
			}
			skipped := s.decide(tt, at(c.now), c.busy)
			if diff := cmp.Diff(state{Request: c.r, NextAt: at(c.then), Pending: times(c.pending), Runs: c.runs}, s); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(skipped) != len(c.runs) {
				t.Errorf("skipped %v", skipped)
			}
		})
	}
}

// TestEachTimeIsDecidedOnce: it is ordered, or lies in what was skipped, and never both, whenever one comes to look.
func TestEachTimeIsDecidedOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := contracts.ScheduleRequest{
			Cron: rapid.SampledFrom([]string{"* * * * * *", "*/10 * * * * *", "* * * * *", "*/20 1-3 * * *"}).Draw(t, "cron"), TimeZone: "Europe/Berlin",
			Missed:  rapid.SampledFrom([]contracts.MissedRuns{contracts.MissedSkip, contracts.MissedLast, contracts.MissedAll}).Draw(t, "missed"),
			Overlap: rapid.SampledFrom([]contracts.Overlap{contracts.OverlapAllow, contracts.OverlapSkip}).Draw(t, "overlap"),
		}
		tt, err := NewTimetable(r)
		if err != nil {
			t.Fatal(err)
		}
		now := contracts.At(time.Date(2026, 10, 24, 23, 0, 0, 0, time.UTC))
		s := state{}
		s.set(r, tt, now)
		began := now
		decided := map[int64]int{}
		for range rapid.IntRange(1, 20).Draw(t, "looks") {
			now = contracts.At(now.Add(time.Duration(rapid.IntRange(1, 1_000_000).Draw(t, "ms")) * time.Millisecond))
			if !s.due(now) {
				continue
			}
			s.Runs = nil
			s.decide(tt, now, rapid.Bool().Draw(t, "busy"))
			if len(s.Pending) > contracts.MaxMissedRuns || r.Overlap == contracts.OverlapSkip && len(s.Pending) > 1 {
				t.Fatalf("%d are ordered at once", len(s.Pending))
			}
			for _, run := range s.Runs {
				until := run.Until
				if until.IsZero() {
					until = run.At
				}
				for x := run.At.Time; !x.After(until.Time); x = tt.Next(x) {
					decided[x.Unix()]++
				}
				if run.Skipped == contracts.SkippedMissed && (r.Missed != contracts.MissedAll || run.Until.IsZero()) && now.Sub(until.Time) <= onTime {
					t.Fatalf("%v was in time, and is skipped at %v", until, now)
				}
			}
			for _, x := range s.Pending {
				decided[x.Unix()]++
			}
			s.Pending = nil
		}
		for x := tt.Next(began.Time); x.Before(s.NextAt.Time); x = tt.Next(x) {
			if decided[x.Unix()] != 1 {
				t.Fatalf("%v was decided %d times", x, decided[x.Unix()])
			}
			delete(decided, x.Unix())
		}
		if len(decided) > 0 {
			t.Fatalf("decided what is no time: %v", decided)
		}
	})
}

func TestAScheduleIsReplacedWithoutMissingARun(t *testing.T) {
	r := contracts.ScheduleRequest{EverySeconds: 60}
	tt, err := NewTimetable(r)
	if err != nil {
		t.Fatal(err)
	}
	yes, no := true, false
	var s state
	want := func(next string, paused bool) {
		t.Helper()
		var at60 contracts.Time
		if next != "" {
			at60 = at(next)
		}
		if s.NextAt != at60 || s.Paused != paused {
			t.Fatalf("next is %v, paused %v", s.NextAt, s.Paused)
		}
	}
	s.set(r, tt, at("12:00:00"))
	want("12:01:00", false)
	r.Missed = contracts.MissedAll
	s.set(r, tt, at("12:01:30"))
	want("12:01:00", false) // and is due
	r.EverySeconds = 30
	faster, err := NewTimetable(r)
	if err != nil {
		t.Fatal(err)
	}
	s.set(r, faster, at("12:01:31"))
	want("12:02:00", false)
	r.Paused = &yes
	s.set(r, faster, at("12:01:32"))
	want("", true)
	r.Paused = nil
	s.set(r, faster, at("12:05:00"))
	want("", true) // stays as it is
	s.pause(true, faster, at("12:05:01"))
	want("", true)
	s.pause(false, faster, at("12:05:01"))
	want("12:05:30", false) // nothing is missed
	s.pause(false, faster, at("12:06:01"))
	want("12:05:30", false)
	r.Paused = &no
	s.set(r, faster, at("12:06:02"))
	want("12:05:30", false)
	if s.Request.Paused != nil {
		t.Error("the request keeps what it said of a pause")
	}
}

// TestTheLargestScheduleFitsItsDocument, with as many runs as are kept and pending.
func TestTheLargestScheduleFitsItsDocument(t *testing.T) {
	r := contracts.ScheduleRequest{EverySeconds: 1, Mission: contracts.DefaultMissionRequest()}
	r.Mission.Name = "n"
	Normalize(&r)
	small, err := encode(r)
	if err != nil {
		t.Fatal(err)
	}
	r.Mission.Kind = "other"
	fill := func(more int) []contracts.FieldError {
		r.Mission.Payload = []byte(`{"x":"` + strings.Repeat("<", contracts.MaxScheduleSize-len(small)-len(`"x":""`)+len("simulate")-len("other")+more) + `"}`)
		return Check(r)
	}
	if bad := fill(1); len(bad) != 1 || bad[0].Field != "mission" || bad[0].Code != "too_large" {
		t.Errorf("one byte more: %v", bad)
	}
	if bad := fill(0); bad != nil {
		t.Fatal(bad)
	}
	s := state{ID: strings.Repeat("I", 26), Request: r, Paused: true, CreatedAt: at("12:00:00"), UpdatedAt: at("12:00:00"), NextAt: at("12:00:00"), LastAt: at("12:00:00")}
	s.LastMissionID = missionID(s.ID, s.LastAt)
	for range contracts.MaxMissedRuns {
		s.Pending = append(s.Pending, at("12:00:00"))
		s.note(contracts.ScheduleRun{At: at("12:00:00"), Until: at("12:00:00"), MissionID: s.LastMissionID, Skipped: contracts.SkippedOverlap, Detail: cut(strings.Repeat("\x01", 200))})
	}
	body, err := s.encode()
	if err != nil {
		t.Fatal(err)
	}
	d := store.Document{Name: strings.Repeat("n", 64), Body: body}
	if err := d.Check(); err != nil {
		t.Error(err)
	}
	back, err := decode(d)
	if diff := cmp.Diff(s, back); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestWhatAScheduleMayNotOrder(t *testing.T) {
	base := contracts.ScheduleRequest{EverySeconds: 1, Mission: contracts.DefaultMissionRequest()}
	Normalize(&base)
	later, seconds := at("12:00:00"), 5
	full := map[string]string{}
	for _, c := range "abcdefghijklmnopqrst" {
		full[string(c)] = ""
	}
	for field, change := range map[string]func(*contracts.ScheduleRequest){
		"cron":                    func(r *contracts.ScheduleRequest) { r.Cron, r.EverySeconds, r.TimeZone = "x", 0, "UTC" },
		"missed":                  func(r *contracts.ScheduleRequest) { r.Missed = "some" },
		"overlap":                 func(r *contracts.ScheduleRequest) { r.Overlap = "some" },
		"mission.run_at":          func(r *contracts.ScheduleRequest) { r.Mission.RunAt = &later },
		"mission.delay_seconds":   func(r *contracts.ScheduleRequest) { r.Mission.DelaySeconds = &seconds },
		"mission.labels.schedule": func(r *contracts.ScheduleRequest) { r.Mission.Labels = map[string]string{"schedule": "x"} },
		"mission.labels":          func(r *contracts.ScheduleRequest) { r.Mission.Labels = full },
	} {
		r := base
		change(&r)
		if bad := Check(r); len(bad) != 1 || bad[0].Field != field {
			t.Errorf("%s: %v", field, bad)
		}
	}
	if bad := Check(base); bad != nil {
		t.Error(bad)
	}
}

func TestMissionIDs(t *testing.T) {
	seen := map[string]bool{}
	for _, schedule := range []string{"A", "B"} {
		for _, s := range []string{"12:00:00", "12:00:01"} {
			id := missionID(schedule, at(s))
			created, ok := contracts.MissionCreated(id)
			if !ok || !created.Equal(at(s).Time) || !contracts.ValidMissionID(id) || !strings.Contains("89ab", id[19:20]) {
				t.Errorf("%s is no UUIDv7 of %s", id, s)
			}
			if seen[id] || id != missionID(schedule, at(s)) {
				t.Errorf("%s of %s and %s is not its own", id, schedule, s)
			}
			seen[id] = true
		}
	}
}
