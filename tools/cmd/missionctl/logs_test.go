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

func TestLogs(t *testing.T) {
	const lines = `"lines":[{"number":7,"attempt":2,"run":3,"at":"2026-01-02T03:04:05.678Z","level":"warn","text":"small\u001b","cut":true},
		{"number":8,"attempt":2,"run":3,"at":"2026-01-02T03:04:05.679Z","level":"info","text":"done"}],"dropped":6`
	event := "event: telemetry\ndata: " + strings.ReplaceAll(`{"mission_id":"m","run":3,"progress":40,"progress_text":"2 of 5",`+lines+"}\n\n", "\n\t\t", "")
	reads := 0
	commander := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/missions/m/logs":
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, "{"+lines+"}")
		case r.URL.Path == "/missions/m":
			w.Header().Set("Content-Type", "application/json")
			status := "IN_PROGRESS"
			if reads++; reads > 1 {
				status = "FAILED"
			}
			fmt.Fprintf(w, `{"mission_id":"m","status":"%s","version":1,"progress":40,"progress_text":"2 of 5"}`, status)
		case r.URL.Path == "/events" && r.URL.RawQuery == "mission_id=m":
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprint(w, event, event, "event: mission\nid: 1\ndata: {}\n\n")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		default:
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"status":404,"code":"not_found","detail":"There is no such mission."}`)
		}
	}))
	t.Cleanup(commander.Close)
	for _, c := range []struct {
		args, out, err string
		code           int
	}{
		{"logs m", "  2/3  warn   small\uFFFD … (cut)\n", "6 lines before are not kept", 0},
		{"logs m -o json", `"number":8,"attempt":2`, "", 0},
		{"logs m --follow", "  2/3  info   done\n", "run 3 is at 40 % 2 of 5\n", 3},
		{"logs other", "", "no such mission", 1},
		{"get m", "progress  40 % 2 of 5\n", "", 0},
	} {
		reads = 0
		var out, errs bytes.Buffer
		code := run(t.Context(), append([]string{"--url", commander.URL}, strings.Fields(c.args)...), cliout.Streams{Out: &out, Err: &errs})
		if code != c.code || !strings.Contains(out.String(), c.out) || !strings.Contains(errs.String(), c.err) {
			t.Errorf("%s: exit %d, said %q and %q", c.args, code, out.String(), errs.String())
		}
		if n := strings.Count(out.String(), "done"); strings.HasPrefix(c.args, "logs m") && n != 1 {
			t.Errorf("%s: a line was printed %d times", c.args, n)
		}
	}
}
