package contracts

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// What bounds a mission as a whole: that it is the only one, and when it ends.

func (v *validator) uniqueKey(s string) {
	if n := len(s); n > MaxUniqueKeySize {
		v.add("unique_key", "too_long", "has %d bytes, at most %d are allowed", n, MaxUniqueKeySize)
	}
	if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		v.add("unique_key", "invalid", "must be printable: no control characters, no white space but ' ', no broken UTF-8")
	}
}

// Start is the earliest start that the request asks for, accepted at now; nil is now.
func (r MissionRequest) Start(now Time) *Time { return after(r.RunAt, r.DelaySeconds, now) }

// Deadline is the deadline that the request asks for, accepted at now; nil is none.
func (r MissionRequest) Deadline(now Time) *Time { return after(r.DeadlineAt, r.DeadlineSeconds, now) }

// after is a moment that was given as such, or in seconds from now.
func after(at *Time, seconds *int, now Time) *Time {
	if seconds == nil {
		return at
	}
	t := At(now.Add(time.Duration(*seconds) * time.Second))
	return &t
}

func (v *validator) deadline(r MissionRequest, now time.Time) {
	field := "deadline_at"
	switch {
	case r.DeadlineSeconds == nil:
	case r.DeadlineAt != nil:
		v.add("deadline_seconds", "invalid", "can't be given together with deadline_at; leave one of them out")
		return
	default:
		field = "deadline_seconds"
		before := len(v.fields)
		if v.within(field, *r.DeadlineSeconds, MaxDeadline); len(v.fields) > before {
			return
		}
	}
	at, start := r.Deadline(At(now)), r.Start(At(now))
	switch {
	case at == nil:
	case !at.After(now):
		v.add(field, "too_small", "has passed, must lie ahead")
	case at.Sub(now) > MaxDeadlineAhead:
		v.add(field, "too_large", "must be at most %d days ahead", MaxDeadlineAhead/(24*time.Hour))
	case start != nil && !at.After(start.Time):
		v.add(field, "too_small", "must be after the mission's start, which run_at or delay_seconds says")
	}
}
