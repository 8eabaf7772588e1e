package attention

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mission-control-dev/mission-control/contracts"
)

// span is a time in words. Its steps are of a minute at least, so that texts don't change all the time.
func span(d time.Duration) string {
	day := 24 * time.Hour
	switch {
	case d < time.Minute:
		return "less than a minute"
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < day:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%s %d h", count(int64(d/day), "day"), d%day/time.Hour)
}

// moment is a time of the day, with the day where that is another one.
func (p Picture) moment(at contracts.Time) string {
	if at.UTC().Format(time.DateOnly) == p.Now.UTC().Format(time.DateOnly) {
		return at.UTC().Format("15:04:05 UTC")
	}
	return at.UTC().Format("2006-01-02 15:04:05 UTC")
}

// lasting is since when and for how long, as in "Since 12:03:10 UTC, for 4 min".
func (p Picture) lasting(since contracts.Time) string {
	if since.IsZero() {
		return "Now"
	}
	return fmt.Sprintf("Since %s, for %s", p.moment(since), span(p.Now.Sub(since.Time)))
}

// count is a number of things: "1 mission", "37 missions".
func count[N int | int64](n N, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// verb is the plural's form of a verb, or the singular's for one.
func verb[N int | int64](n N, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// few joins some names, and counts the others.
func few(names []string) string {
	const shown = 3
	if len(names) <= shown {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), len(names)-shown)
}

// sentence makes a text of others one: in one line, not too long, with a full stop.
func sentence(s string) string {
	const longest = 300
	s = strings.TrimRight(strings.Join(strings.Fields(s), " "), ".")
	if utf8.RuneCountInString(s) > longest {
		s = strings.TrimSpace(string([]rune(s)[:longest])) + "…"
	}
	return s + "."
}

// missions is how many missions of a heap wait, as in "At least 200 missions wait".
func (h Heap) missions() string {
	if h.More {
		return "At least " + count(h.Count, "mission") + " " + verb(h.Count, "waits", "wait")
	}
	return count(h.Count, "mission") + " " + verb(h.Count, "waits", "wait")
}
