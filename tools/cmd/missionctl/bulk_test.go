package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
)

func TestBulk(t *testing.T) {
	var asked []string
	var sent string
	looks := 0
	commander := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.RequestURI())
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		job := func(state string, more string) {
			fmt.Fprintf(w, `{"id":"j1","action":"retry","filter":{"label":"a:b","kind":"k"},"state":"%s","examined":9,"matched":7,"changed":5,"failed":0%s}`, state, more)
		}
		switch r.Method + " " + r.URL.Path {
		case "POST /bulk/preview":
			matched := 7
			if strings.Contains(string(body), "nobody") {
				matched = 0
			}
			fmt.Fprintf(w, `{"matched":%d,"complete":true,"sample":[{"mission_id":"m1","name":"the newest"}]}`, matched)
		case "POST /bulk":
			sent = string(body)
			w.WriteHeader(http.StatusAccepted)
			looks = 0
			job("running", "")
		case "GET /bulk/j1":
			if looks++; looks < 2 {
				job("running", "")
			} else if strings.Contains(sent, "unlucky") {
				job("done", `,"failed":1,"failures":[{"mission_id":"m9","message":"is unreadable"}]`)
			} else {
				job("done", `,"skipped":{"completed":2}`)
			}
		case "POST /bulk/j1/stop":
			job("stopped", "")
		case "GET /bulk":
			fmt.Fprint(w, `{"jobs":[`)
			job("done", "")
			fmt.Fprint(w, `],"degraded":true,"as_of":"2026-01-02T03:04:05.000Z"}`)
		case "DELETE /missions/m1":
			w.WriteHeader(http.StatusNoContent)
		case "GET /missions/export":
			w.Header().Set("Content-Type", "application/x-ndjson")
			fmt.Fprintln(w, `{"mission_id":"m1","name":"one"}`)
			if r.URL.Query().Get("kind") == "broken" {
				fmt.Fprintln(w, `{"error":{"status":503,"code":"store_unavailable","detail":"Redis is away."}}`)
			}
		default:
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"status":404,"code":"not_found","detail":"Nothing."}`)
		}
	}))
	defer commander.Close()
	const preview, order, get = "POST /bulk/preview", "POST /bulk", "GET /bulk/j1"
	for _, c := range []struct {
		args, in, request, sent string
		out, errs               []string
		code                    int
	}{
		{"retry --label a:b --kind k --reason mail", "y\n", preview + " " + order + " " + get + " " + get, `{"action":"retry","filter":{"kind":"k","label":"a:b"},"reason":"mail"}`,
			[]string{"bulk job j1 is done", "5 changed of 9 examined, 2 skipped", "2 skipped: completed"}, []string{"retry 7 missions", "the newest", "go on?"}, 0},
		{"retry --label a:b", "n\n", preview, "", nil, []string{"nothing is changed"}, 2},
		{"retry --label a:b", "", preview, "", nil, []string{"give --yes"}, 2},
		{"cancel --all --yes --no-wait", "", preview + " " + order, `{"action":"cancel","all":true}`, []string{"bulk job j1 is running: follow it with missionctl bulk get j1"}, nil, 0},
		{"purge --status completed --squad s --q x -y -o json", "", preview + " " + order + " " + get + " " + get, `{"action":"purge","filter":{"status":"COMPLETED","squad":"s","q":"x"}}`,
			[]string{`"state": "done"`}, nil, 0},
		{"retry --q unlucky -y", "", preview + " " + order + " " + get + " " + get, `{"action":"retry","filter":{"q":"unlucky"}}`, []string{"m9 failed: is unreadable"}, []string{"1 of 7 missions could not be changed"}, 3},
		{"cancel --kind nobody", "", preview, "", nil, []string{"no mission fits"}, 0},
		{"cancel", "", "", "", nil, []string{"give an ID"}, 2},
		{"cancel m1 --kind k", "", "", "", nil, []string{"give an ID"}, 2},
		{"cancel --kind k --all", "", "", "", nil, []string{"give an ID"}, 2},
		{"cancel m1 --reason why", "", "", "", nil, []string{"not for one"}, 2},
		{"retry --status lost", "", "", "", nil, []string{"--status must be one of"}, 2},
		{"purge m1", "", "DELETE /missions/m1", "", []string{"mission m1 is removed"}, nil, 0},
		{"purge m1 -o json", "", "DELETE /missions/m1", "", []string{`"mission_id": "m1"`}, nil, 0},
		{"bulk list", "", "GET /bulk", "", []string{"j1   retry", "kind=k label=a:b"}, []string{"Redis is away"}, 0},
		{"bulk list -o json", "", "GET /bulk", "", []string{`"degraded": true`}, nil, 0},
		{"bulk get j1", "", get, "", []string{"bulk job j1 is running: retry: 5 changed of 9 examined"}, nil, 0},
		{"bulk stop j1", "", "POST /bulk/j1/stop", "", []string{"bulk job j1 is stopped"}, nil, 0},
		{"bulk get j2", "", "GET /bulk/j2", "", nil, []string{"Nothing"}, 1},
		{"export --status failed --label a:b", "", "GET /missions/export?label=a%3Ab&status=FAILED", "", []string{`{"mission_id":"m1","name":"one"`}, nil, 0},
		{"export --kind broken", "", "GET /missions/export?kind=broken", "", []string{`"m1"`}, []string{"Redis is away"}, 1},
	} {
		asked, sent, looks = nil, "", 0
		var out, errs bytes.Buffer
		code := run(t.Context(), append(strings.Fields(c.args), "--url", commander.URL), cliout.Streams{In: strings.NewReader(c.in), Out: &out, Err: &errs})
		if code != c.code || strings.Join(asked, " ") != c.request || sent != c.sent {
			t.Errorf("%s: exit %d, asked %q, sent %s; said %q and %q", c.args, code, asked, sent, out.String(), errs.String())
		}
		for _, want := range c.out {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: said %q, want %q in it", c.args, out.String(), want)
			}
		}
		for _, want := range c.errs {
			if !strings.Contains(errs.String(), want) {
				t.Errorf("%s: complained %q, want %q in it", c.args, errs.String(), want)
			}
		}
	}
}
