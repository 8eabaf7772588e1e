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

func TestSetAside(t *testing.T) {
	var asked []string
	commander := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.RequestURI())
		w.Header().Set("Content-Type", "application/json")
		if r.Method == http.MethodGet {
			fmt.Fprint(w, `{"messages":[{"id":"abc","queue":"orders_dead_queue","reason":"rejected","size":3}],
				"counts":[{"queue":"orders_dead_queue","reason":"rejected","messages":4}],"complete":false}`)
			return
		}
		fmt.Fprint(w, `{"messages":2,"skipped":1,"complete":false}`)
	}))
	defer commander.Close()
	for _, c := range []struct {
		args, request, out, err string
		code                    int
	}{
		{"list --limit 1", "GET /set-aside?limit=1", "abc", "4 in orders_dead_queue", 0},
		{"resend abc", "POST /set-aside/abc/resend", "2 sent again", "1 can't be sent again", 0},
		{"drop abc", "DELETE /set-aside/abc", "2 dropped", "there are more", 0},
		{"drop --queue orders_dead_queue --reason rejected", "DELETE /set-aside?queue=orders_dead_queue&reason=rejected", "2 dropped", "", 0},
		{"resend --queue orders_dead_queue", "POST /set-aside/resend?queue=orders_dead_queue", "2 sent again", "", 0},
		{"drop", "", "", "give an ID", 2},
		{"drop abc --queue orders_dead_queue", "", "", "give an ID", 2},
		{"drop abc --reason rejected", "", "", "give an ID", 2},
		{"resend --reason rejected", "", "", "give an ID", 2},
	} {
		asked = nil
		var out, errs bytes.Buffer
		code := run(t.Context(), append([]string{"set-aside", "--url", commander.URL}, strings.Fields(c.args)...), cliout.Streams{Out: &out, Err: &errs})
		if code != c.code || strings.Join(asked, " ") != c.request || !strings.Contains(out.String(), c.out) || !strings.Contains(errs.String(), c.err) {
			t.Errorf("%s: exit %d, asked %q, said %q and %q", c.args, code, asked, out.String(), errs.String())
		}
	}
}
