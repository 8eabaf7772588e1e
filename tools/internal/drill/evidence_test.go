package drill

import (
	"path/filepath"
	"testing"
)

func TestWhereJournalsAreLookedFor(t *testing.T) {
	for _, tt := range []struct {
		name, ground string
		cfg          Config
		want         string
	}{
		{"local", "local", Config{Root: "root"}, "root/.local/state/journals"},
		{"local, another state folder", "local", Config{Root: "root", StateDir: "state"}, "state/journals"},
		{"containers", "compose", Config{Root: "root", StateDir: "state"}, "root/.local/compose/journals"},
		{"named", "local", Config{Root: "root", StateDir: "state", Journals: "named"}, "named"},
		{"another ground", "embedded", Config{Root: "root", StateDir: "state"}, ""},
	} {
		if got := tt.cfg.journals(tt.ground); got != filepath.FromSlash(tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
