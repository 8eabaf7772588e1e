package storetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

func logLine(text string) contracts.LogLine {
	return contracts.LogLine{At: contracts.FromMillis(1_700_000_000_123), Level: contracts.LevelInfo, Text: text}
}

// logLines are n lines, numbered from the first one on.
func logLines(first, n int) []contracts.LogLine {
	lines := make([]contracts.LogLine, n)
	for i := range lines {
		lines[i] = logLine(fmt.Sprint("line ", first+i))
	}
	return lines
}

func percent(n int, text string) *contracts.Progress {
	return &contracts.Progress{Percent: n, Text: text}
}

func (t *tester) report(r store.Report) {
	t.Helper()
	t.must(t.AddReports(t.ctx, r))
}

func (t *tester) log(id string, after int64) store.Log {
	t.Helper()
	log, err := t.Log(t.ctx, id, after)
	t.must(err)
	return log
}

func (t *tester) wantProgress(id string, run int64, want *contracts.Progress) {
	t.Helper()
	all, err := t.Progress(t.ctx, newID(), id)
	t.must(err)
	if d := diff([]store.Progress{{}, {Run: run, Progress: *want}}, all); d != "" {
		t.Errorf("progress: %s", d)
	}
	if d := diff(all[1], t.log(id, 0).Progress); d != "" {
		t.Errorf("progress with the log: %s", d)
	}
}

// wantLines wants these lines to be kept, as their numbers.
func (t *tester) wantLines(id string, dropped int64, numbers ...int64) {
	t.Helper()
	log := t.log(id, 0)
	var got []int64
	for _, l := range log.Lines {
		got = append(got, l.Number)
	}
	if d := diff(numbers, got); d != "" || log.Dropped != dropped || log.Last != dropped+int64(len(numbers)) {
		t.Errorf("lines: %s, %d of %d dropped, want %d", d, log.Dropped, log.Last, dropped)
	}
}

func numbers(first, last int64) []int64 {
	var all []int64
	for n := first; n <= last; n++ {
		all = append(all, n)
	}
	return all
}

