package check_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/tools/internal/faults/check"
	"github.com/mission-control-dev/mission-control/tools/internal/faults/schedule"
	"github.com/mission-control-dev/mission-control/tools/internal/journal"
)

var t0 = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time { return t0.Add(time.Duration(seconds * float64(time.Second))) }

const (
	id  = "m"
	one = "soldier-1"
	two = "soldier-2"
)

// drill is an Input that a test edits.
type drill struct{ check.Input }

// good is a drill of one mission that was accepted at 1 s, run by soldier-1 from 2 s to 5 s, and recorded.
func good() *drill {
	return &drill{check.Input{
		Missions:   []check.Mission{{Asked: at(0.9), Accepted: at(1), Answers: named(id, 1)}},
		Executions: []journal.Execution{run(one, 1, 2, 5, journal.OutcomeCompleted)},
		Finals: map[string]check.Final{id: {
			Mission: contracts.Mission{MissionID: id, Status: contracts.StatusCompleted, Run: 1, Attempt: 1, Version: 3},
			History: []contracts.HistoryLine{accepted, granted(one, 1), ended(one, 1, contracts.CauseCompleted)},
		}},
		Deaths: map[check.Process]time.Time{},
		Began:  at(0), Ended: at(300),
	}}
}

// named are the answers that named an id: one.
func named(id string, seconds float64) []check.Answer {
	return []check.Answer{{ID: id, Asked: at(seconds - 0.1), At: at(seconds)}}
}

// again is good, but for a second execution by soldier-2 from 20 s to 23 s.
func again() *drill {
	d := good()
	d.Executions = append(d.Executions, run(two, 2, 20, 23, journal.OutcomeCompleted))
	d.history(accepted, granted(one, 1), ended(one, 1, contracts.CauseLost), granted(two, 2), ended(two, 2, contracts.CauseCompleted))
	return d
}

func (d *drill) history(lines ...contracts.HistoryLine) {
	f := d.Finals[id]
	f.History = lines
	f.Mission.Version = int64(len(lines))
	last := lines[len(lines)-1]
	f.Mission.Status, f.Mission.Run, f.Mission.Attempt = last.Status, last.Run, last.Attempt
	f.Mission.Error = nil
	if last.Status == contracts.StatusFailed {
		f.Mission.Error = &contracts.MissionError{Code: string(last.Cause)}
	}
	d.Finals[id] = f
}

// fails is a good drill whose mission fails.
func fails() *drill {
	d := good()
	d.Missions[0].Fails = true
	d.first(journal.OutcomeFailed, 5)
	d.history(accepted, granted(one, 1), ended(one, 1, contracts.CauseFailed))
	d.code("simulated_failure")
	return d
}

func (d *drill) code(code string) { d.Finals[id].Mission.Error.Code = code }

func (d *drill) first(outcome string, end float64) {
	d.Executions[0].Outcome, d.Executions[0].End = outcome, at(end)
	if end == 0 {
		d.Executions[0].End = time.Time{}
	}
}

func (d *drill) died(soldier string, seconds float64) {
	d.Deaths[check.Process{Soldier: soldier, PID: pid(soldier)}] = at(seconds)
}

func (d *drill) fault(k schedule.Kind, from, to float64, on ...string) {
	d.Faults = append(d.Faults, check.Fault{Fault: schedule.Fault{Kind: k, On: on}, Began: at(from), Ended: at(to)})
}

// saw adds a sight, in the version that a mission's first way has.
func (d *drill) saw(asked, answered float64, s contracts.Status) {
	version := map[contracts.Status]int64{queued: 1, contracts.StatusInProgress: 2, completed: 3, failed: 3}[s]
	d.sawVersion(asked, answered, s, version)
}

func (d *drill) sawVersion(asked, answered float64, s contracts.Status, version int64) {
	d.Sights = append(d.Sights, check.Sight{ID: id, Asked: at(asked), Answered: at(answered), Status: s, Version: version, Missing: s == ""})
}

func pid(soldier string) int { return int(soldier[len(soldier)-1]) }

// run is an execution; an end of 0 is none.
func run(soldier string, n int64, start, end float64, outcome string) journal.Execution {
	e := journal.Execution{
		MissionID: id, ID: soldier + string(rune('0'+n)), Run: n, Attempt: 1, Outcome: outcome, Start: at(start),
		Process: journal.Process{SoldierID: soldier, Session: soldier, PID: pid(soldier)},
	}
	if end > 0 {
		e.End = at(end)
	}
	return e
}

var accepted = contracts.HistoryLine{Status: contracts.StatusQueued, Attempt: 1, Message: "accepted"}

func granted(soldier string, n int64) contracts.HistoryLine {
	return contracts.HistoryLine{Status: contracts.StatusInProgress, Cause: contracts.CauseGranted, Attempt: 1, Run: n, SoldierID: soldier}
}

