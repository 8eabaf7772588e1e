package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/store"
)

func TestMissionFromOrderToEnd(t *testing.T) {
	s := newTestServer(t, Config{})
	a := s.do("POST", "/missions", `{"name":"  Recon  ","payload":{"min_seconds":1, "max_seconds": 2},"timeout_seconds":60}`)
	if a.status != http.StatusAccepted {
		t.Fatalf("create: %d %s", a.status, a.body)
	}
	m := a.mission(t)
	if got, want := a.header.Get("Location"), "/missions/"+m.MissionID; got != want {
		t.Errorf("Location = %q, want %q", got, want)
	}
	if m.Name != "Recon" || m.Kind != "simulate" || m.Status != contracts.StatusQueued || m.TimeoutSeconds != 60 || m.Version != 1 {
		t.Errorf("created %+v", m)
	}
	if got := string(m.Payload); got != `{"min_seconds":1,"max_seconds":2}` {
		t.Errorf("payload = %s", got)
	}
	s.change(m.MissionID, func(r *store.Record) {
		r.Mission.Status, r.Mission.Run, r.Mission.SoldierID = contracts.StatusInProgress, 1, "s1"
		r.Mission.StartedAt = contracts.At(time.Now())
	})
	a = s.do("POST", "/missions/"+m.MissionID+"/cancel", "")
	if got := a.mission(t); a.status != http.StatusAccepted || !got.CancelRequested {
		t.Errorf("cancel: %d %s", a.status, a.body)
	}
	s.change(m.MissionID, func(r *store.Record) {
		r.Mission.Status, r.Mission.Progress, r.Mission.Result = contracts.StatusCompleted, 100, []byte(`{"took":"<1 s"}`)
		r.Mission.FinishedAt = contracts.At(time.Now())
	})
	got := s.do("GET", "/missions/"+m.MissionID, "").mission(t)
	if got.Status != contracts.StatusCompleted || string(got.Result) != `{"took":"<1 s"}` {
		t.Errorf("got %+v", got)
	}
	a = s.do("POST", "/missions/"+m.MissionID+"/cancel", `{}`)
	if a.status != http.StatusConflict || a.problem(t).Code != "wrong_status" {
		t.Errorf("cancel of an ended mission: %d %s", a.status, a.body)
	}
	a = s.do("GET", "/missions/"+m.MissionID+"/history", "")
	var h historyView
	if err := decodeJSON(a.body, &h); err != nil || a.status != http.StatusOK || len(h.History) < 2 {
		t.Errorf("history: %d %s %v", a.status, a.body, err)
	}
}

func TestListPagesAndFilters(t *testing.T) {
	s := newTestServer(t, Config{})
	var ids []string
	for i := range 5 {
		ids = append([]string{s.create(fmt.Sprint("m", i)).MissionID}, ids...)
	}
	var got []string
	path := "/missions?limit=2"
	for {
		a := s.do("GET", path, "")
		var l missionList
		if err := decodeJSON(a.body, &l); err != nil || a.status != http.StatusOK {
			t.Fatalf("%d %s %v", a.status, a.body, err)
		}
		if !l.Complete || l.Degraded {
			t.Errorf("not complete: %s", a.body)
		}
		for _, m := range l.Missions {
			if m.Payload != nil {
				t.Errorf("a list shows payloads: %s", a.body)
			}
			got = append(got, m.MissionID)
		}
		if l.NextCursor == nil {
			break
		}
		path = "/missions?limit=2&cursor=" + *l.NextCursor
	}
	if fmt.Sprint(got) != fmt.Sprint(ids) {
		t.Errorf("listed %v, want %v", got, ids)
	}
	for query, want := range map[string]int{
		"?status=QUEUED": 5, "?status=FAILED": 0, "?kind=simulate": 5, "?kind=other": 0, "?squad=default&status=QUEUED": 5,
	} {
		var l missionList
		if err := decodeJSON(s.do("GET", "/missions"+query, "").body, &l); err != nil || len(l.Missions) != want {
			t.Errorf("%s: %d missions, want %d (%v)", query, len(l.Missions), want, err)
		}
	}
}

func TestIdempotencyKey(t *testing.T) {
	s := newTestServer(t, Config{})
	key := with{"Idempotency-Key", "order-1"}
	first := s.do("POST", "/missions", `{"name":"once","kind":"simulate"}`, key).mission(t)
	for _, body := range []string{
		`{"name":"once","kind":"simulate"}`, `{ "kind" : "simulate", "name" : "once" }`, `{"name":"\u006fnce","kind":"simulate"}`,
	} {
		a := s.do("POST", "/missions", body, key)
		if got := a.mission(t); a.status != http.StatusAccepted || got.MissionID != first.MissionID {
			t.Errorf("%s: %d, mission %s, want %s", body, a.status, got.MissionID, first.MissionID)
		}
	}
	a := s.do("POST", "/missions", `{"name":"twice"}`, key)
	if a.status != http.StatusUnprocessableEntity || a.problem(t).Code != "idempotency_key_reused" {
		t.Errorf("other body: %d %s", a.status, a.body)
	}
	if other := s.do("POST", "/missions", `{"name":"once","kind":"simulate"}`, with{"Idempotency-Key", "order-2"}).mission(t); other.MissionID == first.MissionID {
		t.Error("another key gave the same mission")
	}
}

