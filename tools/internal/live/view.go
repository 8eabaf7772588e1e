package live

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
)

// wide is from how many cells on a mission's whole id is shown, not only its end.
const wide = 110

// View lays a picture out for a terminal: height lines at most. A line may be longer than the width; Render cuts it.
func View(p Picture, width, height int) []Line {
	lines := head(p, width)
	if rest := height - len(lines) - 1; rest >= 2 {
		lines = append(lines, missions(p, width, rest)...)
	}
	if height < 1 {
		return nil
	}
	lines = lines[:min(len(lines), height-1)]
	keys := Line{}.say(Bold, "q").say(Dim, " quit  ").say(Bold, "p").say(Dim, " pause")
	if p.Paused {
		keys = Line{}.say(Bold, "q").say(Dim, " quit  ").say(Bold, "p").say(Dim, " go on  ").
			say(Warn, "paused: this is how it was at "+clock(p.At))
	}
	return append(lines, keys)
}

func head(p Picture, width int) []Line {
	lines := []Line{title(p)}
	if !p.Link.Live && p.Link.Why != "" {
		lines = append(lines, Line{}.say(Bad, p.Link.Why))
	}
	lines = append(lines, health(p))
	lines = append(lines, counts(p, width)...)
	lines = append(lines, queues(p, width)...)
	lines = append(lines, fleet(p))
	if p.Filter != "" {
		lines = append(lines, Line{}.say(Dim, "below    ").say(Warn, "only "+p.Filter))
	}
	return append(lines, nil)
}

func title(p Picture) Line {
	l := Line{}.say(Bold, "Mission Control").say(Plain, "  ").say(Dim, cliout.Plain(p.URL)).say(Plain, "  ")
	switch {
	case p.Link.Live:
		return l.say(Good, "live").say(Dim, "  data of "+clock(p.At))
	case p.Link.Stood:
		return l.say(Bad, "reconnecting since "+clock(p.Link.Since)).say(Dim, "  data of "+clock(p.Link.Heard))
	}
	return l.say(Warn, "connecting since "+clock(p.Link.Since))
}

func clock(t time.Time) string { return t.Local().Format("15:04:05") }

// health says how the commander is, in words.
func health(p Picture) Line {
	l := Line{}.say(Dim, "health   ")
	if p.Health == nil {
		return l.say(Dim, "not known yet")
	}
	h := *p.Health
	style := map[client.HealthStatus]Style{client.HealthOK: Good, client.HealthDegraded: Warn, client.HealthDown: Bad}[h.Status]
	l = l.say(style, cliout.Plain(string(h.Status)))
	var words []string
	for _, part := range slices.Sorted(maps.Keys(h.Checks)) {
		switch c := h.Checks[part]; {
		case c.Status == "down":
			words = append(words, part+" is away ("+c.Error+")")
		case c.Warning != "":
			words = append(words, part+": "+c.Warning)
		}
	}
	if p.Stats != nil && p.Stats.Degraded {
		words = append(words, "what is shown is the commander's memory, as of "+clock(p.Stats.AsOf.Time))
	}
	if len(words) > 0 {
		return l.say(Plain, ": "+cliout.Plain(strings.Join(words, "; ")))
	}
	return l.say(Dim, cliout.Plain("  version "+h.Version))
}

func counts(p Picture, width int) []Line {
	if p.Stats == nil {
		return []Line{Line{}.say(Dim, "missions ").say(Dim, "not known yet")}
	}
	var pieces []Line
	for _, s := range contracts.Statuses() {
		n, style := p.Stats.Counts[s], Plain
		if n > 0 {
			style = styleOf(s)
		}
		pieces = append(pieces, Line{}.say(style, number(n)+" "+strings.ToLower(strings.ReplaceAll(string(s), "_", " "))))
	}
	r := p.Stats.Rates
	rates := fmt.Sprintf("created %s, completed %s, failed %s a minute",
		number(r.CreatedPerMinute), number(r.CompletedPerMinute), number(r.FailedPerMinute))
	return append(flow("missions ", pieces, width, 2), Line{}.say(Dim, "rates    ").say(Plain, rates))
}

func queues(p Picture, width int) []Line {
	if p.Stats == nil {
		return nil
	}
	if len(p.Stats.Queues) == 0 {
		return []Line{Line{}.say(Dim, "queues   ").say(Dim, "depths are not known now")}
	}
	var pieces []Line
	empty := 0
	for _, q := range p.Stats.Queues {
		if q.Ready == 0 {
			empty++
			continue
		}
		piece := Line{}.say(Plain, cliout.Plain(strings.TrimSuffix(q.Name, "_queue"))+" ").say(Bold, number(q.Ready))
		switch {
		case setAside(q.Name):
			piece = piece.say(Warn, " set aside")
		case q.Consumers == 0:
			piece = piece.say(Warn, " that nobody takes")
		}
		pieces = append(pieces, piece)
	}
	if empty > 0 {
		pieces = append(pieces, Line{}.say(Dim, fmt.Sprintf("%d empty", empty)))
	}
	return flow("queues   ", pieces, width, 2)
}