func ended(soldier string, n int64, c contracts.Cause) contracts.HistoryLine {
	l := contracts.HistoryLine{Cause: c, Attempt: 1, Run: n, SoldierID: soldier}
	switch c {
	case contracts.CauseCompleted:
		l.Status = contracts.StatusCompleted
	case contracts.CauseFailed:
		l.Status = contracts.StatusFailed
	case contracts.CauseLost, contracts.CauseReleased, contracts.CauseOperatorRetry:
		l.Status = contracts.StatusQueued
	case contracts.CauseCancel:
		l.Status = contracts.StatusCancelled
	}
	return l
}

func later(l contracts.HistoryLine, attempt int) contracts.HistoryLine {
	l.Attempt = attempt
	return l
}

const (
	completed = contracts.StatusCompleted
	failed    = contracts.StatusFailed
	queued    = contracts.StatusQueued
)

// cases are edits of a drill, and the violations that must be found then.
type cases []struct {
	name string
	from func() *drill
	edit func(*drill)
	want []check.Code
}

func (all cases) run(t *testing.T) {
	t.Helper()
	for _, tt := range all {
		t.Run(tt.name, func(t *testing.T) {
			d := tt.from()
			if tt.edit != nil {
				tt.edit(d)
			}
			r := check.Check(d.Input)
			var got []check.Code
			for _, v := range r.Violations {
				got = append(got, v.Code)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s%+v", diff, r.Violations)
			}
		})
	}
}

func TestWhatWasPromised(t *testing.T) {
	cases{
		{"all well", good, nil, nil},
		{"never accepted", good, func(d *drill) {
			d.Missions = []check.Mission{{Asked: at(1)}}
		}, nil},
		{"unknown in the end", good, func(d *drill) { d.Finals[id] = check.Final{Missing: true} }, []check.Code{check.Lost}},
		{"never read in the end", good, func(d *drill) { delete(d.Finals, id) }, []check.Code{check.Lost}},
		{"not ended", good, func(d *drill) {
			d.history(accepted, granted(one, 1))
		}, []check.Code{check.Lost}},
		{"one key, two missions", good, twoMissions, []check.Code{check.TwoMissions}},
		{"a crash", good, func(d *drill) { d.Crashes = []string{"soldier-1 died by itself"} }, []check.Code{check.Crashed}},
		{"not well in the end", good, func(d *drill) { d.Unwell = "commander-a is degraded" }, []check.Code{check.Unwell}},
		{"an odd answer", good, func(d *drill) { d.Odd = []check.Odd{{Call: "cancel", ID: id, At: at(3), Status: 500}} },
			[]check.Code{check.OddAnswer}},
		{"one key, two missions, and a wipe long after", good, func(d *drill) {
			twoMissions(d)
			d.fault(schedule.WipeRedis, 100, 101, schedule.Redis)
		}, []check.Code{check.TwoMissions}},
		{"one key, two missions, and a wipe between", good, func(d *drill) {
			twoMissions(d)
			d.Missions[0].Answers[1] = named("n", 30)[0]
			d.fault(schedule.WipeRedis, 10, 12, schedule.Redis)
		}, nil},
		{"an accepted mission is unknown", good, func(d *drill) { d.Odd = []check.Odd{{Call: "cancel", ID: id, At: at(3), Status: 404}} },
			[]check.Code{check.OddAnswer}},
	}.run(t)
}

func twoMissions(d *drill) {
	d.Missions[0].Key, d.Missions[0].Answers = "k", append(named(id, 1), named("n", 2)...)
	d.Finals["n"] = d.Finals[id]
	e := d.Executions[0]
	e.MissionID = "n"
	d.Executions = append(d.Executions, e)
}

