package schedule

import (
	"errors"
	"fmt"

	"github.com/mission-control-dev/mission-control/contracts"
)

// Normalize gives what was left out its default. The mission is normalized by itself.
func Normalize(r *contracts.ScheduleRequest) {
	if r.Cron != "" && r.TimeZone == "" {
		r.TimeZone = contracts.DefaultTimeZone
	}
	if r.Missed == "" {
		r.Missed = contracts.DefaultMissedRuns
	}
	if r.Overlap == "" {
		r.Overlap = contracts.DefaultOverlapping
	}
}

// Check returns what is wrong with a normalized request, but for its mission as that of any request.
func Check(r contracts.ScheduleRequest) []contracts.FieldError {
	var bad []contracts.FieldError
	add := func(field, code, format string, args ...any) {
		bad = append(bad, contracts.FieldError{Field: field, Code: code, Message: fmt.Sprintf(format, args...)})
	}
	_, err := NewTimetable(r)
	if wrong, is := errors.AsType[*contracts.ValidationError](err); is {
		bad = append(bad, wrong.Fields...)
	}
	switch r.Missed {
	case contracts.MissedSkip, contracts.MissedLast, contracts.MissedAll:
	default:
		add("missed", "invalid", "must be skip, last or all")
	}
	switch r.Overlap {
	case contracts.OverlapAllow, contracts.OverlapSkip:
	default:
		add("overlap", "invalid", "must be allow or skip")
	}
	if r.Mission.RunAt != nil {
		add("mission.run_at", "invalid", "is the schedule's to say; leave it out")
	}
	if r.Mission.DelaySeconds != nil {
		add("mission.delay_seconds", "invalid", "is the schedule's to say; leave it out")
	}
	if r.Mission.DeadlineAt != nil {
		add("mission.deadline_at", "invalid", "is one moment for all runs; say deadline_seconds, which count from each")
	}
	if _, given := r.Mission.Labels[contracts.ScheduleLabel]; given {
		add("mission.labels."+contracts.ScheduleLabel, "invalid", "is set by the schedule, to its name; leave it out")
	}
	if len(r.Mission.Labels) == contracts.MaxLabels {
		add("mission.labels", "too_large", "has %d labels, at most %d are allowed beside the schedule's own", contracts.MaxLabels, contracts.MaxLabels-1)
	}
	if b, err := encode(r); err != nil || len(b) > contracts.MaxScheduleSize {
		add("mission", "too_large", "makes the schedule %d bytes as JSON, at most %d are allowed; keep large inputs elsewhere, and send where they are",
			len(b), contracts.MaxScheduleSize)
	}
	return bad
}
