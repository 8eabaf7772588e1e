package schedule

import (
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
)

// FuzzTimes: whatever the expression, it is refused, or its times come one after the other.
func FuzzTimes(f *testing.F) {
	for _, cron := range []string{"* * * * *", "*/5 1-3 1,15 JAN-mar 1-5", "0 0 29 2 *", "@daily", "@every 5s", "TZ=", "CRON_TZ=x", "? ? ? ? ?", "1-0 * * * *", "*/99999999999999999999 * * * *", "0 30 2 31 3 *"} {
		f.Add(cron, int64(1_790_000_000))
	}
	f.Fuzz(func(t *testing.T, cron string, after int64) {
		tt, err := NewTimetable(contracts.ScheduleRequest{Cron: cron, TimeZone: "Europe/Berlin"})
		if err != nil {
			return
		}
		at := time.Unix(after%4_000_000_000, 0)
		for range 20 {
			next := tt.Next(at)
			if next.IsZero() {
				return
			}
			if !next.After(at) || next.Nanosecond() != 0 {
				t.Fatalf("%q: after %v comes %v", cron, at, next)
			}
			at = next
		}
	})
}