func TestCancels(t *testing.T) {
	cancel := func(d *drill) { d.Missions[0].CancelAsked, d.Missions[0].Cancelled = at(2.9), at(3) }
	requested := contracts.HistoryLine{Status: contracts.StatusInProgress, Attempt: 1, Run: 1, SoldierID: one, Message: "cancel requested"}
	// granted once more after the cancel was noted, the soldier having died.
	lost := func(d *drill) {
		cancel(d)
		d.died(one, 6)
		d.history(accepted, granted(one, 1), requested, ended(one, 1, contracts.CauseLost), granted(two, 2), ended(two, 2, contracts.CauseCompleted))
	}
	refused := func(seconds float64) func(*drill) {
		return func(d *drill) {
			l := d.Finals[id].History
			l[2].RecordedAt = contracts.Time{Time: at(5.1)}
			d.Missions[0].CancelAsked = at(seconds - 0.1)
			d.Odd = []check.Odd{{Call: "cancel", ID: id, At: at(seconds), Status: 409}}
		}
	}
	cases{
		{"FAILED", fails, cancel, []check.Code{check.CancelLost}},
		{"FAILED, and a wipe before", fails, func(d *drill) {
			cancel(d)
			d.Missions[0].Asked = at(0.1)
			d.fault(schedule.WipeRedis, 0.2, 0.5, schedule.Redis)
		}, []check.Code{check.CancelLost}},
		{"FAILED, and a wipe after", fails, func(d *drill) {
			cancel(d)
			d.fault(schedule.WipeRedis, 3.5, 4, schedule.Redis)
		}, nil},
		{"COMPLETED by the run that was to be stopped", good, func(d *drill) {
			cancel(d)
			d.history(accepted, granted(one, 1), requested, ended(one, 1, contracts.CauseCompleted))
		}, nil},
		{"COMPLETED, and no trace of the cancel", good, cancel, []check.Code{check.CancelLost}},
		{"COMPLETED by a later run", again, lost, []check.Code{check.CancelLost}},
		{"COMPLETED by a later run, after a wipe", again, func(d *drill) {
			lost(d)
			d.fault(schedule.WipeRedis, 10, 12, schedule.Redis)
		}, nil},
		{"COMPLETED by a later run that an operator wanted", again, func(d *drill) {
			lost(d)
			d.Missions[0].Retried = at(15)
			d.first(journal.OutcomeFailed, 5)
			d.Executions[1].Attempt = 2
			d.history(accepted, granted(one, 1), requested, ended(one, 1, contracts.CauseCancel),
				later(ended(one, 1, contracts.CauseOperatorRetry), 2), later(granted(two, 2), 2), later(ended(two, 2, contracts.CauseCompleted), 2))
		}, nil},
		{"refused at work", good, refused(2.9), []check.Code{check.OddAnswer}},
		{"refused when it had ended", good, refused(6), nil},
		{"refused at work, and what it became went with a wipe", good, func(d *drill) {
			refused(2.9)(d)
			d.fault(schedule.WipeRedis, 10, 12, schedule.Redis)
			d.Finals[id] = check.Final{Missing: true}
		}, []check.Code{check.OddAnswer}},
		{"refused when it had ended, and what it became went with a wipe", good, func(d *drill) {
			refused(6)(d)
			d.fault(schedule.WipeRedis, 10, 12, schedule.Redis)
			d.Finals[id] = check.Final{Missing: true}
		}, nil},
	}.run(t)
}

