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

func TestSquads(t *testing.T) {
	const gpu = `{"name":"gpu","paused":%v,"soldiers":2,"slots":32,"scheduled":3,"queued":1204,"running":32,"ready":480,"limits":{"max_running":4,"admitted":3,"waiting":12},"created_at":"2026-01-02T03:04:05.000Z"}`
	var asked []string
	commander := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.RequestURI())
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.URL.Path == "/squads":
			fmt.Fprintf(w, `{"squads":[{"name":"default","paused":false,"soldiers":0,"slots":0},`+gpu+`],"degraded":true,"as_of":"2026-01-02T03:04:05.000Z"}`, true)
		case strings.HasPrefix(r.URL.Path, "/squads/gpu"):
			fmt.Fprintf(w, gpu, strings.HasSuffix(r.URL.Path, "/pause"))
		default:
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusConflict)
			fmt.Fprint(w, `{"status":409,"code":"default_squad","detail":"The squad default is always there."}`)
		}
	}))
	defer commander.Close()
	for _, c := range []struct {
		args, request string
		out           []string
		err           string
		code          int
	}{
		{"", "GET /squads", []string{"default  open  ", "gpu      paused  2  ", "480"}, "Redis is away", 0},
		{"-o json", "GET /squads", []string{`"paused": true`, `"degraded": true`}, "", 0},
		{"pause gpu", "POST /squads/gpu/pause", []string{"squad gpu is paused"}, "", 0},
		{"pause gpu -o json", "POST /squads/gpu/pause", []string{`"paused": true`}, "", 0},
		{"resume gpu", "POST /squads/gpu/resume", []string{"squad gpu is resumed"}, "", 0},
		{"", "GET /squads", []string{"SCHEDULED QUEUED RUNNING", "default open 0 0 - - - - -", "gpu paused 2 32 3 1204 32 480 4 (3 admitted, 12 wait) 2026"}, "", 0},
		{"limit gpu 4", "PUT /squads/gpu/limits", []string{"squad gpu may run 4 missions at once"}, "", 0},
		{"limit gpu 4 -o json", "PUT /squads/gpu/limits", []string{`"max_running": 4`}, "", 0},
		{"limit gpu none", "DELETE /squads/gpu/limits", []string{"squad gpu has no limit"}, "", 0},
		{"limit gpu some", "", nil, "1 to 10000, or none", 2},
		{"limit gpu", "", nil, "arg", 2},
		{"remove gpu", "DELETE /squads/gpu", []string{"squad gpu is removed"}, "", 0},
		{"remove default", "DELETE /squads/default", nil, "always there", 1},
		{"pause", "", nil, "arg", 2},
	} {
		asked = nil
		var out, errs bytes.Buffer
		code := run(t.Context(), append([]string{"squads", "--url", commander.URL}, strings.Fields(c.args)...), cliout.Streams{Out: &out, Err: &errs})
		if code != c.code || strings.Join(asked, " ") != c.request || !strings.Contains(errs.String(), c.err) {
			t.Errorf("%s: exit %d, asked %q, said %q and %q", c.args, code, asked, out.String(), errs.String())
		}
		for _, want := range c.out {
			if !strings.Contains(strings.Join(strings.Fields(out.String()), " "), strings.Join(strings.Fields(want), " ")) {
				t.Errorf("%s: said %q, want %q in it", c.args, out.String(), want)
			}
		}
	}
}
