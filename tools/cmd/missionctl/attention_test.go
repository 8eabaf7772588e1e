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

func TestAttention(t *testing.T) {
	items := `{"id":"redis_away","code":"redis_away","severity":"critical","title":"Redis is away","detail":"Since 03:04:05 UTC.","advice":"Start it.","since":"2026-01-02T03:04:05.000Z"},
		{"id":"x:1","code":"x","severity":"info","title":"Something\nnew","mission_id":"m-1"}`
	commander := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"items":[%s],"checked_at":"2026-01-02T03:04:05.000Z"}`, items)
	}))
	defer commander.Close()
	ask := func(args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		if code := run(t.Context(), append([]string{"attention", "--url", commander.URL}, args...), cliout.Streams{Out: &out, Err: &errs}); code != cliout.ExitOK {
			t.Errorf("exit code %d, said %q", code, errs.String())
		}
		return out.String()
	}
	lines := strings.Split(ask(), "\n")
	for i, want := range []string{
		"CRITICAL  Redis is away", "   since  2026-01-02 ", "     why  Since 03:04:05 UTC.", "      do  Start it.", "", "INFO      Something", " mission  m-1", "",
	} {
		if i >= len(lines) || !strings.HasPrefix(lines[i], want) {
			t.Fatalf("line %d is not %q in %q", i, want, lines)
		}
	}
	if out := ask("-o", "json"); !strings.Contains(out, `"code": "redis_away"`) {
		t.Errorf("said %q", out)
	}
	items = ""
	if out := ask(); !strings.HasPrefix(out, "Nothing needs attention, as of 2026-01-02") {
		t.Errorf("said %q", out)
	}
}
