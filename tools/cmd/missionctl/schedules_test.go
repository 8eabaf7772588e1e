package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
)

func TestSchedules(t *testing.T) {
	const patrol = `{"name":"patrol","cron":"0 2 * * *","time_zone":"Europe/Berlin","mission":{"name":"n","kind":"report"},"missed":"last","overlap":"skip",
		"paused":%v,"last_mission_id":"m1","runs":[{"at":"2026-01-02T03:04:05.000Z","until":"2026-01-02T04:04:05.000Z","skipped":"missed"},{"at":"2026-01-02T02:04:05.000Z","mission_id":"m1"}]}`
	var asked, body string
	commander := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, _ := io.ReadAll(r.Body)
		asked, body = r.Method+" "+r.URL.RequestURI(), string(sent)
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.URL.Path == "/schedules":
			fmt.Fprintf(w, `{"schedules":[`+patrol+`],"degraded":true,"as_of":"2026-01-02T03:04:05.000Z"}`, true)
		case strings.HasSuffix(r.URL.Path, "/run"):
			w.WriteHeader(http.StatusAccepted)
			fmt.Fprint(w, `{"mission_id":"m2","status":"QUEUED"}`)
		case strings.HasSuffix(r.URL.Path, "/gone"):
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"status":404,"code":"not_found","detail":"There is no schedule of that name."}`)
		default:
			fmt.Fprintf(w, patrol, false)
		}
	}))
	defer commander.Close()
	file := filepath.Join(t.TempDir(), "patrol.json")
	if err := os.WriteFile(file, []byte(`{"every_seconds":5,"mission":{"name":"n","max_attempts":3}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args          []string
		request, body string
		out           []string
		err           string
		code          int
	}{
		{nil, "GET /schedules", "", []string{"patrol", "0 2 * * * Europe/Berlin", "paused", "m1", "report"}, "Redis is away", 0},
		{[]string{"list", "-o", "json"}, "GET /schedules", "", []string{`"degraded": true`}, "", 0},
		{[]string{"get", "patrol"}, "GET /schedules/patrol", "", []string{"skipped: missed until", "m1", "active"}, "", 0},
		{[]string{"set", "patrol", "--cron", "0 2 * * *", "--time-zone", "Europe/Berlin", "--overlap", "skip", "--kind", "report", "--paused", "--label", "a:b", "--concurrency-key", "k", "--max-attempts", "2"}, "PUT /schedules/patrol",
			`{"cron":"0 2 * * *","time_zone":"Europe/Berlin","mission":{"name":"patrol","kind":"report","labels":{"a":"b"},"concurrency_key":"k","max_attempts":2},"overlap":"skip","paused":true}`, []string{"patrol"}, "", 0},
		{[]string{"set", "patrol", "--every", "90s", "--mission-name", "n", "--payload", `{"x":1}`, "--paused=false"}, "PUT /schedules/patrol",
			`{"every_seconds":90,"mission":{"name":"n","payload":{"x":1}},"paused":false}`, []string{"patrol"}, "", 0},
		{[]string{"set", "patrol", "-f", file}, "PUT /schedules/patrol", `{"every_seconds":5,"mission":{"name":"n","max_attempts":3}}`, []string{"patrol"}, "", 0},
		{[]string{"set", "patrol", "--every", "1m", "--squad", "gpu", "--unique-key", "u", "--deadline", "6h", "--retry-delay", "0s"}, "PUT /schedules/patrol",
			`{"every_seconds":60,"mission":{"name":"patrol","squad":"gpu","retry":{"delay_seconds":0},"unique_key":"u","deadline_seconds":21600}}`, []string{"patrol"}, "", 0},
		{[]string{"set", "patrol", "-f", file, "--squad", "gpu"}, "", "", nil, "none of the others can be", 2},
		{[]string{"pause", "patrol"}, "POST /schedules/patrol/pause", "", []string{"patrol"}, "", 0},
		{[]string{"resume", "patrol", "-o", "json"}, "POST /schedules/patrol/resume", "", []string{`"name": "patrol"`}, "", 0},
		{[]string{"run", "patrol"}, "POST /schedules/patrol/run", "", []string{"m2"}, "", 0},
		{[]string{"remove", "patrol"}, "DELETE /schedules/patrol", "", []string{"schedule patrol is removed"}, "", 0},
		{[]string{"get", "gone"}, "GET /schedules/gone", "", nil, "There is no schedule of that name", 1},
		{[]string{"set", "patrol"}, "", "", nil, "at least one of the flags", 2},
		{[]string{"set", "patrol", "--every", "1s", "--cron", "* * * * *"}, "", "", nil, "none of the others can be", 2},
		{[]string{"set", "patrol", "--every", "1500ms"}, "", "", nil, "whole seconds", 2},
		{[]string{"set", "patrol", "-f", file + ".none"}, "", "", nil, "--file can't be read", 2},
	} {
		asked, body = "", ""
		var out, errs bytes.Buffer
		code := run(t.Context(), append([]string{"schedules", "--url", commander.URL}, c.args...), cliout.Streams{Out: &out, Err: &errs})
		if code != c.code || asked != c.request || body != c.body || !strings.Contains(errs.String(), c.err) {
			t.Errorf("%v: exit %d, asked %q with %s, said %q and %q", c.args, code, asked, body, out.String(), errs.String())
		}
		for _, want := range c.out {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%v: said %q, want %q in it", c.args, out.String(), want)
			}
		}
	}
}