func TestReadsWhileRedisIsAway(t *testing.T) {
	s := newTestServer(t, Config{})
	m := s.create("remembered")
	since := contracts.At(time.Now())
	s.store.source.Store(&store.Source{Degraded: true, AsOf: since})
	for _, path := range []string{"/missions", "/missions/" + m.MissionID, "/missions/" + m.MissionID + "/history", "/stats", "/soldiers"} {
		a := s.do("GET", path, "")
		var got struct {
			Degraded bool           `json:"degraded"`
			AsOf     contracts.Time `json:"as_of"`
		}
		if err := decodeJSON(a.body, &got); err != nil || a.status != http.StatusOK || !got.Degraded || !got.AsOf.Equal(since.Time) {
			t.Errorf("%s: %d %s (%v)", path, a.status, a.body, err)
		}
	}
	a := s.do("GET", "/missions/0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b", "")
	if a.status != http.StatusServiceUnavailable || a.problem(t).Code != "not_in_memory" || a.header.Get("Retry-After") == "" {
		t.Errorf("unknown mission: %d %s", a.status, a.body)
	}
	s.store.source.Store(nil)
	a = s.do("GET", "/missions/0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b", "")
	if a.status != http.StatusNotFound || a.problem(t).Code != "not_found" {
		t.Errorf("unknown mission: %d %s", a.status, a.body)
	}
}

