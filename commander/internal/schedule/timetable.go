package schedule

import (
	"errors"
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // containers have no time zones of their own

	"github.com/robfig/cron/v3"

	"github.com/mission-control-dev/mission-control/contracts"
)

// Timetable is the times of a schedule, whole seconds all of them.
//
// Cron's are those of a wall clock. Where that is set forward, a time that it leaves out is due at the moment of the
// change; where it is set back, what it shows twice is due the first time. An expression for every hour goes on hour by
// hour instead: it has nothing in the hour that is left out, and all of the hour that comes twice.
type Timetable struct {
	every  int64 // seconds; 0 has a spec
	spec   *cron.SpecSchedule
	zone   *time.Location
	hourly bool
}

// everyHour are the bits of all hours.
const everyHour = 1<<24 - 1

// NewTimetable returns the times that a request asks for, or a ValidationError.
func NewTimetable(r contracts.ScheduleRequest) (Timetable, error) {
	switch {
	case (r.Cron == "") == (r.EverySeconds == 0):
		return invalid("cron", "required", "give either cron or every_seconds")
	case r.Cron == "" && (r.EverySeconds < 1 || r.EverySeconds > contracts.MaxEverySeconds):
		return invalid("every_seconds", "invalid", "is %d, must be 1 to %d", r.EverySeconds, contracts.MaxEverySeconds)
	case r.Cron == "" && r.TimeZone != "":
		return invalid("time_zone", "invalid", "is for cron; leave it out beside every_seconds")
	case r.Cron == "":
		return Timetable{every: int64(r.EverySeconds)}, nil
	}
	zone, err := time.LoadLocation(r.TimeZone)
	if err != nil || r.TimeZone == "" || r.TimeZone == "Local" || len(r.TimeZone) > 64 {
		return invalid("time_zone", "invalid", "must be the IANA name of a time zone, such as Europe/Berlin or UTC")
	}
	spec, err := parse(r.Cron)
	if err != nil {
		return invalid("cron", "invalid", "must be minute, hour, day of the month, month and day of the week (0 to 6 from Sunday), such as "+
			"*/5 * * * *, with seconds before them where they are six; or @hourly, @daily, @weekly, @monthly, @yearly: %v", err)
	}
	t := Timetable{spec: spec, zone: zone, hourly: spec.Hour&everyHour == everyHour}
	if t.Next(time.Now()).IsZero() {
		return invalid("cron", "invalid", "has no time within five years")
	}
	return t, nil
}

func invalid(field, code, format string, args ...any) (Timetable, error) {
	return Timetable{}, &contracts.ValidationError{Fields: []contracts.FieldError{{
		Field: field, Code: code, Message: fmt.Sprintf(format, args...),
	}}}
}

func parse(expression string) (*cron.SpecSchedule, error) {
	switch {
	case len(expression) > contracts.MaxCronLength:
		return nil, fmt.Errorf("it has %d bytes, at most %d are allowed", len(expression), contracts.MaxCronLength)
	case strings.Contains(expression, "TZ="): // the parser would take it, and panics where no fields follow
		return nil, errors.New("the time zone is given as time_zone")
	}
	parser := cron.NewParser(cron.SecondOptional | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)
	parsed, err := parser.Parse(expression)
	if err != nil {
		return nil, err
	}
	spec, ok := parsed.(*cron.SpecSchedule)
	if !ok { // @every
		return nil, fmt.Errorf("give every_seconds instead of %s", expression)
	}
	spec.Location = time.UTC // it reads wall clocks as if they were UTC's
	return spec, nil
}

// Next returns the first time after a moment; the zero time where there is none.
func (t Timetable) Next(after time.Time) time.Time {
	if t.every > 0 {
		return time.Unix((after.Unix()/t.every+1)*t.every, 0).UTC()
	}
	// Between two changes of the wall clock it runs as any other clock.
	for in := after; ; {
		begin, end := in.In(t.zone).ZoneBounds()
		if !end.IsZero() && !end.After(in) { // Go cuts years to come after 365 days, leap years as well
			end = in.Add(24 * time.Hour)
		}
		from := t.read(in, latest(after, begin.Add(-1)))
		if !t.hourly && !begin.IsZero() { // it was set back: what it showed by then is over
			from = latest(from, t.read(begin.Add(-1), begin.Add(-1)))
		}
		shown := t.spec.Next(from)
		if shown.IsZero() {
			return shown
		}
		at := shown.Add(-t.offset(in))
		switch {
		case end.IsZero() || at.Before(end):
			return at
		case !t.hourly && shown.Before(t.read(end, end)): // it is set forward over it
			return end.UTC()
		}
		in = end
	}
}

// offset is by how much the wall clock is ahead of UTC.
func (t Timetable) offset(at time.Time) time.Duration {
	_, seconds := at.In(t.zone).Zone()
	return time.Duration(seconds) * time.Second
}

// read is what the wall clock shows at a moment, written as UTC, if it is set as it is at another.
func (t Timetable) read(set, at time.Time) time.Time { return at.UTC().Add(t.offset(set)) }

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// Latest returns the last n times from first, which is one, to a moment: oldest first. It does not go through all that lie far back.
func (t Timetable) Latest(first, to time.Time, n int) []time.Time {
	const day = 24 * time.Hour
	for _, back := range []time.Duration{time.Minute, time.Hour, day, 31 * day, 366 * day} {
		if begin := to.Add(-back); begin.After(first) {
			if times := t.between(nil, begin, to, n); len(times) == n {
				return times
			}
		}
	}
	return t.between([]time.Time{first}, first, to, n)
}

// between appends the times after one moment up to another, and returns the last n.
func (t Timetable) between(times []time.Time, after, to time.Time, n int) []time.Time {
	for at := t.Next(after); !at.IsZero() && !at.After(to); at = t.Next(at) {
		if times = append(times, at); len(times) > n {
			times = times[1:]
		}
	}
	return times
}