func TestWhyAMissionEnds(t *testing.T) {
	frozen := func(d *drill) {
		d.Missions[0].Fails = false
		d.code(contracts.ErrorCodeTimeout)
		d.first(journal.OutcomeFailed, 302)
	}
	deaths := func(d *drill, soldier string, seconds ...float64) {
		for i, s := range seconds {
			d.Deaths[check.Process{Soldier: soldier, PID: 1000 + i}] = at(s)
		}
	}
	inVain := func(d *drill, n int) {
		d.Executions = nil
		lines := []contracts.HistoryLine{accepted}
		for range n {
			lines = append(lines, contracts.HistoryLine{Status: queued, Attempt: 1, Message: "order 1 was lost at the broker or refused by soldiers; sent again"})
		}
		d.history(append(lines, contracts.HistoryLine{Status: failed, Attempt: 1, Cause: contracts.CauseUndeliverable})...)
	}
	cuts := func(d *drill, n int, from float64) {
		for i := range n {
			at := from + 2*float64(i)
			d.fault(schedule.Cut, at, at+0.5, schedule.Link(one, schedule.RabbitMQ))
		}
	}
	lost := func(n int) []contracts.HistoryLine {
		lines := []contracts.HistoryLine{accepted}
		for i := range n {
			l := ended(one, int64(i+1), contracts.CauseLost)
			if i == n-1 {
				l.Status, l.Cause = failed, contracts.CauseSoldierLost
			}
			lines = append(lines, granted(one, int64(i+1)), l)
		}
		return lines
	}
	cases{
		{"its handler fails", fails, nil, nil},
		{"its handler never fails", fails, func(d *drill) { d.Missions[0].Fails = false }, []check.Code{check.Unexplained}},
		{"its handler fails, and it is COMPLETED", good, func(d *drill) { d.Missions[0].Fails = true }, []check.Code{check.Unexplained}},
		{"a code of nobody's", fails, func(d *drill) { d.code("panic") }, []check.Code{check.Unexplained}},
		{"no reason", fails, func(d *drill) {
			f := d.Finals[id]
			f.Mission.Error = nil
			d.Finals[id] = f
		}, []check.Code{check.Unexplained}},
		{"its handler took too long in a frozen soldier", fails, func(d *drill) {
			frozen(d)
			d.fault(schedule.PauseSoldier, 3, 250, one)
		}, nil},
		{"its handler took too long, and another soldier was frozen", fails, func(d *drill) {
			frozen(d)
			d.fault(schedule.PauseSoldier, 3, 250, two)
		}, []check.Code{check.Unexplained}},
		{"its handler had time left", fails, func(d *drill) {
			frozen(d)
			d.first(journal.OutcomeFailed, 260)
			d.fault(schedule.PauseSoldier, 3, 250, one)
		}, []check.Code{check.Unexplained}},
		{"its soldiers died five times", fails, func(d *drill) {
			d.history(lost(5)...)
			deaths(d, one, 6, 20, 40, 60, 80)
		}, nil},
		{"its soldier died, or was cut off, five times", fails, func(d *drill) {
			d.history(lost(5)...)
			deaths(d, one, 6, 20, 40)
			d.fault(schedule.PauseSoldier, 60, 70, one)
			d.fault(schedule.PauseSoldier, 80, 90, one)
		}, nil},
		{"its soldiers died four times", fails, func(d *drill) {
			d.history(lost(4)...)
			deaths(d, one, 6, 20, 40, 60, 80)
		}, []check.Code{check.Unexplained}},
		{"five losses, and four deaths", fails, func(d *drill) {
			d.history(lost(5)...)
			deaths(d, one, 6, 20, 40, 60)
		}, []check.Code{check.Unexplained}},
		{"five losses, and all but one death before it was accepted", fails, func(d *drill) {
			d.history(lost(5)...)
			deaths(d, one, 0.1, 0.2, 0.3, 0.4, 6)
		}, []check.Code{check.Unexplained}},
		{"five losses, and all soldiers died when the drill was over", fails, func(d *drill) {
			d.history(lost(5)...)
			deaths(d, one, 301, 302, 303, 304, 305)
		}, []check.Code{check.Unexplained}},
		{"four losses, and a line was dropped", fails, func(d *drill) {
			d.history(lost(4)...)
			deaths(d, one, 6, 20, 40, 60, 80)
			f := d.Finals[id]
			f.Dropped = 1
			d.Finals[id] = f
		}, []check.Code{check.Unexplained}},
		{"five deaths of another soldier", fails, func(d *drill) {
			d.history(lost(5)...)
			deaths(d, two, 6, 20, 40, 60, 80)
		}, []check.Code{check.Unexplained}},
		{"sent in vain twenty times", fails, func(d *drill) {
			inVain(d, 19)
			cuts(d, 20, 2)
		}, nil},
		{"sent in vain, and the faults were before", fails, func(d *drill) {
			inVain(d, 19)
			d.Missions[0].Asked, d.Missions[0].Accepted = at(200), at(200)
			cuts(d, 20, 2)
		}, []check.Code{check.Unexplained}},
		{"sent in vain a few times", fails, func(d *drill) {
			inVain(d, 18)
			cuts(d, 20, 2)
		}, []check.Code{check.Unexplained}},
		{"sent in vain, and RabbitMQ was always there", fails, func(d *drill) {
			d.code(contracts.ErrorCodeUndeliverable)
			d.fault(schedule.KillRedis, 2, 3, schedule.Redis)
		}, []check.Code{check.Unexplained}},
		{"cancelled by a client whose answer got lost", good, func(d *drill) {
			d.Missions[0].CancelAsked = at(3)
			d.history(accepted, granted(one, 1), ended(one, 1, contracts.CauseCancel))
		}, nil},
		{"cancelled by nobody", good, func(d *drill) {
			d.history(accepted, granted(one, 1), ended(one, 1, contracts.CauseCancel))
		}, []check.Code{check.Unexplained}},
	}.run(t)
}

func TestSubmissionsWithoutRedis(t *testing.T) {
	ask := func(n int, key string) func(*drill) {
		return func(d *drill) {
			d.fault(schedule.RedisAway, 100, 140, schedule.Redis)
			d.Faults[0].For = 40 * time.Second
			for i := range n {
				d.Missions = append(d.Missions, check.Mission{Asked: at(110 + float64(i)), Key: key})
			}
		}
	}
	// take lets some of those be accepted, and the first of them by RabbitMQ.
	take := func(taken, answered int) func(*drill) {
		return func(d *drill) {
			for i := range answered {
				m := &d.Missions[i+1]
				m.Accepted, m.OnBroker = at(150), i < taken
			}
		}
	}
	and := func(first, then func(*drill)) func(*drill) {
		return func(d *drill) {
			first(d)
			then(d)
		}
	}
	cases{
		{"none was taken", good, ask(5, ""), []check.Code{check.NotTaken}},
		{"one was taken, and the others when Redis was back", good, and(ask(6, ""), take(1, 6)), []check.Code{check.NotTaken}},
		{"most were taken", good, and(ask(10, ""), take(8, 10)), nil},
		{"too few were taken", good, and(ask(10, ""), take(7, 10)), []check.Code{check.NotTaken}},
		{"what was answered was taken", good, and(ask(10, ""), take(5, 5)), nil},
		{"few were asked for", good, ask(4, ""), nil},
		{"all had keys", good, ask(9, "k"), nil},
		{"Redis was back soon", good, and(ask(9, ""), func(d *drill) { d.Faults[0].For = 19 * time.Second }), nil},
		{"RabbitMQ was away, too", good, and(ask(9, ""), func(d *drill) { d.fault(schedule.KillRabbitMQ, 120, 121, schedule.RabbitMQ) }), nil},
	}.run(t)
}

