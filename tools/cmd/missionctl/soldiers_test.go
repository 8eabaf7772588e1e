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

func TestSoldiers(t *testing.T) {
	const soldier = `{"soldier_id":"soldier-%d","session":"s","state":"%s","draining":%v,"squads":["default"],"kinds":["simulate"],
		"slots":4,"running":[{"mission_id":"m","execution":"e","run":1}],"version":"v1","last_seen_at":"2026-01-02T03:04:05.000Z"}`
	var asked []string
	commander := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.RequestURI())
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.Method == http.MethodGet:
			fmt.Fprintf(w, `{"soldiers":[`+soldier+","+soldier+","+soldier+`],"degraded":true,"as_of":"2026-01-02T03:04:05.000Z"}`,
				1, "live", false, 2, "live", true, 3, "dead", true)
		case r.URL.Path == "/soldiers/soldier-2/drain":
			w.WriteHeader(http.StatusAccepted)
			fmt.Fprintf(w, soldier, 2, "live", true)
		default:
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"status":404,"code":"not_found","detail":"No soldier of that name lives."}`)
		}
	}))
	defer commander.Close()
	for _, c := range []struct {
		args, request string
		out           []string
		err           string
		code          int
	}{
		{"", "GET /soldiers", []string{"soldier-1  live  ", "soldier-2  draining", "soldier-3  dead  "}, "Redis is away", 0},
		{"list", "GET /soldiers", []string{"soldier-2  draining  1        4", "soldier-3  dead               4"}, "Redis is away", 0},
		{"-o json", "GET /soldiers", []string{`"draining": true`, `"degraded": true`}, "", 0},
		{"drain soldier-2", "POST /soldiers/soldier-2/drain", []string{"soldier soldier-2 is asked to drain, 1 running"}, "", 0},
		{"drain soldier-2 -o json", "POST /soldiers/soldier-2/drain", []string{`"draining": true`}, "", 0},
		{"drain soldier-9", "POST /soldiers/soldier-9/drain", nil, "No soldier of that name lives", 1},
		{"drain", "", nil, "arg", 2},
	} {
		asked = nil
		var out, errs bytes.Buffer
		code := run(t.Context(), append([]string{"soldiers", "--url", commander.URL}, strings.Fields(c.args)...), cliout.Streams{Out: &out, Err: &errs})
		if code != c.code || strings.Join(asked, " ") != c.request || !strings.Contains(errs.String(), c.err) {
			t.Errorf("%s: exit %d, asked %q, said %q and %q", c.args, code, asked, out.String(), errs.String())
		}
		for _, want := range c.out {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: said %q, want %q in it", c.args, out.String(), want)
			}
		}
	}
}
