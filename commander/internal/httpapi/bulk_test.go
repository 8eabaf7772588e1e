package httpapi

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mission-control-dev/mission-control/commander/internal/bulk"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// end ends a mission as a soldier would.
func (s *testServer) end(id string, status contracts.Status) {
	s.t.Helper()
	s.change(id, func(r *store.Record) { r.Mission.Status, r.Mission.FinishedAt = status, contracts.At(time.Now()) })
}

func TestPurge(t *testing.T) {
	s := newTestServer(t, Config{})
	m := s.create("one")
	path := "/missions/" + m.MissionID
	if a := s.do("DELETE", path, ""); a.status != http.StatusConflict || a.problem(t).Code != "wrong_status" {
		t.Errorf("of a QUEUED one: %d %s", a.status, a.body)
	}
	s.end(m.MissionID, contracts.StatusCompleted)
	if a := s.do("DELETE", path, `{"a":1}`); a.status != http.StatusUnprocessableEntity {
		t.Errorf("with a body: %d %s", a.status, a.body)
	}
	if a := s.do("DELETE", path, ""); a.status != http.StatusNoContent || len(a.body) > 0 {
		t.Errorf("%d %s", a.status, a.body)
	}
	for method, path := range map[string]string{"DELETE": path, "GET": path + "/history"} {
		if a := s.do(method, path, ""); a.status != http.StatusNotFound {
			t.Errorf("%s afterwards: %d %s", method, a.status, a.body)
		}
	}
	m = s.create("one more")
	s.end(m.MissionID, contracts.StatusFailed)
	s.store.away.Store(true)
	if a := s.do("DELETE", "/missions/"+m.MissionID, ""); a.status != http.StatusServiceUnavailable {
		t.Errorf("without Redis: %d %s", a.status, a.body)
	}
}

func (s *testServer) job(a answer, status int) contracts.BulkJob {
	s.t.Helper()
	var j contracts.BulkJob
	if err := decodeJSON(a.body, &j); err != nil || a.status != status {
		s.t.Fatalf("%d %s, want %d (%v)", a.status, a.body, status, err)
	}
	return j
}

