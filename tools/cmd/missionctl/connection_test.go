package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mission-control-dev/mission-control/contracts/client"
)

func TestAPIKeyComesFromOnePlace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("from the file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ flag, env, file, want, wrong string }{
		{"", "", "", "", ""},
		{"", "from the environment", "", "from the environment", ""},
		{"", "", file, "from the file", ""},
		{"from the flag", "from the environment", file, "from the flag", ""},
		{"", "from the environment", file, "", "COMMANDER_API_KEY and COMMANDER_API_KEY_FILE are both set"},
		{"", "", file + ".none", "", "COMMANDER_API_KEY_FILE"},
	} {
		t.Setenv("COMMANDER_API_KEY", tt.env)
		t.Setenv("COMMANDER_API_KEY_FILE", tt.file)
		got, err := (&connection{apiKey: tt.flag}).key()
		if got != tt.want || (err == nil) != (tt.wrong == "") || err != nil && !strings.Contains(err.Error(), tt.wrong) {
			t.Errorf("%+v: %q, error %v", tt, got, err)
		}
	}
}

// TestSetAsideOutlastsTheCommander, which takes up to 60 s, unless --timeout says otherwise.
func TestSetAsideOutlastsTheCommander(t *testing.T) {
	for flag, want := range map[time.Duration]time.Duration{0: longCallTimeout, time.Second: time.Second} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := (&connection{timeout: flag}).longCall(t.Context())
			defer cancel()
			end, _ := ctx.Deadline()
			if got := time.Until(end); got != want || flag == 0 && got <= client.DefaultLongTimeout {
				t.Errorf("--timeout %s: %s, want %s", flag, got, want)
			}
		})
	}
}
