package check_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/tools/internal/faults/check"
	"github.com/mission-control-dev/mission-control/tools/internal/faults/schedule"
	"github.com/mission-control-dev/mission-control/tools/internal/journal"
)

// killed is a drill whose mission's soldier was killed at 4 s and back at 5 s; it ran again from then on.
func killed(then float64) *drill {
	d := again()
	d.first("", 0)
	d.Executions[1].Start, d.Executions[1].End = at(then), at(then+3)
	d.died(one, 4)
	d.fault(schedule.KillSoldier, 4, 5, one)
	return d
}

// flowing adds what shows that the flow goes on: a submission, a read and a start each second.
func flowing(d *drill, but func(second int) bool) {
	for s := range 300 {
		if but(s) {
			continue
		}
		t := float64(s) + 0.1
		d.Missions = append(d.Missions, check.Mission{Asked: at(t), Accepted: at(t)})
		d.Sights = append(d.Sights, check.Sight{ID: "other", Asked: at(t), Answered: at(t)})
		d.Executions = append(d.Executions, journal.Execution{MissionID: "other", Start: at(t)})
	}
}

func TestWhatIsSlow(t *testing.T) {
	always := func(int) bool { return false }
	for _, tt := range []struct {
		name string
		from *drill
		edit func(*drill)
		but  func(second int) bool
		want []string
	}{
		{"run again soon", killed(11), nil, always, nil},
		{"run again late", killed(13), nil, always, []string{"run again"}},
		{"Redis had been away until short before", killed(43), func(d *drill) {
			d.fault(schedule.KillRedis, -3, 0, schedule.Redis)
		}, always, nil},
		{"and later than a lease", killed(45), func(d *drill) {
			d.fault(schedule.KillRedis, -3, 0, schedule.Redis)
		}, always, []string{"run again"}},
		{"Redis had been away long before", killed(13), func(d *drill) {
			d.fault(schedule.KillRedis, -9, -2, schedule.Redis)
		}, always, []string{"run again"}},
		{"RabbitMQ was away all the time", killed(130), func(d *drill) {
			d.fault(schedule.KillRabbitMQ, 6, 100, schedule.RabbitMQ)
		}, func(s int) bool { return s > 6 && s < 100 }, nil},
		{"and later than a lease after that", killed(141), func(d *drill) {
			d.fault(schedule.KillRabbitMQ, 6, 100, schedule.RabbitMQ)
		}, always, []string{"run again"}},
		{"ended before its soldier died", killed(60), func(d *drill) { d.first(journal.OutcomeCompleted, 3.9) }, always, nil},
		{"all were killed", killed(130), func(d *drill) {
			d.Faults = nil
			d.fault(schedule.KillAll, 4, 100, schedule.Parts()...)
		}, always, nil},

		{"back soon", good(), func(d *drill) { d.fault(schedule.KillRedis, 40, 50, schedule.Redis) },
			func(s int) bool { return s >= 40 && s < 59 }, nil},
		{"back late", good(), func(d *drill) { d.fault(schedule.KillRedis, 40, 50, schedule.Redis) },
			func(s int) bool { return s >= 40 && s < 61 }, []string{"submit", "read", "start"}},
		{"never back", good(), func(d *drill) { d.fault(schedule.KillRedis, 40, 50, schedule.Redis) },
			func(s int) bool { return s >= 40 }, []string{"submit", "read", "start"}},
		{"something else was broken", good(), func(d *drill) {
			d.fault(schedule.KillRedis, 40, 50, schedule.Redis)
			d.fault(schedule.CommandersAway, 55, 70, schedule.Commanders()...)
		}, func(s int) bool { return s >= 40 && s < 71 }, nil},
		{"a connection was still lost", good(), func(d *drill) {
			d.fault(schedule.HalfOpen, 20, 30, schedule.Link(schedule.CommanderA, schedule.Redis))
			d.fault(schedule.KillRedis, 40, 50, schedule.Redis)
		}, func(s int) bool { return s >= 40 && s < 71 }, nil},
		{"the flow had ended", good(), func(d *drill) { d.fault(schedule.KillRedis, 285, 295, schedule.Redis) },
			func(s int) bool { return s >= 285 }, nil},
		{"starts wait after a wipe", good(), func(d *drill) { d.fault(schedule.WipeRedis, 100, 101, schedule.Redis) },
			func(s int) bool { return s >= 100 && s < 110 }, nil},
		{"nothing starts after a wipe", good(), func(d *drill) { d.fault(schedule.WipeRedis, 100, 101, schedule.Redis) },
			func(s int) bool { return s >= 100 && s < 147 }, []string{"submit", "read", "start"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.edit != nil {
				tt.edit(tt.from)
			}
			flowing(tt.from, tt.but)
			r := check.Check(tt.from.Input)
			if len(r.Violations) > 0 {
				t.Errorf("violations: %+v", r.Violations)
			}
			var got []string
			for _, s := range r.Slow {
				got = append(got, s.What)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s%+v", diff, r.Slow)
			}
		})
	}
}

func TestWhichFaultItWas(t *testing.T) {
	d := killed(11)
	d.fault(schedule.KillSoldier, 60, 61, two)
	d.fault(schedule.Cut, 30, 31, schedule.Link(one, schedule.RabbitMQ))
	d.saw(40, 40.1, completed)
	d.saw(42, 42.1, queued)
	r := check.Check(d.Input)
	never := time.Duration(-1)
	want := []check.KindSum{
		{Kind: schedule.KillSoldier, Times: 2, RunAgain: 1, Again: 7 * time.Second, Submit: never, Read: never, Start: never},
		{Kind: schedule.Cut, Times: 1, Violations: 1, Again: never, Submit: never, Read: 9100 * time.Millisecond, Start: never},
	}
	if diff := cmp.Diff(want, r.Kinds); diff != "" {
		t.Error(diff)
	}
}

// BenchmarkCheck judges a drill of half an hour.
func BenchmarkCheck(b *testing.B) {
	d := good()
	d.Missions, d.Executions = nil, nil
	for i := range 20_000 {
		id, t := fmt.Sprint("m", i), float64(i)/11
		d.Missions = append(d.Missions, check.Mission{Asked: at(t), Accepted: at(t + 0.1), Answers: named(id, t+0.1)})
		e := run(one, 1, t+1, t+4, journal.OutcomeCompleted)
		e.MissionID = id
		d.Executions = append(d.Executions, e)
		d.Finals[id] = check.Final{
			Mission: contracts.Mission{MissionID: id, Status: completed, Run: 1, Attempt: 1, Version: 3},
			History: []contracts.HistoryLine{accepted, granted(one, 1), ended(one, 1, contracts.CauseCompleted)},
		}
		for n := range 6 {
			d.Sights = append(d.Sights, check.Sight{ID: id, Asked: at(t + 5 + float64(n)), Answered: at(t + 5 + float64(n)), Status: completed, Version: 3})
		}
	}
	for i := range 150 {
		d.fault(schedule.Cut, float64(i)*12, float64(i)*12+8, schedule.Link(one, schedule.RabbitMQ))
	}
	d.Ended = at(1820)
	for b.Loop() {
		if r := check.Check(d.Input); len(r.Violations) > 0 {
			b.Fatal(r.Violations[:1])
		}
	}
}