func TestWhatReadersSaw(t *testing.T) {
	cases{
		{"the way of a mission", good, func(d *drill) {
			d.saw(1.1, 1.2, queued)
			d.saw(3, 3.1, contracts.StatusInProgress)
			d.saw(6, 6.1, completed)
			d.saw(7, 7.1, completed)
		}, nil},
		{"back from COMPLETED", good, func(d *drill) {
			d.saw(6, 6.1, completed)
			d.saw(7, 7.1, queued)
		}, []check.Code{check.GoneBack}},
		{"back to QUEUED from IN_PROGRESS, by an older version", good, func(d *drill) {
			d.saw(3, 3.1, contracts.StatusInProgress)
			d.saw(4, 4.1, queued)
		}, []check.Code{check.GoneBack}},
		{"back to QUEUED from IN_PROGRESS, by a newer version", good, func(d *drill) {
			d.saw(3, 3.1, contracts.StatusInProgress)
			d.sawVersion(4, 4.1, queued, 3)
		}, nil},
		{"an older version in the same state", good, func(d *drill) {
			d.sawVersion(3, 3.1, contracts.StatusInProgress, 4)
			d.sawVersion(4, 4.1, contracts.StatusInProgress, 2)
		}, []check.Code{check.GoneBack}},
		{"two states of one version", good, func(d *drill) {
			d.sawVersion(3, 3.1, contracts.StatusInProgress, 2)
			d.sawVersion(4, 4.1, queued, 2)
		}, []check.Code{check.GoneBack}},
		{"from one end to another", good, func(d *drill) {
			d.saw(6, 6.1, failed)
			d.saw(7, 7.1, completed)
		}, []check.Code{check.GoneBack}},
		{"the order of the evidence doesn't matter", good, func(d *drill) {
			d.saw(7, 7.1, queued)
			d.saw(6, 6.1, completed)
		}, []check.Code{check.GoneBack}},
		{"two reads at the same time may cross", good, func(d *drill) {
			d.saw(6, 7, completed)
			d.saw(6.5, 7.1, queued)
		}, nil},
		{"memory may lag", good, func(d *drill) {
			d.saw(6, 6.1, completed)
			d.saw(7, 7.1, queued)
			d.Sights[1].Degraded = true
		}, nil},
		{"memory shows nothing that was not so", good, func(d *drill) {
			d.saw(6, 6.1, completed)
			d.Sights[0].Degraded = true
			d.saw(7, 7.1, queued)
		}, []check.Code{check.GoneBack}},
		{"an operator's retry leads back from FAILED", good, func(d *drill) {
			d.Missions[0].Retried = at(6.5)
			d.saw(6, 6.1, failed)
			d.sawVersion(7, 7.1, queued, 4)
		}, nil},
		{"an operator's retry doesn't lead back from COMPLETED", good, func(d *drill) {
			d.Missions[0].Retried = at(6.5)
			d.saw(6, 6.1, completed)
			d.sawVersion(7, 7.1, queued, 4)
		}, []check.Code{check.GoneBack}},
		{"back before the retry was asked for", good, func(d *drill) {
			d.Missions[0].Retried = at(8)
			d.saw(6, 6.1, failed)
			d.sawVersion(7, 7.1, queued, 4)
		}, []check.Code{check.GoneBack}},
		{"404 after the 202", good, func(d *drill) { d.saw(1.1, 1.2, "") }, []check.Code{check.Forgotten}},
		{"an older version after Redis was wiped", good, func(d *drill) {
			d.saw(6, 6.1, completed)
			d.saw(12, 12.1, queued)
			d.fault(schedule.WipeRedis, 10, 11, schedule.Redis)
		}, nil},
		{"404 before the 202", good, func(d *drill) { d.saw(0.95, 1.2, "") }, nil},
	}.run(t)
}

