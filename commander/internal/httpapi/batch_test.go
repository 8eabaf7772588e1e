package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

func (a answer) missions(t testing.TB) []contracts.Mission {
	t.Helper()
	var l missionList
	if err := decodeJSON(a.body, &l); err != nil {
		t.Fatalf("no missions: %v\n%s", err, a.body)
	}
	return l.Missions
}

func names(missions []contracts.Mission) []string {
	list := []string{}
	for _, m := range missions {
		list = append(list, m.Name)
	}
	return list
}

// batchOf is a body with n missions.
func batchOf(n int) string {
	return `{"missions":[` + strings.TrimSuffix(strings.Repeat(`{"name":"n"},`, n), ",") + `]}`
}

func (s *testServer) count() int64 {
	s.t.Helper()
	c, err := s.store.Store.Counts(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return c.ByStatus[contracts.StatusQueued]
}

func TestBatch(t *testing.T) {
	s := newTestServer(t, Config{})
	a := s.do("POST", "/missions/batch", `{"missions":[
		{"name":" first ","kind":"resize","payload":{"a": 1},"labels":{"team":"blue"}}, {"name":"second","timeout_seconds":60}]}`)
	if a.status != http.StatusAccepted {
		t.Fatalf("%d %s", a.status, a.body)
	}
	ms := a.missions(t)
	if len(ms) != 2 || ms[0].Name != "first" || ms[0].Kind != "resize" || ms[0].Labels["team"] != "blue" || ms[1].TimeoutSeconds != 60 ||
		ms[0].Payload != nil || ms[0].Version != 1 || ms[0].MissionID >= ms[1].MissionID {
		t.Errorf("%s", a.body)
	}
	if m := s.do("GET", "/missions/"+ms[0].MissionID, "").mission(t); string(m.Payload) != `{"a":1}` || m.Status != contracts.StatusQueued {
		t.Errorf("%+v", m)
	}
	if got := names(s.do("GET", "/missions", "").missions(t)); !slices.Equal(got, []string{"second", "first"}) {
		t.Errorf("listed %v", got)
	}
}

func TestBatchAtItsLimits(t *testing.T) {
	s := newTestServer(t, Config{})
	if a := s.do("POST", "/missions/batch", batchOf(1000)); a.status != http.StatusAccepted || len(a.missions(t)) != 1000 {
		t.Errorf("1000 missions: %d", a.status)
	}
	defer withoutContract(s)() // 16 MiB would be checked for seconds
	// Exactly 16 MiB, as 64 missions with payloads.
	pad := func(n int) string {
		return `{"name":"n","kind":"k","payload":{"a":"` + strings.Repeat("x", n) + `"}}`
	}
	body := `{"missions":[` + strings.Repeat(pad(260_000)+",", 63) + pad(200_000)
	body += strings.Repeat(" ", contracts.MaxBatchBodySize-len(body)-2) + `]}`
	a := s.do("POST", "/missions/batch", body)
	if a.status != http.StatusAccepted || len(a.missions(t)) != 64 {
		t.Fatalf("16 MiB: %d %.200s", a.status, a.body)
	}
	for _, more := range []int{1, 100_000} {
		a := s.do("POST", "/missions/batch", body+strings.Repeat(" ", more))
		if p := a.problem(t); a.status != 413 || p.Code != "body_too_large" || !strings.Contains(p.Detail, "16 MiB") {
			t.Errorf("%d bytes more: %d %s", more, a.status, a.body)
		}
	}
	if p := s.do("POST", "/missions", body).problem(t); p.Status != 413 || !strings.Contains(p.Detail, "(1 MiB)") {
		t.Errorf("one mission of 16 MiB: %+v", p)
	}
}

func TestBatchNamesEachBadIndex(t *testing.T) {
	s := newTestServer(t, Config{})
	for _, c := range []struct {
		name, body string
		code       string
		want       []string
	}{
		{"no list", `{}`, "invalid", []string{"missions required"}},
		{"an empty list", `{"missions":[]}`, "invalid", []string{"missions too_small"}},
		{"too many", batchOf(1001), "invalid", []string{"missions too_large"}},
		{"an object", `{"missions":{}}`, "invalid", []string{"missions invalid"}},
		{"null", `{"missions":null}`, "invalid", []string{"missions invalid"}},
		{"a list", `[]`, "invalid", []string{"body invalid"}},
		{"unknown", `{"missions":[{"name":"n"}],"name":"x"}`, "invalid", []string{"name unknown"}},
		{"some", `{"missions":[{"name":"n"},{"name":""},7,{"name":"n","kind":"K","x":1},{"name":"n"},null,{"name":"n","labels":{"":"v"}}]}`,
			"invalid", []string{
				"missions[1].name required", "missions[2] invalid", "missions[3].x unknown", "missions[3].kind invalid",
				"missions[5] invalid", "missions[6].labels. invalid",
			}},
		{"all", `{"missions":[` + strings.TrimSuffix(strings.Repeat(`{},`, 1000), ",") + `]}`, "invalid", nil},
	} {
		a := s.do("POST", "/missions/batch", c.body)
		p := a.problem(t)
		var got []string
		for _, e := range p.Errors {
			got = append(got, e.Field+" "+e.Code)
		}
		if c.want == nil {
			for i := range 1000 {
				c.want = append(c.want, fmt.Sprintf("missions[%d].name required", i))
			}
		}
		if a.status != 422 || p.Code != c.code || !slices.Equal(got, c.want) {
			t.Errorf("%s: %d %s %v, want %s %v", c.name, a.status, p.Code, got, c.code, c.want)
		}
	}
	if n := s.count(); n != 0 {
		t.Errorf("%d missions were created", n)
	}
	for _, body := range []string{`{"missions":[{"name":"n"}`, `{"missions":[{"name":"n","name":"n"}]}`, `{"missions":[],"missions":[]}`} {
		if a := s.do("POST", "/missions/batch", body); a.status != 400 || a.problem(t).Code != "invalid_json" {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
}

// TestErrorsOfOneMissionAreBounded: a body of 1 MiB can hold a hundred thousand mistakes.
func TestErrorsOfOneMissionAreBounded(t *testing.T) {
	s := newTestServer(t, Config{})
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, `"f%d":1,`, i)
	}
	if p := s.do("POST", "/missions", `{`+b.String()+`"name":"n"}`).problem(t); len(p.Errors) != maxErrors {
		t.Errorf("%d errors", len(p.Errors))
	}
	var labels strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&labels, `"k%d":1,":%d":"v",`, i, i)
	}
	if p := s.do("POST", "/missions", `{"name":"n","labels":{`+strings.TrimSuffix(labels.String(), ",")+`}}`).problem(t); len(p.Errors) != maxErrors {
		t.Errorf("%d errors of labels", len(p.Errors))
	}
	one := `{` + b.String() + `"name":"n"}`
	if p := s.do("POST", "/missions/batch", `{`+b.String()+`"missions":[`+one+`,`+one+`]}`).problem(t); len(p.Errors) != 3*maxErrors {
		t.Errorf("%d errors of a batch", len(p.Errors))
	}
}

