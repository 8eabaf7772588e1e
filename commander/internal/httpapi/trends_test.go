package httpapi

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// fakeTrends answers what it was told to.
type fakeTrends struct {
	points   []contracts.TrendPoint
	groups   []contracts.FailureGroup
	degraded bool
	err      error
}

var trendsAsOf = contracts.At(time.Date(2026, 11, 29, 12, 3, 0, 0, time.UTC))

func (f *fakeTrends) source() store.Source {
	if !f.degraded {
		return store.Source{}
	}
	return store.Source{Degraded: true, AsOf: trendsAsOf}
}

func (f *fakeTrends) History(_ context.Context, r contracts.Range) (contracts.StatsHistory, store.Source, error) {
	from := f.source()
	return contracts.StatsHistory{Range: r, StepSeconds: 10, Points: append([]contracts.TrendPoint{}, f.points...), Degraded: from.Degraded, AsOf: from.AsOf}, from, f.err
}

func (f *fakeTrends) Failures(_ context.Context, r contracts.Range) (contracts.FailureList, store.Source, error) {
	from := f.source()
	return contracts.FailureList{Range: r, Groups: append([]contracts.FailureGroup{}, f.groups...), Others: 3, Degraded: from.Degraded, AsOf: from.AsOf}, from, f.err
}

func (f *fakeTrends) Latest(context.Context) (contracts.Trend, error) {
	if len(f.points) == 0 {
		return contracts.Trend{}, store.ErrNotFound
	}
	return contracts.Trend{StepSeconds: 10, Point: f.points[len(f.points)-1]}, f.err
}

func TestNumbersOverTime(t *testing.T) {
	s := newTestServer(t, Config{})
	if a := s.do("GET", "/stats/history", ""); a.status != http.StatusOK || !strings.Contains(string(a.body), `"points":[]`) {
		t.Errorf("of nothing: %d %s", a.status, a.body)
	}
	s.trends.points = []contracts.TrendPoint{
		{At: trendsAsOf, Created: 5, Wait: &contracts.Percentiles{P50: 1, P95: 2, P99: 3}},
		{At: contracts.At(trendsAsOf.Add(10 * time.Second)), Failed: 1, TrendGauges: &contracts.TrendGauges{Queued: 7, OldestQueuedSeconds: 1.5, Slots: 8}},
	}
	a := s.do("GET", "/stats/history?range=24h", "")
	var got contracts.StatsHistory
	if err := decodeJSON(a.body, &got); err != nil || got.Range != contracts.RangeDay || got.StepSeconds != 10 || len(got.Points) != 2 {
		t.Fatalf("%s %v", a.body, err)
	}
	if p := got.Points[0]; p.Created != 5 || p.Wait == nil || p.Wait.P99 != 3 || p.Run != nil || p.TrendGauges != nil {
		t.Errorf("%+v", p)
	}
	if p := got.Points[1]; p.TrendGauges == nil || p.Queued != 7 || p.Slots != 8 || p.OldestQueuedSeconds != 1.5 {
		t.Errorf("%+v", p)
	}
	if strings.Count(string(a.body), `"queued"`) != 1 || strings.Contains(string(a.body), "as_of") {
		t.Errorf("what is not known is told: %s", a.body)
	}
	s.trends.degraded = true
	a = s.do("GET", "/stats/history", "")
	if err := decodeJSON(a.body, &got); err != nil || got.Range != contracts.RangeHour || !got.Degraded || got.AsOf != trendsAsOf {
		t.Errorf("from memory: %s %v", a.body, err)
	}
}

func TestTheNewestStepIsPushed(t *testing.T) {
	s := newTestServer(t, Config{})
	s.trends.points = []contracts.TrendPoint{{At: trendsAsOf, Created: 5, TrendGauges: &contracts.TrendGauges{Queued: 7}}}
	c := s.openStream("/events?topics=trend")
	e := c.next("the step", func(e sseEvent) bool { return e.kind == "trend" })
	checkSchema(t, loadContract(t), "Trend", []byte(e.data))
	var got contracts.Trend
	if err := decodeJSON([]byte(e.data), &got); err != nil || got.StepSeconds != 10 || got.Point.Created != 5 || got.Point.TrendGauges == nil {
		t.Errorf("%s %v", e.data, err)
	}
}

func TestFailuresOfLate(t *testing.T) {
	s := newTestServer(t, Config{})
	s.trends.groups = []contracts.FailureGroup{{
		Kind: "mail", Code: "failed", Message: "no route to 'host'", Count: 37, FirstAt: trendsAsOf, LastAt: trendsAsOf,
		MissionID: "0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b",
	}}
	a := s.do("GET", "/failures?range=24h", "")
	var got contracts.FailureList
	if err := decodeJSON(a.body, &got); err != nil || got.Range != contracts.RangeDay || len(got.Groups) != 1 || got.Groups[0] != s.trends.groups[0] || got.Others != 3 {
		t.Errorf("%s %v", a.body, err)
	}
	s.trends.degraded = true
	if a := s.do("GET", "/failures", ""); !strings.Contains(string(a.body), `"range":"1h"`) || !strings.Contains(string(a.body), `"degraded":true,"as_of":"2026`) {
		t.Errorf("from memory: %s", a.body)
	}
}

func TestWhatIsWrongWithARange(t *testing.T) {
	s := newTestServer(t, Config{})
	for path, want := range map[string]string{
		"/stats/history?range=2h":      "must be one of 1h, 6h, 24h, 7d",
		"/stats/history?range=":        "must be one of",
		"/stats/history?since=1":       "is no parameter",
		"/failures?range=7d":           "must be one of 1h, 24h",
		"/failures?range=1h&range=24h": "stands twice",
	} {
		if p := s.do("GET", path, "").problem(t); p.Status != http.StatusUnprocessableEntity || len(p.Errors) != 1 || !strings.Contains(p.Errors[0].Message, want) {
			t.Errorf("%s: %+v", path, p)
		}
	}
	s.trends.err = store.ErrNotInMemory
	for _, path := range []string{"/stats/history", "/failures"} {
		if p := s.do("GET", path, "").problem(t); p.Status != http.StatusServiceUnavailable || p.Detail == "" {
			t.Errorf("%s while nothing is known: %+v", path, p)
		}
	}
}

func TestTheOneThatWaitsLongest(t *testing.T) {
	s := newTestServer(t, Config{})
	if a := s.do("GET", "/stats", ""); strings.Contains(string(a.body), "oldest_queued") {
		t.Errorf("where none waits: %s", a.body)
	}
	first := s.create("a")
	s.create("b")
	var got stats
	a := s.do("GET", "/stats", "")
	if err := decodeJSON(a.body, &got); err != nil || got.Oldest == nil || *got.Oldest != (waiting{first.MissionID, first.CreatedAt, "default"}) {
		t.Errorf("%s %v", a.body, err)
	}
	s.store.source.Store(&store.Source{Degraded: true, AsOf: trendsAsOf})
	if a := s.do("GET", "/stats", ""); strings.Contains(string(a.body), "oldest_queued") {
		t.Errorf("from memory: %s", a.body)
	}
}