func TestWhatSoldiersDid(t *testing.T) {
	cut := append(schedule.LinksOf(one), one)
	cases{
		{"twice, one after the other", again, nil, []check.Code{check.Doubled}},
		{"twice at the same time", again, func(d *drill) { d.first(journal.OutcomeCompleted, 22) },
			[]check.Code{check.Doubled, check.Overlapping}},
		{"the first one never ended", again, func(d *drill) { d.first("", 0) }, []check.Code{check.Doubled, check.Overlapping}},
		{"one grant, called twice", again, func(d *drill) {
			d.Executions[1].ID = d.Executions[0].ID
			d.died(one, 3)
		}, []check.Code{check.Doubled}},

		{"its soldier died at work", again, func(d *drill) {
			d.first("", 0)
			d.died(one, 4)
		}, nil},
		{"its soldier died after the second one began", again, func(d *drill) {
			d.first("", 0)
			d.died(one, 21)
		}, []check.Code{check.Doubled, check.Overlapping}},
		{"its soldier died before the end could be recorded", again, func(d *drill) { d.died(one, 6) }, nil},
		{"its soldier died when the end was recorded long ago", again, func(d *drill) {
			d.Executions[1].Start, d.Executions[1].End = at(100), at(103)
			d.died(one, 80)
		}, []check.Code{check.Doubled}},
		{"its soldier died long after the end, but Redis was away in between", again, func(d *drill) {
			d.Executions[1].Start, d.Executions[1].End = at(100), at(103)
			d.fault(schedule.RedisFull, 20, 30, schedule.Redis)
			d.died(one, 80)
		}, nil},
		{"another process of that soldier died", again, func(d *drill) {
			d.Deaths[check.Process{Soldier: one, PID: 1}] = at(4)
		}, []check.Code{check.Doubled}},

		{"handed back", again, func(d *drill) {
			d.first(journal.OutcomeReleased, 5)
			d.history(accepted, granted(one, 1), ended(one, 1, contracts.CauseReleased), granted(two, 2), ended(two, 2, contracts.CauseCompleted))
		}, nil},
		{"failed, and again in the same attempt", again, func(d *drill) { d.first(journal.OutcomeFailed, 5) }, []check.Code{check.Doubled}},
		{"failed, and retried", again, func(d *drill) {
			d.first(journal.OutcomeFailed, 5)
			d.Executions[1].Attempt = 2
			d.history(accepted, granted(one, 1), ended(one, 1, contracts.CauseFailed), later(ended(one, 1, contracts.CauseOperatorRetry), 2),
				later(granted(two, 2), 2), later(ended(two, 2, contracts.CauseCompleted), 2))
		}, nil},

		{"its soldier was paused", again, func(d *drill) {
			d.first(journal.OutcomeSuperseded, 45)
			d.fault(schedule.PauseSoldier, 3, 45, one)
		}, nil},
		{"another soldier was paused", again, func(d *drill) {
			d.first(journal.OutcomeSuperseded, 45)
			d.fault(schedule.PauseSoldier, 3, 45, two)
		}, []check.Code{check.Doubled, check.Overlapping}},
		{"its soldier was paused for a moment", again, func(d *drill) {
			d.first(journal.OutcomeSuperseded, 30)
			d.fault(schedule.PauseSoldier, 3, 6, one)
		}, []check.Code{check.Doubled, check.Overlapping}},
		{"its soldier was paused only afterwards", again, func(d *drill) {
			d.fault(schedule.PauseSoldier, 30, 60, one)
		}, []check.Code{check.Doubled}},
		{"its soldier was cut off from all", again, func(d *drill) {
			d.first(journal.OutcomeSuperseded, 25)
			d.fault(schedule.Isolate, 3, 25, cut[:3]...)
		}, nil},
		{"cut off by two faults", again, func(d *drill) {
			d.first(journal.OutcomeSuperseded, 25)
			d.fault(schedule.Cut, 3, 20, schedule.Link(one, schedule.RabbitMQ))
			d.fault(schedule.Stall, 2, 25, schedule.Link(one, schedule.CommanderA))
			d.fault(schedule.KillCommander, 3, 25, schedule.CommanderB)
		}, nil},
		{"cut off from RabbitMQ alone", again, func(d *drill) {
			d.first(journal.OutcomeSuperseded, 25)
			d.fault(schedule.Cut, 3, 25, schedule.Link(one, schedule.RabbitMQ))
		}, []check.Code{check.Doubled, check.Overlapping}},
		{"cut off from the commanders alone", again, func(d *drill) {
			d.first(journal.OutcomeSuperseded, 25)
			d.fault(schedule.Cut, 3, 25, cut[1:3]...)
		}, []check.Code{check.Doubled, check.Overlapping}},
		{"slow, but not cut off", again, func(d *drill) {
			d.first(journal.OutcomeSuperseded, 25)
			d.fault(schedule.Delay, 3, 25, cut[:3]...)
		}, []check.Code{check.Doubled, check.Overlapping}},
		{"all commanders were away for long", again, func(d *drill) {
			d.first(journal.OutcomeSuperseded, 30)
			d.fault(schedule.CommandersAway, 3, 19, schedule.Commanders()...)
		}, []check.Code{check.Doubled, check.Overlapping}},
		{"RabbitMQ was away", again, func(d *drill) { d.fault(schedule.KillRabbitMQ, 3, 10, schedule.RabbitMQ) }, []check.Code{check.Doubled}},
	}.run(t)
}