func TestBatchIdempotencyKey(t *testing.T) {
	s := newTestServer(t, Config{})
	key := with{"Idempotency-Key", "batch-1"}
	first := s.do("POST", "/missions/batch", `{"missions":[{"name":"a"},{"name":"b","labels":{"x":"1","y":"2"}}]}`, key).missions(t)
	s.change(first[1].MissionID, func(r *store.Record) { r.Mission.Status = contracts.StatusInProgress })
	again := s.do("POST", "/missions/batch", `{ "missions" : [ {"name":"\u0061"}, {"labels":{"y":"2","x":"1"},"name":"b"} ] }`, key)
	if got := again.missions(t); again.status != http.StatusAccepted || len(got) != 2 || got[0].MissionID != first[0].MissionID ||
		got[1].MissionID != first[1].MissionID || got[1].Status != contracts.StatusInProgress {
		t.Errorf("%d %s", again.status, again.body)
	}
	for what, call := range map[string][2]string{
		"another order": {"/missions/batch", `{"missions":[{"name":"b","labels":{"x":"1","y":"2"}},{"name":"a"}]}`},
		"one less":      {"/missions/batch", `{"missions":[{"name":"a"}]}`},
		"one mission":   {"/missions", `{"name":"a"}`},
	} {
		a := s.do("POST", call[0], call[1], key)
		if a.status != 422 || a.problem(t).Code != "idempotency_key_reused" {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
	}
	s.do("POST", "/missions", `{"name":"single"}`, with{"Idempotency-Key", "single"})
	if a := s.do("POST", "/missions/batch", `{"missions":[{"name":"single"}]}`, with{"Idempotency-Key", "single"}); a.status != 422 {
		t.Errorf("a batch under a mission's key: %d", a.status)
	}
	if c, err := s.store.Store.Counts(t.Context()); err != nil || c.ByStatus[contracts.StatusQueued]+c.ByStatus[contracts.StatusInProgress] != 3 {
		t.Errorf("%v %v", c, err)
	}
}

func TestABatchIsNotHalfAccepted(t *testing.T) {
	s := newTestServer(t, Config{})
	s.store.away.Store(true)
	a := s.do("POST", "/missions/batch", batchOf(3), with{"Idempotency-Key", "k"})
	if a.status != http.StatusServiceUnavailable || a.problem(t).Code != "store_unavailable" || a.header.Get("Retry-After") == "" {
		t.Errorf("%d %s", a.status, a.body)
	}
	s.store.away.Store(false)
	if n := s.count(); n != 0 {
		t.Errorf("%d missions were created", n)
	}
	if a := s.do("POST", "/missions/batch", batchOf(3), with{"Idempotency-Key", "k"}); a.status != http.StatusAccepted || s.count() != 3 {
		t.Errorf("again: %d, %d missions", a.status, s.count())
	}
}

func TestRetry(t *testing.T) {
	s := newTestServer(t, Config{})
	m := s.create("again")
	path := "/missions/" + m.MissionID
	if a := s.do("POST", path+"/retry", ""); a.status != http.StatusConflict || a.problem(t).Code != "wrong_status" ||
		!strings.Contains(a.problem(t).Detail, "QUEUED") {
		t.Errorf("of a QUEUED mission: %d %s", a.status, a.body)
	}
	for attempt, status := range []contracts.Status{contracts.StatusFailed, contracts.StatusCancelled} {
		s.change(m.MissionID, func(r *store.Record) {
			r.Mission.Status, r.Mission.CancelRequested, r.Mission.Losses, r.Mission.FinishedAt = status, true, 5, r.Mission.CreatedAt
			r.Mission.Error = &contracts.MissionError{Code: "failed", Message: "no"}
		})
		a := s.do("POST", path+"/retry", "{}")
		got := a.mission(t)
		if a.status != http.StatusAccepted || got.Status != contracts.StatusQueued || got.Attempt != attempt+2 || got.MaxAttempts != attempt+2 ||
			got.CancelRequested || got.Losses != 0 || !got.FinishedAt.IsZero() {
			t.Errorf("of a %s mission: %d %s", status, a.status, a.body)
		}
		if a := s.do("POST", path+"/retry", ""); a.status != http.StatusConflict {
			t.Errorf("again: %d", a.status)
		}
	}
	var h historyView
	if err := json.Unmarshal(s.do("GET", path+"/history", "").body, &h); err != nil {
		t.Fatal(err)
	}
	if last := h.History[len(h.History)-1]; last.Cause != contracts.CauseOperatorRetry || last.Attempt != 3 || last.Status != contracts.StatusQueued {
		t.Errorf("last line %+v", last)
	}
	s.change(m.MissionID, func(r *store.Record) { r.Mission.Status = contracts.StatusCompleted })
	if a := s.do("POST", path+"/retry", ""); a.status != http.StatusConflict {
		t.Errorf("of a COMPLETED mission: %d", a.status)
	}
	if a := s.do("POST", "/missions/0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b/retry", ""); a.status != http.StatusNotFound {
		t.Errorf("of an unknown one: %d", a.status)
	}
	s.store.away.Store(true)
	if a := s.do("POST", path+"/retry", ""); a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
		t.Errorf("without Redis: %d %s", a.status, a.body)
	}
}

