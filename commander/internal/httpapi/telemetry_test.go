package httpapi

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/commander/internal/events"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// says adds a report of the mission's first run.
func (s *testServer) says(id string, seq int64, percent int, text string, lines ...string) {
	s.t.Helper()
	r := store.Report{MissionID: id, Attempt: 1, Run: 1, Seq: seq, Progress: &contracts.Progress{Percent: percent, Text: text}}
	log, err := s.store.Store.Log(s.t.Context(), id, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Before = log.Last
	for _, l := range lines {
		r.Lines = append(r.Lines, contracts.LogLine{At: contracts.At(time.Now()), Level: contracts.LevelWarn, Text: l, Cut: l == "cut"})
	}
	if err := s.store.AddReports(s.t.Context(), r); err != nil {
		s.t.Fatal(err)
	}
}

// starts has the mission run.
func (s *testServer) starts(id string, run int64) {
	s.t.Helper()
	s.change(id, func(r *store.Record) {
		r.Mission.Status, r.Mission.Run, r.Mission.Progress = contracts.StatusInProgress, run, 0
	})
}

func TestProgressIsShown(t *testing.T) {
	s := newTestServer(t, Config{})
	id := s.create("a").MissionID
	want := func(when string, percent int, text string, listed int) {
		t.Helper()
		var v struct {
			contracts.Mission
			ProgressText string `json:"progress_text"`
		}
		a := s.do("GET", "/missions/"+id, "")
		if err := decodeJSON(a.body, &v); err != nil || v.Progress != percent || v.ProgressText != text {
			t.Errorf("%s: %s, %v", when, a.body, err)
		}
		var l missionList
		a = s.do("GET", "/missions", "")
		if err := decodeJSON(a.body, &l); err != nil || l.Missions[0].Progress != listed {
			t.Errorf("%s, in the list: %s, %v", when, a.body, err)
		}
	}
	want("before it ran", 0, "", 0)
	s.starts(id, 1)
	want("before it said anything", 0, "", 0)
	s.says(id, 1, 40, `2 of 5 <"größer">`)
	want("while it runs", 40, `2 of 5 <"größer">`, 40)
	s.change(id, func(r *store.Record) { r.Mission.Status = contracts.StatusFailed })
	want("once it failed", 40, `2 of 5 <"größer">`, 0)
	s.change(id, func(r *store.Record) { r.Mission.Status = contracts.StatusQueued })
	want("while it waits again", 0, "", 0)
	s.starts(id, 2)
	want("in a new run", 0, "", 0)
	s.change(id, func(r *store.Record) { r.Mission.Status, r.Mission.Progress = contracts.StatusCompleted, 100 })
	want("once it completed", 100, "", 100)
}

func TestLogsAreRead(t *testing.T) {
	s := newTestServer(t, Config{})
	id := s.create("a").MissionID
	want := func(query string, dropped int64, numbers ...int64) {
		t.Helper()
		var v logView
		a := s.do("GET", "/missions/"+id+"/logs"+query, "")
		if err := decodeJSON(a.body, &v); a.status != http.StatusOK || err != nil {
			t.Fatalf("%d %s, %v", a.status, a.body, err)
		}
		got := []int64{}
		for _, l := range v.Lines {
			got = append(got, l.Number)
		}
		if !slices.Equal(got, numbers) || v.Dropped != dropped {
			t.Errorf("%q: lines %v, %d dropped, want %v, %d", query, got, v.Dropped, numbers, dropped)
		}
	}
	want("", 0)
	s.says(id, 1, 10, "", "a", "b", "cut")
	want("", 0, 1, 2, 3)
	want("?after=1", 0, 2, 3)
	want("?after=1&limit=1", 0, 2)
	want("?after=3", 0)
	for i := range 60 {
		s.says(id, int64(i+2), 10, "", "a", "b", "c", "d")
	}
	want("?limit=2", 43, 44, 45)
	for _, query := range []string{"?after=-1", "?after=x", "?limit=0", "?limit=201", "?before=1"} {
		if a := s.do("GET", "/missions/"+id+"/logs"+query, ""); a.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", query, a.status, a.body)
		}
	}
	if a := s.do("GET", "/missions/0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b/logs", ""); a.status != http.StatusNotFound {
		t.Errorf("an unknown mission's: %d %s", a.status, a.body)
	}
	s.store.away.Store(true)
	if a := s.do("GET", "/missions/"+id+"/logs", ""); a.status != http.StatusServiceUnavailable || a.problem(t).Code != "store_unavailable" {
		t.Errorf("while the store is away: %d %s", a.status, a.body)
	}
}

func TestAStreamOfOneMissionTellsWhatItsHandlerSays(t *testing.T) {
	s := newTestServer(t, Config{Streams: events.Config{TopicEvery: 5 * time.Millisecond}})
	id, other := s.create("a").MissionID, s.create("b").MissionID
	all := s.openStream("/events")
	s.says(other, 1, 90, "other's", "other's")
	s.says(id, 1, 10, "", "1", "2")
	doc := loadContract(t)
	read := func(c *sseClient) (run struct {
		MissionID    string `json:"mission_id"`
		Progress     int    `json:"progress"`
		ProgressText string `json:"progress_text"`
		Lines        []contracts.NumberedLine
		Dropped      int64
	},
	) {
		t.Helper()
		e := c.nextOf("telemetry")
		checkSchema(t, doc, "Telemetry", []byte(e.data))
		if err := decodeJSON([]byte(e.data), &run); err != nil || e.id != "" || run.MissionID != id {
			t.Fatalf("event %+v, %v", e, err)
		}
		return run
	}
	first, second := s.openStream("/events?mission_id="+id), s.openStream("/events?mission_id="+id)
	for _, c := range []*sseClient{first, second} {
		if got := read(c); got.Progress != 10 || len(got.Lines) != 2 || got.Lines[1].Text != "2" {
			t.Errorf("at the start %+v", got)
		}
	}
	s.says(id, 2, 20, "text")
	s.says(id, 3, 20, "text", "3")
	for _, c := range []*sseClient{first, second} {
		var lines []string
		for len(lines) == 0 {
			got := read(c)
			for _, l := range got.Lines {
				lines = append(lines, fmt.Sprint(l.Number, " ", l.Text))
			}
			if got.Progress != 20 || got.ProgressText != "text" {
				t.Errorf("then %+v", got)
			}
		}
		if !slices.Equal(lines, []string{"3 3"}) {
			t.Errorf("then the lines %q", lines)
		}
	}
	s.touch(other)
	all.next("a change", func(e sseEvent) bool {
		if e.kind == "telemetry" {
			t.Errorf("a stream of all missions has %+v", e)
		}
		return e.kind == "mission" && e.mission(t).MissionID == other && e.mission(t).Version == 2
	})
}