func TestHistories(t *testing.T) {
	line := func(edit func(lines []contracts.HistoryLine) []contracts.HistoryLine) func(*drill) {
		return func(d *drill) {
			f := d.Finals[id]
			f.History = edit(slices.Clone(f.History))
			d.Finals[id] = f
		}
	}
	cases{
		{"empty", good, line(func([]contracts.HistoryLine) []contracts.HistoryLine { return nil }), []check.Code{check.History}},
		{"begins in the middle", good, line(func(l []contracts.HistoryLine) []contracts.HistoryLine { return l[1:] }), []check.Code{check.History}},
		{"a line is missing", good, line(func(l []contracts.HistoryLine) []contracts.HistoryLine { return slices.Delete(l, 1, 2) }), []check.Code{check.History}},
		{"the end is missing", good, line(func(l []contracts.HistoryLine) []contracts.HistoryLine { return l[:2] }), []check.Code{check.History}},
		{"ended twice", good, line(func(l []contracts.HistoryLine) []contracts.HistoryLine { return append(l, l[2]) }), []check.Code{check.History}},
		{"an edge by another cause", good, line(func(l []contracts.HistoryLine) []contracts.HistoryLine {
			l[2].Cause = contracts.CauseGranted
			return l
		}), []check.Code{check.History}},
		{"a run that nobody was granted", good, line(func(l []contracts.HistoryLine) []contracts.HistoryLine {
			l[2].Run = 2
			return l
		}), []check.Code{check.History}},
		{"a run goes back", again, func(d *drill) {
			d.died(one, 6)
			d.history(accepted, granted(one, 2), ended(one, 2, contracts.CauseLost), granted(two, 2), ended(two, 2, contracts.CauseCompleted))
		}, []check.Code{check.History}},
		{"an attempt out of nothing", good, line(func(l []contracts.HistoryLine) []contracts.HistoryLine {
			l[2].Attempt = 2
			return l
		}), []check.Code{check.History}},
		{"another soldier's word", good, line(func(l []contracts.HistoryLine) []contracts.HistoryLine {
			l[2].SoldierID = two
			return l
		}), []check.Code{check.History}},
		{"changes without lines", good, func(d *drill) {
			f := d.Finals[id]
			f.Mission.Version = 9
			d.Finals[id] = f
		}, []check.Code{check.History}},
		{"notes and refusals are no edges", good, line(func(l []contracts.HistoryLine) []contracts.HistoryLine {
			note := contracts.HistoryLine{Status: queued, Attempt: 1}
			refused := contracts.HistoryLine{Status: completed, Refused: true, Cause: "superseded"}
			return slices.Insert(l, 1, note, refused)
		}), nil},
		{"lines in the middle were dropped", again, func(d *drill) {
			d.died(one, 6)
			f := d.Finals[id]
			f.History, f.Dropped = slices.Delete(slices.Clone(f.History), 1, 3), 2
			d.Finals[id] = f
		}, nil},

		{"an end that nobody reached", good, func(d *drill) { d.Executions = nil }, []check.Code{check.Invented}},
		{"COMPLETED, and its handler failed", good, func(d *drill) { d.first(journal.OutcomeFailed, 5) }, []check.Code{check.Invented}},
		{"a late end of an earlier run", again, func(d *drill) {
			d.died(one, 6)
			d.Executions[1].Outcome = journal.OutcomeSuperseded
		}, []check.Code{check.Invented}},
		{"handed back before it began", again, func(d *drill) {
			d.Executions = d.Executions[1:]
			d.history(accepted, granted(one, 1), ended(one, 1, contracts.CauseReleased), granted(two, 2), ended(two, 2, contracts.CauseCompleted))
		}, nil},
	}.run(t)
}