func TestOrderingWhileRedisIsAway(t *testing.T) {
	s := newTestServer(t, Config{})
	s.store.away.Store(true)
	const one, two = `{"name":"x"}`, `{"missions":[{"name":"x"},{"name":"y"}]}`
	for path, body := range map[string]string{"/missions": one, "/missions/batch": two} {
		a := s.do("POST", path, body)
		var got struct{ Durable string }
		if err := decodeJSON(a.body, &got); err != nil || a.status != http.StatusAccepted || got.Durable != "broker" {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
		a = s.do("POST", path, body, with{"Idempotency-Key", "k"})
		if p := a.problem(t); a.status != http.StatusServiceUnavailable || p.Code != "store_unavailable" ||
			a.header.Get("Retry-After") == "" || !strings.Contains(p.Detail, "same key") {
			t.Errorf("%s with a key: %d %s", path, a.status, a.body)
		}
	}
	if n := s.published.Load(); n != 2 {
		t.Errorf("the broker took %d messages, want 2", n)
	}
	for err, want := range map[error]string{
		broker.ErrUnavailable: "store_unavailable", broker.ErrBlocked: "store_unavailable", broker.ErrUnroutable: "store_unavailable",
		context.DeadlineExceeded: "store_unavailable", broker.ErrRejected: "submissions_full",
	} {
		s.publish.Store(&err)
		a := s.do("POST", "/missions", one)
		if a.status != http.StatusServiceUnavailable || a.problem(t).Code != want || a.header.Get("Retry-After") == "" {
			t.Errorf("the broker says %v: %d %s", err, a.status, a.body)
		}
	}
	large := `{"missions":[{"name":"x","kind":"k","payload":{"a":"` + strings.Repeat("<", 250<<10) + `"}}` + strings.Repeat(`,{"name":"y","kind":"k","payload":{"a":"`+strings.Repeat("<", 250<<10)+`"}}`, 39) + `]}`
	if a := s.do("POST", "/missions/batch", large); a.status != http.StatusServiceUnavailable || !strings.Contains(a.problem(t).Detail, "8 MiB") {
		t.Errorf("a batch of more than 8 MiB: %d %s", a.status, a.body)
	}
}

// TestAMissionThatIsNotCreatedYet is not denied.
func TestAMissionThatIsNotCreatedYet(t *testing.T) {
	s := newTestServer(t, Config{})
	id := "0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b"
	for _, waiting := range []bool{true, false} {
		want, code := http.StatusNotFound, "not_found"
		if s.waiting.Store(nil); waiting {
			s.waiting.Store(&id)
			want, code = http.StatusServiceUnavailable, "not_created_yet"
		}
		for path, method := range map[string]string{"": "GET", "/history": "GET", "/cancel": "POST", "/retry": "POST"} {
			if a := s.do(method, "/missions/"+id+path, ""); a.status != want || a.problem(t).Code != code {
				t.Errorf("%s: %d %s", path, a.status, a.body)
			}
		}
	}
}

// TestAMissionThatIsCreatedWhileItIsAskedFor is not denied.
func TestAMissionThatIsCreatedWhileItIsAskedFor(t *testing.T) {
	s := newTestServer(t, Config{})
	for path, method := range map[string]string{"": "GET", "/history": "GET", "/cancel": "POST"} {
		s.store.away.Store(true)
		var m contracts.Mission
		if err := decodeJSON(s.do("POST", "/missions", `{"name":"x"}`).body, &m); err != nil {
			t.Fatal(err)
		}
		s.store.away.Store(false)
		create := func() {
			if err := s.missions.Admit(context.Background(), [][]contracts.Mission{{m}}); err != nil {
				t.Error(err)
			}
		}
		s.asked.Store(&create)
		if a := s.do(method, "/missions/"+m.MissionID+path, ""); a.status/100 != 2 {
			t.Errorf("%s %s: %d %s", method, path, a.status, a.body)
		}
		s.asked.Store(nil)
	}
}

func TestStoreErrorsBecomeProblems(t *testing.T) {
	s := newTestServer(t, Config{})
	m := s.create("here")
	id := "/missions/" + m.MissionID
	away := broker.ErrUnavailable // or some would be accepted
	s.publish.Store(&away)
	for _, err := range knownErrors() {
		s.store.err.Store(&err)
		want := refusalOf(err)
		for _, call := range [][2]string{
			{"GET", "/missions"}, {"GET", id}, {"GET", id + "/history"}, {"GET", "/stats"}, {"GET", "/soldiers"},
			{"POST", id + "/cancel"}, {"POST", id + "/retry"}, {"POST", "/missions"}, {"POST", "/missions/batch"},
		} {
			body := ""
			switch {
			case call[1] == "/missions" && call[0] == "POST":
				body = `{"name":"x"}`
			case call[1] == "/missions/batch":
				body = `{"missions":[{"name":"x"}]}`
			}
			if call[0] == "GET" {
				s.checkRefused(call[0], call[1], body, want.ofReading())
				continue
			}
			s.checkRefused(call[0], call[1], body, want)
		}
	}
}

// TestAReadSaysNothingOfEffects: who only reads need not fear that something was done.
func TestAReadSaysNothingOfEffects(t *testing.T) {
	s := newTestServer(t, Config{})
	away := store.ErrUnavailable
	s.store.err.Store(&away)
	for call, effect := range map[string]bool{"GET /limits": false, "GET /missions/export": false, "PUT /limits/k": true} {
		method, path, _ := strings.Cut(call, " ")
		body := ""
		if method == "PUT" {
			body = `{"max_running":2}`
		}
		a := s.do(method, path, body)
		if p := a.problem(t); p.Code != "store_unavailable" || strings.Contains(p.Detail, "took effect") != effect {
			t.Errorf("%s: %d %s", call, a.status, a.body)
		}
	}
}

// checkRefused checks a refusal, but not by the contract: in truth not every error can come from every call.
func (s *testServer) checkRefused(method, path, body string, want refusal) {
	s.t.Helper()
	defer withoutContract(s)()
	a := s.do(method, path, body)
	if p := a.problem(s.t); a.status != want.status || p.Code != want.code {
		s.t.Errorf("%s %s: %d %s, want %d %s", method, path, a.status, p.Code, want.status, want.code)
	}
	if want.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != strconv.Itoa(want.retryAfter) {
		s.t.Errorf("%s %s: no Retry-After", method, path)
	}
}

// withoutContract takes the contract away until the returned function is called.
func withoutContract(s *testServer) func() {
	checked := s.client
	s.client = &http.Client{Transport: checked.Transport.(*contractTransport).base}
	return func() { s.client = checked }
}

func TestInsideIsNeverShown(t *testing.T) {
	s := newTestServer(t, Config{})
	err := fmt.Errorf("redis at 10.0.0.7: %w", errUnknown)
	s.store.err.Store(&err)
	a := s.do("GET", "/stats", "")
	p := a.problem(t)
	if a.status != http.StatusInternalServerError || p.Code != "internal" {
		t.Errorf("%d %s", a.status, a.body)
	}
	if contains(a.body, "secret", "10.0.0.7") {
		t.Errorf("shows its inside: %s", a.body)
	}
	logged := s.logs.FilterMessage("request failed").All()
	if len(logged) != 1 || logged[0].ContextMap()["request"] != a.header.Get("X-Request-Id") {
		t.Errorf("logged %v", logged)
	}
	if !errors.Is(err, errUnknown) {
		t.Fatal("wrapping lost the error")
	}
}

func TestPanicIsAProblem(t *testing.T) {
	s := newTestServer(t, Config{})
	s.server.deps.Tokens = nil // a nil interface: the handler panics
	a := s.do("GET", "/.well-known/jwks.json", "")
	if a.status != http.StatusInternalServerError || a.problem(t).Code != "internal" {
		t.Errorf("%d %s", a.status, a.body)
	}
	if n := s.logs.FilterMessage("request failed").Len(); n != 1 {
		t.Errorf("logged %d times", n)
	}
	if a := s.do("GET", "/health/live", ""); a.status != http.StatusOK {
		t.Errorf("after a panic: %d", a.status)
	}
}

func contains(body []byte, words ...string) bool {
	for _, w := range words {
		if strings.Contains(string(body), w) {
			return true
		}
	}
	return false
}