func telemetryTests() []test {
	return []test{
		{"nothing was reported at first", func(t *tester) {
			id := t.apply(create(record(newID()))).Mission.MissionID
			t.wantProgress(id, 0, percent(0, ""))
			t.wantLines(id, 0)
			for _, unknown := range []string{newID(), "none"} {
				if _, err := t.Log(t.ctx, unknown, 0); !errors.Is(err, store.ErrNotFound) {
					t.Errorf("log of mission %q: %v, want ErrNotFound", unknown, err)
				}
			}
		}},
		{"reports are kept as they are, and change no mission", func(t *tester) {
			before := t.apply(create(record(newID())))
			id := before.Mission.MissionID
			last, err := t.LastEvent(t.ctx)
			t.must(err)
			lines := []contracts.LogLine{
				{At: contracts.FromMillis(1_700_000_000_123), Level: contracts.LevelDebug, Text: "größer \x00 \u2028"},
				{At: contracts.FromMillis(1_700_000_000_124), Level: contracts.LevelInfo},
				{At: contracts.FromMillis(1_700_000_000_125), Level: contracts.LevelWarn, Text: "w", Cut: true},
				{At: contracts.FromMillis(1_700_000_000_126), Level: contracts.LevelError, Text: strings.Repeat("e", contracts.MaxLogText)},
			}
			t.report(store.Report{MissionID: id, Attempt: 2, Run: 7, Seq: 1, Progress: percent(40, "2 of 5"), Lines: lines})
			var want []contracts.NumberedLine
			for i, l := range lines {
				want = append(want, contracts.NumberedLine{Number: int64(i + 1), Attempt: 2, Run: 7, LogLine: l})
			}
			if d := diff(want, t.log(id, 0).Lines); d != "" {
				t.Error(d)
			}
			if d := diff(want[3:], t.log(id, 3).Lines); d != "" {
				t.Errorf("behind the third: %s", d)
			}
			if log := t.log(id, 4); len(log.Lines) > 0 || log.Last != 4 || log.Dropped != 0 || log.Progress.Percent != 40 {
				t.Errorf("behind the last: %+v", log)
			}
			t.wantProgress(id, 7, percent(40, "2 of 5"))
			if d := diff(before, t.load(id)); d != "" {
				t.Errorf("the mission changed: %s", d)
			}
			if now, err := t.LastEvent(t.ctx); err != nil || now != last {
				t.Errorf("there was an event: %s, then %s, %v", last, now, err)
			}
		}},
		{"progress stays until there is another, and begins anew with a run", func(t *tester) {
			id := t.apply(create(record(newID()))).Mission.MissionID
			t.report(store.Report{MissionID: id, Run: 1, Seq: 1, Progress: percent(100, "done")})
			t.report(store.Report{MissionID: id, Run: 1, Seq: 2, Lines: logLines(1, 1)})
			t.wantProgress(id, 1, percent(100, "done"))
			t.report(store.Report{MissionID: id, Run: 1, Seq: 3, Before: 1, Progress: percent(0, "")})
			t.wantProgress(id, 1, percent(0, ""))
			t.report(store.Report{MissionID: id, Run: 1, Seq: 4, Before: 1, Progress: percent(10, "x")})
			t.report(store.Report{MissionID: id, Run: 3, Seq: 1, Lines: logLines(2, 1)})
			t.wantProgress(id, 3, percent(0, ""))
			t.wantLines(id, 0, 1, 2)
		}},
		{"what was overtaken, or comes twice, is left out", func(t *tester) {
			id := t.apply(create(record(newID()))).Mission.MissionID
			first := store.Report{MissionID: id, Run: 2, Seq: 1, Progress: percent(10, "a"), Lines: logLines(1, 2)}
			t.must(t.AddReports(t.ctx, first, first))
			second := store.Report{MissionID: id, Run: 2, Seq: 2, Before: 2, Progress: percent(20, "b"), Lines: logLines(3, 1)}
			t.report(second)
			t.report(first)
			t.report(second)
			t.report(store.Report{MissionID: id, Run: 1, Seq: 9, Progress: percent(90, "old"), Lines: logLines(1, 1)})
			t.wantProgress(id, 2, percent(20, "b"))
			t.wantLines(id, 0, 1, 2, 3)
		}},
		{"lines that were lost on the way are counted, and leave a gap", func(t *tester) {
			id := t.apply(create(record(newID()))).Mission.MissionID
			t.report(store.Report{MissionID: id, Run: 1, Seq: 3, Before: 5, Lines: logLines(6, 2)})
			t.wantLines(id, 5, 6, 7)
			t.report(store.Report{MissionID: id, Run: 1, Seq: 4, Before: 10})
			t.report(store.Report{MissionID: id, Run: 1, Seq: 5, Before: 10, Lines: logLines(11, 1)})
			t.wantLines(id, 8, 6, 7, 11)
			t.report(store.Report{MissionID: id, Run: 2, Seq: 1, Lines: logLines(1, 1)})
			t.wantLines(id, 8, 6, 7, 11, 12)
		}},
		{"lines that were told before are no news", func(t *tester) {
			id := t.apply(create(record(newID()))).Mission.MissionID
			t.report(store.Report{MissionID: id, Run: 1, Seq: 1, Lines: logLines(1, 3)})
			t.report(store.Report{MissionID: id, Run: 1, Seq: 2, Before: 1, Lines: logLines(2, 3)})
			t.report(store.Report{MissionID: id, Run: 1, Seq: 3, Lines: logLines(1, 2)})
			t.wantLines(id, 0, 1, 2, 3, 4)
			if last := t.log(id, 3).Lines[0]; last.Text != "line 4" {
				t.Errorf("the last line is %q", last.Text)
			}
		}},
		{"the newest lines are kept", func(t *tester) {
			id := t.apply(create(record(newID()))).Mission.MissionID
			said := 0
			for seq := int64(1); said < contracts.MaxLogLines+30; seq++ {
				t.report(store.Report{MissionID: id, Run: 1, Seq: seq, Before: int64(said), Lines: logLines(said+1, 46)})
				said += 46
			}
			t.wantLines(id, 30, numbers(31, contracts.MaxLogLines+30)...)
			if first := t.log(id, 0).Lines[0]; first.Text != "line 31" {
				t.Errorf("the first line is %q", first.Text)
			}
			// Long ones take the room of many, to the byte.
			long := logLine(strings.Repeat("x", contracts.MaxLogText-store.LineSize(logLine(""))))
			lines := make([]contracts.LogLine, 20)
			for i := range lines {
				lines[i] = long
			}
			t.report(store.Report{MissionID: id, Run: 2, Seq: 1, Lines: lines})
			t.wantLines(id, 234, numbers(235, 250)...)
			t.report(store.Report{MissionID: id, Run: 2, Seq: 2, Before: 20, Lines: logLines(21, 1)})
			t.wantLines(id, 235, numbers(236, 251)...)
			// Some of many long ones were told before: they are not counted twice, whether or not they would have been kept.
			id = t.apply(create(record(newID()))).Mission.MissionID
			t.report(store.Report{MissionID: id, Run: 1, Seq: 1, Lines: logLines(1, 5)})
			t.report(store.Report{MissionID: id, Run: 1, Seq: 2, Before: 3, Lines: lines})
			t.wantLines(id, 7, numbers(8, 23)...)
			t.report(store.Report{MissionID: id, Run: 1, Seq: 3, Before: 12, Lines: lines})
			t.wantLines(id, 16, numbers(17, 32)...)
		}},
		{"nothing is kept of a mission that there is none of, nor of one that was removed", func(t *tester) {
			id := t.aged(9*day, 1)
			t.report(store.Report{MissionID: id, Run: 1, Seq: 1, Progress: percent(10, ""), Lines: logLines(1, 1)})
			r := record(id)
			r.Mission.Status, r.Mission.FinishedAt = contracts.StatusCompleted, contracts.At(t.now().Add(-8*day))
			t.apply(create(r))
			t.wantLines(id, 0)
			t.report(store.Report{MissionID: id, Run: 1, Seq: 1, Progress: percent(10, ""), Lines: logLines(1, 1)})
			t.wantLines(id, 0, 1)
			t.trim(store.Trim{Status: contracts.StatusCompleted, Before: contracts.At(t.now().Add(-day)), Limit: 10})
			t.report(store.Report{MissionID: id, Run: 1, Seq: 2, Progress: percent(10, ""), Lines: logLines(1, 1)})
			all, err := t.Progress(t.ctx, id)
			t.must(err)
			if d := diff([]store.Progress{{}}, all); d != "" {
				t.Error(d)
			}
			if _, err := t.Log(t.ctx, id, 0); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("log: %v, want ErrNotFound", err)
			}
		}},
		{"reports of many missions are added at once, side by side with others", func(t *tester) {
			const missions = 8
			ids := make([]string, missions)
			for i := range ids {
				ids[i] = t.apply(create(record(newID()))).Mission.MissionID
			}
			var all sync.WaitGroup
			for run := int64(1); run <= 4; run++ {
				all.Go(func() {
					var reports []store.Report
					for i, id := range ids {
						reports = append(reports, store.Report{MissionID: id, Run: 1, Seq: run, Before: run - 1, Progress: percent(i, id), Lines: logLines(int(run), 1)})
					}
					if err := t.AddReports(t.ctx, reports...); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			found, err := t.Progress(t.ctx, ids...)
			t.must(err)
			for i, id := range ids {
				if d := diff(store.Progress{Run: 1, Progress: *percent(i, id)}, found[i]); d != "" {
					t.Error(d)
				}
				if last := t.log(id, 0).Last; last != 4 {
					t.Errorf("mission %d: %d lines are known of, want 4", i, last)
				}
			}
		}},
		{"what can't be kept is refused", func(t *tester) {
			id := t.apply(create(record(newID()))).Mission.MissionID
			for _, r := range []store.Report{
				{MissionID: "none", Run: 1, Seq: 1}, {MissionID: id, Seq: 1}, {MissionID: id, Run: 1}, {MissionID: id, Run: 1, Seq: 1, Before: -1},
				{MissionID: id, Run: 1, Seq: 1, Lines: logLines(1, contracts.MaxLogLines+1)},
			} {
				if err := t.AddReports(t.ctx, r); err == nil {
					t.Errorf("%+v was added", r)
				}
			}
			t.must(t.AddReports(t.ctx))
		}},
	}
}