func TestWipes(t *testing.T) {
	gone := func(d *drill) { d.Finals[id] = check.Final{Missing: true} }
	cases{
		{"ended before Redis was wiped", good, func(d *drill) {
			gone(d)
			d.saw(9, 9.1, completed)
			d.saw(11, 11.1, "")
			d.fault(schedule.WipeRedis, 10, 12, schedule.Redis)
		}, nil},
		{"accepted after the wipe", good, func(d *drill) {
			gone(d)
			d.fault(schedule.WipeRedis, 0.1, 0.5, schedule.Redis)
		}, []check.Code{check.Lost}},
		{"its order waited at the broker", good, func(d *drill) {
			gone(d)
			d.Executions = nil
			d.fault(schedule.WipeRedis, 30, 31, schedule.Redis)
		}, []check.Code{check.Lost}},
		{"it was at work all the time", good, func(d *drill) {
			gone(d)
			d.first(journal.OutcomeCompleted, 120)
			d.fault(schedule.WipeRedis, 30, 31, schedule.Redis)
		}, []check.Code{check.Lost}},
		{"a cancel of what was wiped", good, func(d *drill) {
			gone(d)
			d.fault(schedule.WipeRedis, 10, 12, schedule.Redis)
			d.Odd = []check.Odd{{Call: "cancel", ID: id, At: at(11), Status: 404}, {Call: "retry", ID: id, At: at(13), Status: 409}}
		}, nil},
		{"a cancel before the wipe", good, func(d *drill) {
			gone(d)
			d.fault(schedule.WipeRedis, 10, 12, schedule.Redis)
			d.Odd = []check.Odd{{Call: "cancel", ID: id, At: at(9), Status: 404}}
		}, []check.Code{check.OddAnswer}},
		{"a submission is refused under a wipe", good, func(d *drill) {
			gone(d)
			d.fault(schedule.WipeRedis, 10, 12, schedule.Redis)
			d.Odd = []check.Odd{{Call: "submit", At: at(11), Status: 500}}
		}, []check.Code{check.OddAnswer}},
		{"its versions begin anew", good, func(d *drill) {
			adopted := accepted
			adopted.Cause = contracts.CauseAdopted
			d.history(adopted, granted(one, 1), ended(one, 1, contracts.CauseCompleted))
			f := d.Finals[id]
			f.Mission.Version = at(13).UnixMilli() + 2
			d.Finals[id] = f
			d.fault(schedule.WipeRedis, 10, 12, schedule.Redis)
		}, nil},
		{"its versions begin anew, and nothing was wiped", good, func(d *drill) {
			adopted := accepted
			adopted.Cause = contracts.CauseAdopted
			d.history(adopted, granted(one, 1), ended(one, 1, contracts.CauseCompleted))
			f := d.Finals[id]
			f.Mission.Version = at(13).UnixMilli() + 2
			d.Finals[id] = f
		}, []check.Code{check.History}},
		{"carried out again after the wipe", again, func(d *drill) { d.fault(schedule.WipeRedis, 10, 12, schedule.Redis) }, nil},
		{"only RabbitMQ had it, and was wiped", good, func(d *drill) {
			gone(d)
			d.Executions, d.Missions[0].OnBroker = nil, true
			d.fault(schedule.RedisFull, 0.1, 12, schedule.Redis)
			d.fault(schedule.WipeRabbitMQ, 10, 12, schedule.RabbitMQ)
		}, nil},
		{"only RabbitMQ had it, long before", good, func(d *drill) {
			gone(d)
			d.Executions, d.Missions[0].OnBroker = nil, true
			d.fault(schedule.WipeRabbitMQ, 60, 62, schedule.RabbitMQ)
		}, []check.Code{check.Lost}},
		{"gone when only RabbitMQ was wiped", good, func(d *drill) {
			gone(d)
			d.fault(schedule.WipeRabbitMQ, 10, 12, schedule.RabbitMQ)
		}, []check.Code{check.Lost}},
	}.run(t)
}

func TestWhatAWipeTookIsCounted(t *testing.T) {
	d := good()
	d.Finals[id] = check.Final{Missing: true}
	d.fault(schedule.WipeRedis, 10, 12, schedule.Redis)
	if c := check.Check(d.Input).Counts; c.GoneWithWipe != 1 || c.Lost != 0 {
		t.Errorf("%+v", c)
	}
}

func TestMeasures(t *testing.T) {
	d := good()
	d.Ended = at(100)
	d.Missions = append(d.Missions, check.Mission{Asked: at(30), Accepted: at(31)}, check.Mission{Asked: at(49), Accepted: at(52)},
		check.Mission{Asked: at(60), Accepted: at(61)})
	d.saw(6, 7, completed)
	d.saw(55, 57, completed)
	d.Sights[1].Degraded = true
	d.saw(80, 81, completed)
	d.fault(schedule.KillRedis, 40, 50, schedule.Redis)
	d.fault(schedule.KillCommander, 98, 99, schedule.CommanderA)
	r := check.Check(d.Input)
	if r.WithoutSubmit != 39*time.Second || r.WithoutRead != 50*time.Second {
		t.Errorf("without submit %v, without read %v", r.WithoutSubmit, r.WithoutRead)
	}
	want := []check.Recovery{
		{Kind: schedule.KillRedis, Where: "redis", Began: at(40), Lasted: 10 * time.Second, Submit: 11 * time.Second, Read: 31 * time.Second, Start: -1, Again: -1},
		{Kind: schedule.KillCommander, Where: "commander-a", Began: at(98), Lasted: time.Second, Submit: -1, Read: -1, Start: -1, Again: -1},
	}
	if diff := cmp.Diff(want, r.Recoveries); diff != "" {
		t.Error(diff)
	}
	if c := r.Counts; c.Asked != 4 || c.Accepted != 1 || c.Completed != 1 || c.Reads != 3 || c.Degraded != 1 || c.Executions != 1 {
		t.Errorf("%+v", c)
	}
}
