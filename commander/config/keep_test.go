package config

import (
	"strings"
	"testing"
	"time"
)

func TestKeep(t *testing.T) {
	env := required()
	c, err := FromEnv(lookup(env))
	want := Keep{Completed: Rule{7 * day, 1_000_000}, Failed: Rule{30 * day, 1_000_000}, Cancelled: Rule{30 * day, 1_000_000}}
	if err != nil || c.Keep != want {
		t.Errorf("defaults: %+v, %v", c.Keep, err)
	}
	env["COMMANDER_KEEP_COMPLETED"], env["COMMANDER_KEEP_COMPLETED_COUNT"] = "90d", "0"
	env["COMMANDER_KEEP_FAILED"], env["COMMANDER_KEEP_CANCELLED"] = "1h30m", "0"
	c, err = FromEnv(lookup(env))
	want = Keep{Completed: Rule{90 * day, 0}, Failed: Rule{90 * time.Minute, 1_000_000}, Cancelled: Rule{0, 1_000_000}}
	if err != nil || c.Keep != want {
		t.Errorf("settings: %+v, %v", c.Keep, err)
	}
	for _, wrong := range []string{"7", "-1d", "d", "1.5d", "100ms", "40000d", "999999999999999999d", "99999999999d", "-3h", "soon"} {
		env["COMMANDER_KEEP_FAILED"] = wrong
		if _, err := FromEnv(lookup(env)); err == nil || !strings.Contains(err.Error(), "COMMANDER_KEEP_FAILED is") {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}