func TestLabelsAndSearch(t *testing.T) {
	s := newTestServer(t, Config{})
	a := s.do("POST", "/missions/batch", `{"missions":[
		{"name":"Recon one","labels":{"team":"blue","env":"prod"}}, {"name":"recon two","labels":{"team":"red"},"kind":"resize"},
		{"name":"patrol","labels":{"team":"blue","url":"http://x/?a=1&b=2"}}, {"name":"a recon"}]}`)
	ms := a.missions(t)
	if a.status != http.StatusAccepted {
		t.Fatalf("%d %s", a.status, a.body)
	}
	s.change(ms[2].MissionID, func(r *store.Record) { r.Mission.Status = contracts.StatusFailed })
	for query, want := range map[string][]string{
		"label=team:blue":                                   {"patrol", "Recon one"},
		"label=team:blue&status=FAILED":                     {"patrol"},
		"label=team:red&kind=resize&squad=default":          {"recon two"},
		"label=team:red&kind=simulate":                      {},
		"label=team:":                                       {},
		"label=url:http://x/%3Fa=1%26b=2":                   {"patrol"},
		"q=recon":                                           {"recon two", "Recon one"},
		"q=%20RECON%20&label=team:blue":                     {"Recon one"},
		"q=rec&status=QUEUED&kind=resize":                   {"recon two"},
		"q=one":                                             {},
		"q=" + ms[3].MissionID:                              {"a recon"},
		"q=" + ms[3].MissionID + "&label=team:blue":         {},
		"q=0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b":            {},
		"q=recon&limit=1&cursor=" + ms[1].MissionID:         {"Recon one"},
		"label=team:blue&limit=1&cursor=" + ms[2].MissionID: {"Recon one"},
	} {
		a := s.do("GET", "/missions?"+query, "")
		if got := names(a.missions(t)); a.status != http.StatusOK || !slices.Equal(got, want) {
			t.Errorf("%s: %d %v, want %v", query, a.status, got, want)
		}
		if strings.Contains(string(a.body), "searched") {
			t.Errorf("%s: says that it was cut: %s", query, a.body)
		}
	}
}

func TestACutSearchSaysSo(t *testing.T) {
	s := newTestServer(t, Config{})
	old := s.create("needle, old")
	s.create("needle at the edge")
	for left := contracts.SearchWindow - 1; left > 0; left -= 1000 {
		rs := slices.Repeat([]contracts.MissionRequest{{Name: "hay"}}, min(left, 1000))
		for i := range rs {
			rs[i].Normalize()
		}
		if _, err := s.missions.SubmitAll(t.Context(), rs, nil); err != nil {
			t.Fatal(err)
		}
	}
	a := s.do("GET", "/missions?q=needle", "")
	if got := names(a.missions(t)); !slices.Equal(got, []string{"needle at the edge"}) || !strings.Contains(string(a.body), `"searched":10000`) {
		t.Errorf("%v %s", got, a.body)
	}
	a = s.do("GET", "/missions?q="+old.MissionID, "")
	if got := names(a.missions(t)); !slices.Equal(got, []string{"needle, old"}) || strings.Contains(string(a.body), "searched") {
		t.Errorf("%v %s", got, a.body)
	}
}
