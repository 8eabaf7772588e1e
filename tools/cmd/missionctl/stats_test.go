package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
)

func TestStatsAndFailures(t *testing.T) {
	answers := map[string]string{
		"/stats": `{"counts":{"QUEUED":12345,"FAILED":3},"rates":{"created_per_minute":60,"completed_per_minute":50,"failed_per_minute":2},
			"oldest_queued":{"mission_id":"0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b","created_at":"2026-01-02T03:04:05.000Z","squad":"gpu"},
			"queues":[{"name":"orders_queue","ready":77,"consumers":3}],"degraded":false}`,
		"/stats/history?range=6h": `{"range":"6h","step_seconds":60,"degraded":true,"as_of":"2026-01-02T03:04:05.000Z","points":[
			{"at":"2026-01-02T03:04:00.000Z","created":41,"completed":42,"failed":43,"cancelled":44,"wait_ms":{"p50":5,"p95":1500,"p99":90000}},
			{"at":"2026-01-02T03:05:00.000Z","created":1,"completed":0,"failed":0,"cancelled":0,
			"queued":9,"in_progress":2,"scheduled":1,"oldest_queued_seconds":62.5,"slots":8,"busy":2}]}`,
		"/failures?range=1h": `{"range":"1h","others":5,"degraded":false,"groups":[{"kind":"mail","code":"failed","message":"no route\nto host","count":37,
			"first_at":"2026-01-02T03:04:05.000Z","last_at":"2026-01-02T03:09:05.000Z","mission_id":"0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b"}]}`,
		"/failures?range=24h": `{"range":"24h","others":0,"degraded":true,"as_of":"2026-01-02T03:04:05.000Z","groups":[]}`,
	}
	commander := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, answers[r.URL.RequestURI()])
	}))
	defer commander.Close()
	for _, c := range []struct {
		line string
		out  []string
		err  string
		code int
	}{
		{"stats", []string{"QUEUED       12345", "COMPLETED    0         50", "7d7a-9c3b-0c1d2e3f4a5b waits longest, created ", "squad gpu", "orders_queue  77"}, "", 0},
		{"stats -o json", []string{`"oldest_queued": {`, `"ready": 77`}, "", 0},
		{"stats --range 6h", []string{"41       42         43      44         5 ms/1.5 s/1 m 30 s  -", "9       2        1 m 02 s  2/8"}, "Redis is away", 0},
		{"stats --range 6h -o json", []string{`"step_seconds": 60`, `"oldest_queued_seconds": 62.5`}, "", 0},
		{"stats --range 2h", nil, "must be one of 1h, 6h, 24h, 7d", 2},
		{"failures", []string{"37     ", "mail  failed", "no route to host"}, "5 more failed with something else", 0},
		{"failures --range 24h", []string{"COUNT"}, "Redis is away", 0},
		{"failures --range 24h -o json", []string{`"groups": []`}, "", 0},
		{"failures --range 7d", nil, "must be one of 1h, 24h", 2},
	} {
		var out, errs bytes.Buffer
		code := run(t.Context(), append(strings.Fields(c.line), "--url", commander.URL), cliout.Streams{Out: &out, Err: &errs})
		if code != c.code || !strings.Contains(errs.String(), c.err) || c.err == "" && errs.Len() > 0 {
			t.Errorf("%s: exit %d, said %q and %q", c.line, code, out.String(), errs.String())
		}
		for _, want := range c.out {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: said\n%s\nwant %q in it", c.line, out.String(), want)
			}
		}
	}
}
