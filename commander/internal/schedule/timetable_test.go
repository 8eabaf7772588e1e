package schedule

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mission-control-dev/mission-control/contracts"
)

func timetable(t interface {
	Helper()
	Fatal(args ...any)
}, cron, zone string,
) Timetable {
	t.Helper()
	tt, err := NewTimetable(contracts.ScheduleRequest{Cron: cron, TimeZone: zone})
	if err != nil {
		t.Fatal(cron, zone, err)
	}
	return tt
}

func TestTimes(t *testing.T) {
	for _, c := range []struct{ name, cron, zone, after, want string }{
		{"every five minutes", "*/5 * * * *", "UTC", "2026-01-01T00:00:00Z", "00:05 00:10 00:15"},
		{"with seconds", "*/20 59 23 31 12 *", "UTC", "2026-12-31T23:59:00Z", "23:59:20 23:59:40 12-31T23:59:00"},
		{"by name", "@daily", "UTC", "2026-01-01T00:00:00Z", "01-02T00:00 01-03T00:00"},
		{"either day", "0 0 13 * 5", "UTC", "2026-02-01T00:00:00Z", "02-06T00:00 02-13T00:00 02-20T00:00"},
		{"a leap day", "0 12 29 2 *", "UTC", "2026-01-01T00:00:00Z", "2028-02-29T12:00 2032-02-29T12:00"},
		{"a leap day of years to come", "0 12 29 2 *", "Europe/Berlin", "2036-01-01T00:00:00Z", "2036-02-29T11:00 2040-02-29T11:00 2044-02-29T11:00"},
		{"the last day of a leap year to come", "0 12 31 12 *", "America/Santiago", "2040-01-01T00:00:00Z", "2040-12-31T15:00 2041-12-31T15:00"},
		{"a moment within a second", "* * * * * *", "UTC", "2026-01-01T00:00:00.5Z", "00:00:01 00:00:02"},
		{"where no clock is set", "30 9 * * *", "Asia/Kolkata", "2026-01-01T00:00:00Z", "04:00 01-02T04:00"},

		// 2026-03-29 02:00 becomes 03:00, which is 01:00Z.
		{"left out", "30 2 * * *", "Europe/Berlin", "2026-03-27T12:00:00Z", "03-28T01:30 03-29T01:00 03-30T00:30"},
		{"left out, after it", "30 2 * * *", "Europe/Berlin", "2026-03-29T01:00:00Z", "03-30T00:30"},
		{"many left out are one", "*/10 2,3 * * *", "Europe/Berlin", "2026-03-28T03:00:00Z", "03-29T01:00 03-29T01:10"},
		{"before it is left out", "59 1 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "03-29T00:59 03-29T23:59"},
		{"hourly over what is left out", "30 * * * *", "Europe/Berlin", "2026-03-28T23:30:00Z", "03-29T00:30 03-29T01:30 03-29T02:30"},
		// 2026-10-25 03:00 becomes 02:00, which is 01:00Z.
		{"shown twice", "30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "10-25T00:30 10-26T01:30"},
		{"shown twice, after the first", "30 2 * * *", "Europe/Berlin", "2026-10-25T01:00:00Z", "10-26T01:30"},
		{"the end of what is shown twice", "0 3 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "10-25T02:00 10-26T02:00"},
		{"some hours over what is shown twice", "15 1-3 * * *", "Europe/Berlin", "2026-10-24T22:00:00Z", "10-24T23:15 10-25T00:15 10-25T02:15"},
		{"hourly over what is shown twice", "30 * * * *", "Europe/Berlin", "2026-10-24T23:30:00Z", "10-25T00:30 10-25T01:30 10-25T02:30"},

		// Where midnight is left out, at 03:00Z (Santiago, 2026-09-06) and 22:00Z (Cairo, 2026-04-23).
		{"midnight left out", "0 0 * * *", "America/Santiago", "2026-09-05T12:00:00Z", "09-06T04:00 09-07T03:00"},
		{"midnight left out, in Cairo", "0 0 * * *", "Africa/Cairo", "2026-04-23T12:00:00Z", "04-23T22:00 04-24T21:00"},
		// Half an hour (Lord Howe, 2026-10-03T15:30Z) and a whole day (Apia had no 2011-12-30).
		{"half an hour left out", "15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00:00Z", "10-03T15:30 10-04T15:15"},
		{"a day left out", "0 12 * * *", "Pacific/Apia", "2011-12-29T12:00:00Z", "12-29T22:00 12-30T10:00 12-30T22:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tt := timetable(t, c.cron, c.zone)
			after, err := time.Parse(time.RFC3339, c.after)
			if err != nil {
				t.Fatal(err)
			}
			for want := range strings.FieldsSeq(c.want) {
				at := tt.Next(after)
				if got := at.UTC().Format("2006-01-02T15:04:05"); !strings.Contains(got+" ", want) {
					t.Fatalf("after %v comes %s, want %s", after, got, want)
				}
				after = at
			}
		})
	}
}

func TestEverySoManySeconds(t *testing.T) {
	tt, err := NewTimetable(contracts.ScheduleRequest{EverySeconds: 7})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1_750_000_000, 5)
	for range 10 {
		next := tt.Next(at)
		if next.Unix()%7 != 0 || next.Nanosecond() != 0 || !next.After(at) || next.Sub(at) > 7*time.Second {
			t.Fatalf("after %v comes %v", at, next)
		}
		at = next
	}
}

func TestWhatHasNoTimesIsRefused(t *testing.T) {
	for _, r := range []contracts.ScheduleRequest{
		{}, {Cron: "* * * * *", TimeZone: "UTC", EverySeconds: 5}, {EverySeconds: -1}, {EverySeconds: contracts.MaxEverySeconds + 1},
		{EverySeconds: 5, TimeZone: "UTC"}, {Cron: "* * * * *"}, {Cron: "* * * * *", TimeZone: "Local"}, {Cron: "* * * * *", TimeZone: "Mars/Base"},
		{Cron: "* * * * *", TimeZone: "../UTC"}, {Cron: "* * * *", TimeZone: "UTC"}, {Cron: "60 * * * *", TimeZone: "UTC"}, {Cron: "*/0 * * * *", TimeZone: "UTC"},
		{Cron: "* * * * 7", TimeZone: "UTC"}, {Cron: "TZ=UTC", TimeZone: "UTC"}, {Cron: "CRON_TZ=UTC * * * * *", TimeZone: "UTC"}, {Cron: "@every 5s", TimeZone: "UTC"},
		{Cron: "@reboot", TimeZone: "UTC"}, {Cron: "0 0 30 2 *", TimeZone: "UTC"}, {Cron: "* * * * * " + strings.Repeat(" ", 300), TimeZone: "UTC"},
	} {
		_, err := NewTimetable(r)
		if _, is := errors.AsType[*contracts.ValidationError](err); !is {
			t.Errorf("%+v: %v, want a ValidationError", r, err)
		}
	}
}

// TestTimesAreThoseOfTheWallClock compares with a look at each minute of the days around a change of the clock.
func TestTimesAreThoseOfTheWallClock(t *testing.T) {
	changes := map[string]string{ // a zone and a moment near a change
		"Europe/Berlin": "2026-03-29T01:00:00Z", "America/New_York": "2026-11-01T06:00:00Z", "America/Santiago": "2026-09-06T04:00:00Z",
		"Africa/Cairo": "2026-04-23T22:00:00Z", "Australia/Lord_Howe": "2026-04-04T15:00:00Z", "Pacific/Apia": "2011-12-30T10:00:00Z", "UTC": "2026-01-01T00:00:00Z",
	}
	zones := []string{}
	for zone := range changes {
		zones = append(zones, zone)
	}
	slices.Sort(zones)
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		minute := rapid.SampledFrom([]string{"0", "15", "*/30", "59", "5,35"}).Draw(t, "minute")
		hour := rapid.SampledFrom([]string{"*", "0", "1", "2", "3", "*/2", "0-3", "23", "0,2,22"}).Draw(t, "hour")
		day := rapid.SampledFrom([]string{"* * *", "* * 0", "1-15 * *", "* 3,9-12 *"}).Draw(t, "day")
		tt := timetable(t, minute+" "+hour+" "+day, zone)
		around, err := time.Parse(time.RFC3339, changes[zone])
		if err != nil {
			t.Fatal(err)
		}
		from, to := around.Add(-30*time.Hour), around.Add(30*time.Hour)
		var got []time.Time
		for at := tt.Next(from); !at.IsZero() && !at.After(to); at = tt.Next(at) {
			got = append(got, at)
		}
		var want []time.Time
		shown := map[time.Time]bool{} // what the clock has shown
		was := from
		for at := from; !at.After(to); at = at.Add(time.Minute) {
			wall := tt.read(at, at)
			due := fits(tt, wall) && (tt.hourly || !shown[wall])
			for out := tt.read(was, was).Add(time.Minute); !tt.hourly && out.Before(wall); out = out.Add(time.Minute) {
				due = due || fits(tt, out)
			}
			if due && at.After(from) {
				want = append(want, at)
			}
			shown[wall], was = true, at
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("got  %v\nwant %v", got, want)
		}
	})
}

// fits tells whether a wall clock that shows this is what the expression wants.
func fits(t Timetable, wall time.Time) bool { return t.spec.Next(wall.Add(-1)).Equal(wall) }

func TestTheLatestTimes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom([]struct {
			cron string
			unit time.Duration
		}{{"* * * * * *", time.Second}, {"*/7 * * * *", time.Minute}, {"5 * * * *", time.Hour}, {"0 3 * * 1", time.Hour}, {"0 0 1 1 *", 24 * time.Hour}, {"0 * 1-10 1-6 *", time.Hour}}).Draw(t, "times")
		tt := timetable(t, c.cron, "Europe/Berlin")
		to := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
		first := tt.Next(to.Add(-time.Duration(rapid.IntRange(0, 5000).Draw(t, "back")) * c.unit))
		if first.After(to) {
			return
		}
		n := rapid.IntRange(1, 101).Draw(t, "n")
		want := []time.Time{}
		for at := first; !at.After(to); at = tt.Next(at) {
			want = append(want, at)
		}
		want = want[max(0, len(want)-n):]
		if got := tt.Latest(first, to, n); !slices.EqualFunc(got, want, time.Time.Equal) {
			t.Fatalf("of those since %v got %v, want %v", first, got, want)
		}
	})
}