// setAside tells whether a queue waits for a person.
func setAside(queue string) bool {
	return queue == topology.StatusRefused || queue == topology.SubmissionsRefused || queue == topology.OrdersDead
}

func fleet(p Picture) Line {
	l := Line{}.say(Dim, "fleet    ")
	if p.Fleet == nil {
		return l.say(Dim, "not known yet")
	}
	var live, draining, dead, slots, busy int
	for _, s := range p.Fleet.Soldiers {
		if s.State == client.SoldierDead {
			dead++
			continue
		}
		if live++; s.Draining {
			draining++
		}
		slots += s.Slots
		busy += len(s.Running)
	}
	if p.Stats != nil { // newer than what soldiers tell with their leases, twice a minute
		busy = min(slots, int(p.Stats.Counts[contracts.StatusInProgress]))
	}
	l = l.say(Plain, fmt.Sprintf("%s of %s slots in use, ", number(int64(busy)), number(int64(slots))))
	if live == 0 {
		l = l.say(Warn, "no soldier lives")
	} else {
		l = l.say(Plain, soldiers(live))
	}
	if draining > 0 {
		l = l.say(Warn, fmt.Sprintf(", %d draining", draining))
	}
	if dead > 0 {
		l = l.say(Bad, fmt.Sprintf(", %d died of late", dead))
	}
	return l
}

func soldiers(n int) string {
	if n == 1 {
		return "1 soldier"
	}
	return fmt.Sprintf("%d soldiers", n)
}

// missions are what runs and what came last, on so many lines. Where they share them, what one doesn't need the other has.
func missions(p Picture, width, height int) []Line {
	latest := 0
	if p.ListsLatest {
		latest = 1 + min(len(p.Latest), maxLatest)
	}
	running := 0
	if p.ListsRunning {
		running = 1 + len(p.Running)
	}
	if running+latest > height {
		half := height / 2
		switch {
		case running <= half:
			latest = height - running
		case latest <= height-half:
			running = height - latest
		default:
			running, latest = half, height-half
		}
	}
	var lines []Line
	if running > 0 {
		lines = append(lines, runningTitle(p, running-1))
		for _, r := range p.Running[:running-1] {
			lines = append(lines, runningLine(r, p.At, width))
		}
	}
	if latest > 0 {
		lines = append(lines, Line{}.say(Bold, p.LatestOf).say(Dim, "  newest first"))
		for _, r := range p.Latest[:latest-1] {
			lines = append(lines, latestLine(r, width))
		}
	}
	return lines
}

func runningTitle(p Picture, shown int) Line {
	n := int64(len(p.Running))
	if p.Filter == "" && p.Stats != nil {
		n = max(n, p.Stats.Counts[contracts.StatusInProgress])
	}
	count := number(n)
	if p.More {
		count += " or more"
	}
	l := Line{}.say(Bold, "RUNNING "+count).say(Dim, "  longest first")
	if int64(shown) < n {
		l = l.say(Dim, fmt.Sprintf(", %d shown", shown))
	}
	return l
}

func runningLine(r Row, now time.Time, width int) Line {
	l := Line{}.column(Busy, since(r.Began, now), 9).column(Plain, shortID(r.ID, width), idWidth(width)).
		column(Plain, orDash(r.Soldier), 14).column(Dim, progress(r.Progress), 4).column(Dim, r.Kind, 10).say(Plain, r.Name)
	if r.Note != "" {
		l = l.say(Warn, "  "+r.Note)
	}
	return l
}

func latestLine(r Row, width int) Line {
	took := ""
	if r.Status.Terminal() && !r.Began.IsZero() {
		took = cliout.Short(r.Ended.Sub(r.Began).Round(time.Millisecond))
	}
	l := Line{}.column(Dim, clock(r.Changed), 8).column(styleOf(r.Status), string(r.Status), 9).
		column(Plain, shortID(r.ID, width), idWidth(width)).column(Plain, took, 9).say(Plain, r.Name)
	if r.Note != "" {
		l = l.say(styleOf(r.Status), "  "+r.Note)
	}
	return l
}

// since is how long ago t was; never negative, though the commander's clock may be ahead of ours.
func since(t, now time.Time) string {
	if t.IsZero() {
		return "-"
	}
	d := max(0, now.Sub(t))
	if d < time.Minute {
		return fmt.Sprintf("%d s", int(d.Seconds()))
	}
	return cliout.Short(d)
}

func progress(percent int) string {
	if percent == 0 {
		return ""
	}
	return strconv.Itoa(percent) + "%"
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// shortID is a mission's id, or its end, which differs most.
func shortID(id string, width int) string {
	if width >= wide || len(id) <= idWidth(width) {
		return id
	}
	return "…" + id[len(id)-idWidth(width)+1:]
}

func idWidth(width int) int {
	if width >= wide {
		return 36
	}
	return 13
}

func styleOf(s contracts.Status) Style {
	switch s {
	case contracts.StatusCompleted:
		return Good
	case contracts.StatusFailed:
		return Bad
	case contracts.StatusCancelled:
		return Warn
	case contracts.StatusInProgress:
		return Busy
	}
	return Plain
}

// number writes n with a comma after each three digits.
func number(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
