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

func TestLimits(t *testing.T) {
	var asked []string
	commander := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = append(asked, strings.TrimSpace(r.Method+" "+r.URL.RequestURI()+" "+string(body)))
		w.Header().Set("Content-Type", "application/json")
		one := `{"key":"a/b","max_running":3,"rate":{"starts":5,"period_seconds":60},"admitted":2,"waiting":340}`
		switch {
		case r.Method == http.MethodDelete:
			one = `{"key":"a/b","max_running":1,"default":true,"admitted":2,"waiting":340}`
		case r.URL.Path == "/limits":
			one = `{"limits":[` + one + `]}`
		}
		fmt.Fprint(w, one)
	}))
	defer commander.Close()
	for _, c := range []struct {
		args, request, out, err string
		code                    int
	}{
		{"list", "GET /limits", "5 in 1m0s", "", 0},
		{"", "GET /limits", "5 in 1m0s", "", 0},
		{"--output json", "GET /limits", `"waiting": 340`, "", 0},
		{"bogus", "", "", "unknown command", 2},
		{"set a/b", "", "", "at least one of the flags", 2},
		{"list --output json", "GET /limits", `"waiting": 340`, "", 0},
		{"get a/b", "GET /limits/a%2Fb", "340", "", 0},
		{"set a/b --max-running 3", `PUT /limits/a%2Fb {"max_running":3}`, "340", "", 0},
		{"set a/b --max-running 3 --starts 5 --period 1m", `PUT /limits/a%2Fb {"max_running":3,"rate":{"starts":5,"period_seconds":60}}`, "340", "", 0},
		{"set a/b --starts 5", `PUT /limits/a%2Fb {"max_running":1,"rate":{"starts":5,"period_seconds":1}}`, "340", "", 0},
		{"remove a/b", "DELETE /limits/a%2Fb", "1 (default)", "", 0},
		{"set a/b --max-running 2 --period 1m", "", "", "needs --starts", 2},
		{"set a/b --starts 5 --period 1500ms", "", "", "whole number of seconds", 2},
		{"set", "", "", "accepts 1 arg", 2},
	} {
		asked = nil
		var out, errs bytes.Buffer
		code := run(t.Context(), append([]string{"limits", "--url", commander.URL}, strings.Fields(c.args)...), cliout.Streams{Out: &out, Err: &errs})
		if code != c.code || strings.Join(asked, " ") != c.request || !strings.Contains(out.String(), c.out) || !strings.Contains(errs.String(), c.err) {
			t.Errorf("%s: exit %d, asked %q, said %q and %q", c.args, code, asked, out.String(), errs.String())
		}
	}
}
