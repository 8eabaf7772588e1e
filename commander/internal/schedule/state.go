package schedule

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// collection holds the documents.
const collection = "schedules"

// state is a schedule as its document keeps it. Its methods are the rules: they read no clock and no store.
type state struct {
	// ID is random, and that of one life of the schedule: one that is deleted and made again orders other missions.
	ID string `json:"id"`
	// Request is complete, but for Paused.
	Request   contracts.ScheduleRequest `json:"request"`
	Paused    bool                      `json:"paused,omitempty"`
	CreatedAt contracts.Time            `json:"created_at"`
	UpdatedAt contracts.Time            `json:"updated_at"`
	// NextAt is the first time that was not decided yet; zero where there is none, or it is paused.
	NextAt contracts.Time `json:"next_at,omitzero"`
	// Pending are the times that were decided, and whose missions may not be there yet.
	Pending []contracts.Time `json:"pending,omitempty"`
	// LastAt and LastMissionID are of the run that was ordered last.
	LastAt        contracts.Time `json:"last_at,omitzero"`
	LastMissionID string         `json:"last_mission_id,omitempty"`
	// Runs are the latest ones, newest first.
	Runs []contracts.ScheduleRun `json:"runs,omitempty"`
}

func decode(d store.Document) (state, error) {
	var s state
	if err := json.Unmarshal(d.Body, &s); err != nil {
		return s, fmt.Errorf("read schedule %q: %w", d.Name, err)
	}
	return s, nil
}

func (s state) encode() ([]byte, error) { return encode(s) }

// encode leaves <, > and & as they are: escaped they take six bytes each.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// set makes it what a request asks for. Where its times stay the same, so does the next one: a schedule that is put again and
// again misses none.
func (s *state) set(r contracts.ScheduleRequest, t Timetable, now contracts.Time) {
	same := r.Cron == s.Request.Cron && r.EverySeconds == s.Request.EverySeconds && r.TimeZone == s.Request.TimeZone
	if !same || s.NextAt.IsZero() {
		s.NextAt = contracts.At(t.Next(now.Time))
	}
	if r.Paused != nil {
		s.Paused = *r.Paused
	}
	if s.Paused {
		s.NextAt = contracts.Time{}
	}
	r.Paused = nil
	s.Request, s.UpdatedAt = r, now
}

// pause stops it, or lets it go on from now: the times between are none that it missed.
func (s *state) pause(paused bool, t Timetable, now contracts.Time) { //nolint:revive // it is what it becomes
	if s.Paused == paused {
		return
	}
	s.Paused, s.UpdatedAt, s.NextAt = paused, now, contracts.Time{}
	if !paused {
		s.NextAt = contracts.At(t.Next(now.Time))
	}
}

// look is when there is something to do; zero for never.
func (s state) look() contracts.Time {
	if len(s.Pending) > 0 {
		return s.Pending[0]
	}
	return s.NextAt
}

// due tells whether there is something to decide.
func (s state) due(now contracts.Time) bool {
	return len(s.Pending) == 0 && !s.NextAt.IsZero() && !s.NextAt.After(now.Time)
}

// onTime is how late a run may be and yet count as none that was missed: a commander may be started again meanwhile.
const onTime = 10 * time.Second

// decide says what becomes of all that is due: it is pending then, or was skipped. busy: the last mission has not ended. It
// returns why runs were skipped.
func (s *state) decide(t Timetable, now contracts.Time, busy bool) (skipped []contracts.SkippedRun) { //nolint:revive // it is what is so
	times := t.Latest(s.NextAt.Time, now.Time, contracts.MaxMissedRuns+1)
	late := len(times) - 1 // so many are skipped as missed; the last one alone stays
	if s.Request.Missed == contracts.MissedSkip {
		late = len(times)
	}
	for late > 0 && !times[late-1].Before(now.Add(-onTime)) {
		late--
	}
	if s.Request.Missed == contracts.MissedAll {
		late = max(0, len(times)-contracts.MaxMissedRuns)
	}
	if late > 0 {
		skipped = append(skipped, s.skip(contracts.SkippedMissed, s.NextAt.Time, times[late-1]))
	}
	wanted := times[late:]
	if s.Request.Overlap == contracts.OverlapSkip && len(wanted) > 0 {
		over := len(wanted) - 1 // one at a time
		if busy {
			over = len(wanted)
		}
		if over > 0 {
			skipped = append(skipped, s.skip(contracts.SkippedOverlap, wanted[0], wanted[over-1]))
		}
		wanted = wanted[over:]
	}
	for _, at := range wanted {
		s.Pending = append(s.Pending, contracts.At(at))
	}
	s.NextAt = contracts.At(t.Next(now.Time))
	return skipped
}

func (s *state) skip(why contracts.SkippedRun, from, until time.Time) contracts.SkippedRun {
	run := contracts.ScheduleRun{At: contracts.At(from), Skipped: why}
	if until.After(from) {
		run.Until = contracts.At(until)
	}
	s.note(run)
	return why
}

// note keeps the latest runs.
func (s *state) note(run contracts.ScheduleRun) {
	s.Runs = slices.Insert(s.Runs, 0, run)
	s.Runs = s.Runs[:min(len(s.Runs), contracts.MaxScheduleRuns)]
}

// ordered notes a run whose mission is there.
func (s *state) ordered(at contracts.Time, mission string) {
	s.LastAt, s.LastMissionID = at, mission
	s.note(contracts.ScheduleRun{At: at, MissionID: mission})
}

// view is the schedule as lists show it, without the payload of its mission.
func (s state) view(name string) contracts.Schedule {
	r := s.Request
	r.Mission.Payload = nil
	return contracts.Schedule{
		Name: name, Cron: r.Cron, EverySeconds: r.EverySeconds, TimeZone: r.TimeZone, Mission: r.Mission, Missed: r.Missed,
		Overlap: r.Overlap, Paused: s.Paused, CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt, NextAt: s.NextAt,
		LastAt: s.LastAt, LastMissionID: s.LastMissionID,
	}
}

// whole is view with all that there is.
func (s state) whole(name string, t Timetable) contracts.Schedule {
	v := s.view(name)
	v.Mission, v.Runs = s.Request.Mission, s.Runs
	for at := s.NextAt; !at.IsZero() && len(v.NextTimes) < contracts.MaxScheduleTimes; at = contracts.At(t.Next(at.Time)) {
		v.NextTimes = append(v.NextTimes, at)
	}
	return v
}