func TestABulkJob(t *testing.T) {
	s := newTestServer(t, Config{})
	for i := range 12 {
		s.create(fmt.Sprint("some ", i))
	}
	s.create("another")
	const body = `{"action":"cancel","filter":{"q":" SOME ","status":"QUEUED"},"reason":" no more "}`
	var p contracts.BulkPreview
	if a := s.do("POST", "/bulk/preview", body); a.status != http.StatusOK || decodeJSON(a.body, &p) != nil {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if p.Matched != 12 || !p.Complete || len(p.Sample) != 10 || p.Sample[0].Payload != nil {
		t.Errorf("preview %+v", p)
	}
	a := s.do("POST", "/bulk", body)
	j := s.job(a, http.StatusAccepted)
	path := a.header.Get("Location")
	if j.State != contracts.BulkRunning || path != "/bulk/"+j.ID || j.Reason != "no more" || j.Filter.Query != "SOME" {
		t.Errorf("%s: %+v", path, j)
	}
	if got := s.job(s.do("GET", path, ""), http.StatusOK); got.ID != j.ID || got.State != contracts.BulkRunning {
		t.Errorf("before it began: %+v", got)
	}
	if err := s.runner.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.runner.Stop(context.Background()) }()
	for deadline := time.Now().Add(soon); j.State == contracts.BulkRunning && time.Now().Before(deadline); {
		j = s.job(s.do("GET", path, ""), http.StatusOK)
	}
	if j.State != contracts.BulkDone || j.Changed != 12 || j.FinishedAt.IsZero() {
		t.Errorf("at last %+v", j)
	}
	if again := s.job(s.do("POST", path+"/stop", ""), http.StatusAccepted); again.State != contracts.BulkDone {
		t.Errorf("stopped then: %+v", again)
	}
	h := s.do("GET", "/missions/"+p.Sample[0].MissionID+"/history", "")
	if !strings.Contains(string(h.body), "bulk job "+j.ID+": no more") {
		t.Errorf("the history: %s", h.body)
	}
	if a := s.do("GET", "/bulk", ""); a.status != http.StatusOK || strings.Count(string(a.body), `"id"`) != 1 {
		t.Errorf("listed: %d %s", a.status, a.body)
	}
	for _, path := range []string{"/bulk/0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b", "/bulk/x"} {
		if a := s.do("GET", path, "", with{beyondContract, "yes"}); a.status != http.StatusNotFound || !strings.Contains(a.problem(t).Detail, "bulk job") {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	s.store.away.Store(true)
	if a := s.do("POST", "/bulk/preview", body); a.status != http.StatusServiceUnavailable {
		t.Errorf("without Redis: %d %s", a.status, a.body)
	}
}

func TestBulkBodiesAreReadStrictly(t *testing.T) {
	s := newTestServer(t, Config{})
	for body, fields := range map[string]string{
		`{}`:                                                                        "action filter",
		`{"action":"cancel"}`:                                                       "filter",
		`{"action":"cancel","filter":{}}`:                                           "filter",
		`{"action":"cancel","all":false}`:                                           "filter",
		`{"action":"drop","all":true}`:                                              "action",
		`{"action":null,"all":true}`:                                                "action",
		`{"action":"cancel","all":"yes"}`:                                           "all filter",
		`{"action":"cancel","all":true,"every":1}`:                                  "every",
		`{"action":"cancel","filter":[]}`:                                           "filter",
		`{"action":"cancel","filter":{"kinds":"a"}}`:                                "filter.kinds",
		`{"action":"cancel","filter":{"kind":7}}`:                                   "filter.kind",
		`{"action":"cancel","filter":{"kind":"A"}}`:                                 "filter.kind",
		`{"action":"cancel","filter":{"kind":""}}`:                                  "filter.kind",
		`{"action":"cancel","filter":{"squad":"?"},"reason":"a\nb"}`:                "reason filter.squad",
		`{"action":"cancel","filter":{"label":"team"}}`:                             "filter.label",
		`{"action":"cancel","filter":{"q":"  "}}`:                                   "filter.q",
		`{"action":"cancel","filter":{"status":"COMPLETED"}}`:                       "filter.status",
		`{"action":"retry","filter":{"status":"QUEUED"}}`:                           "filter.status",
		`{"action":"purge","filter":{"status":"LOST"}}`:                             "filter.status",
		`{"action":"purge","all":true,"filter":{"kind":"a"}}`:                       "all",
		`{"action":"purge","all":true,"reason":"` + strings.Repeat("x", 201) + `"}`: "reason",
	} {
		for _, path := range []string{"/bulk", "/bulk/preview"} {
			a := s.do("POST", path, body, with{beyondContract, "yes"})
			var got []string
			if a.status == http.StatusUnprocessableEntity {
				for _, f := range a.problem(t).Errors {
					got = append(got, f.Field)
				}
			}
			if strings.Join(got, " ") != fields {
				t.Errorf("%s: %d, fields %v, want %s\n%s", body, a.status, got, fields, a.body)
			}
		}
	}
	if a := s.do("POST", "/bulk", `{"action":"purge","all":true,"all":true}`, with{beyondContract, "yes"}); a.status != http.StatusBadRequest {
		t.Errorf("a key twice: %d %s", a.status, a.body)
	}
}

// exported reads an export to its end.
func exported(t *testing.T, body io.Reader) (missions []contracts.Mission, last map[string]Problem, err error) {
	t.Helper()
	r := bufio.NewReader(body)
	for {
		line, err := r.ReadBytes('\n')
		if err != nil {
			if err == io.EOF {
				err = nil
			}
			return missions, last, err
		}
		var m contracts.Mission
		if err := json.Unmarshal(line, &m); err == nil && m.MissionID != "" {
			missions = append(missions, m)
		} else if err := json.Unmarshal(line, &last); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
	}
}

func TestExport(t *testing.T) {
	s := newTestServer(t, Config{})
	var want []string
	for i := range 250 {
		m := s.create(fmt.Sprint([]string{"some ", "other "}[i%2], i))
		s.change(m.MissionID, func(r *store.Record) { r.Mission.Result = json.RawMessage(`{"n":1}`) })
		if i%2 == 0 {
			want = append([]string{m.MissionID}, want...)
		}
	}
	get := func(query string) []contracts.Mission {
		t.Helper()
		a := s.do("GET", "/missions/export"+query, "")
		if a.status != http.StatusOK || a.header.Get("Content-Type") != "application/x-ndjson" {
			t.Fatalf("%d %s", a.status, a.body)
		}
		ms, last, err := exported(t, strings.NewReader(string(a.body)))
		if err != nil || last != nil {
			t.Fatalf("%v, %v", last, err)
		}
		return ms
	}
	if ms := get(""); len(ms) != 250 {
		t.Errorf("%d of 250", len(ms))
	}
	ms := get("?q=SOME&status=QUEUED")
	if len(ms) != len(want) {
		t.Fatalf("%d of %d", len(ms), len(want))
	}
	for i, m := range ms {
		if string(m.Payload) != "{}" || string(m.Result) != `{"n":1}` || i > 0 && m.MissionID >= ms[i-1].MissionID {
			t.Fatalf("line %d: %+v", i, m)
		}
	}
	if ms := get("?label=no:body"); len(ms) != 0 {
		t.Errorf("%d with a label that none has", len(ms))
	}
	if a := s.do("HEAD", "/missions/export", ""); a.status != http.StatusOK {
		t.Errorf("HEAD: %d", a.status)
	}
	for _, query := range []string{"?limit=3", "?cursor=x", "?status=LOST"} {
		if a := s.do("GET", "/missions/export"+query, "", with{beyondContract, "yes"}); a.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", query, a.status, a.body)
		}
	}
	s.store.source.Store(&store.Source{Degraded: true})
	if a := s.do("GET", "/missions/export", ""); a.status != http.StatusServiceUnavailable || a.problem(t).Code != "store_unavailable" {
		t.Errorf("from memory: %d %s", a.status, a.body)
	}
}

// large creates missions of which few fit into the buffers of sockets.
func (s *testServer) large(n int) {
	s.t.Helper()
	r := contracts.DefaultMissionRequest()
	r.Name, r.Payload = "large", json.RawMessage(`{"a":"`+strings.Repeat("x", 200<<10)+`"}`)
	for range n {
		if _, err := s.missions.Submit(s.t.Context(), r, nil); err != nil {
			s.t.Fatal(err)
		}
	}
}

// TestAnExportThatBreaksOffSaysSo: its last line says why, and the answer does not end as HTTP says.
func TestAnExportThatBreaksOffSaysSo(t *testing.T) {
	s := newTestServer(t, Config{})
	s.large(40)
	plain := &http.Transport{}
	defer plain.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/missions/export", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := plain.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	first := make([]byte, 1)
	if _, err := io.ReadFull(resp.Body, first); err != nil {
		t.Fatal(err)
	}
	s.store.away.Store(true) // while the sockets are full
	ms, last, err := exported(t, io.MultiReader(strings.NewReader(string(first)), resp.Body))
	if err == nil || len(ms) != exportMany || last["error"].Code != "store_unavailable" {
		t.Errorf("%d missions, then %+v, and the end %v", len(ms), last, err)
	}
}

// sparse is a store of many pages, each of which takes a second, and of which only the last has a mission that fits.
type sparse struct {
	Store
	pages int
	last  contracts.Mission
}

func (s *sparse) List(ctx context.Context, _ store.Query) (store.Page, error) {
	select {
	case <-ctx.Done():
		return store.Page{}, ctx.Err()
	case <-time.After(time.Second):
	}
	if s.pages--; s.pages > 0 {
		return store.Page{Next: "more", Complete: true}, nil
	}
	return store.Page{Missions: []contracts.Mission{s.last}, Complete: true}, nil
}

func (s *sparse) Load(context.Context, ...string) ([]store.Record, error) {
	return []store.Record{{Mission: s.last}}, nil
}

// TestAnExportOfFewAmongMany: that it finds nothing for longer than a request may take is no failure.
func TestAnExportOfFewAmongMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := contracts.At(time.Now())
		all := &sparse{pages: 60, last: contracts.Mission{MissionID: "m", Status: contracts.StatusQueued, Version: 1, CreatedAt: at, UpdatedAt: at}}
		ours, theirs := net.Pipe()
		defer ours.Close()   //nolint:errcheck // nobody reads it
		defer theirs.Close() //nolint:errcheck // nobody reads it
		e := &export{server: &Server{deps: Deps{Store: all}, base: t.Context()}, walk: bulk.NewWalk(all, store.Query{}), conn: ours}
		defer e.Close() //nolint:errcheck // as it ends
		got, last, err := exported(t, e)
		if err != nil || len(got) != 1 || len(last) > 0 {
			t.Errorf("%d missions, then %+v, and the end %v", len(got), last, err)
		}
	})
}

// TestAStopDoesNotWaitForAnExport, whether its client reads or not.
func TestAStopDoesNotWaitForAnExport(t *testing.T) {
	for _, reads := range []bool{true, false} {
		t.Run(fmt.Sprint("reads: ", reads), func(t *testing.T) {
			s := newTestServer(t, Config{})
			s.large(80)
			plain := &http.Transport{}
			defer plain.CloseIdleConnections()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/missions/export", nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := plain.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			stopped := make(chan error, 1)
			go func() {
				ctx, cancel := context.WithTimeout(context.Background(), 2*soon)
				defer cancel()
				stopped <- s.server.Stop(ctx)
			}()
			if reads {
				for !s.server.isStopped() {
					runtime.Gosched()
				}
				_, last, err := exported(t, resp.Body)
				if err == nil || last["error"].Code != "stopping" {
					t.Errorf("it ended with %v, %v", last, err)
				}
			}
			if err := <-stopped; err != nil {
				t.Error(err)
			}
		})
	}
}
