package contracts

import (
	"fmt"
	"time"
)

// TimeLayout is how a Time is written: RFC 3339, UTC, milliseconds.
const TimeLayout = "2006-01-02T15:04:05.000Z07:00"

// Time is a moment with millisecond precision. The zero value means "not yet"; fields of this type are left out of
// JSON while they are zero.
type Time struct{ time.Time }

// At returns t in UTC, cut to milliseconds, so that a value equals itself after a trip over the wire.
func At(t time.Time) Time {
	if t.IsZero() {
		return Time{}
	}
	return Time{t.UTC().Truncate(time.Millisecond)}
}

// FromMillis returns the moment ms milliseconds after the Unix epoch; 0 gives the zero Time.
func FromMillis(ms int64) Time {
	if ms == 0 {
		return Time{}
	}
	return Time{time.UnixMilli(ms).UTC()}
}

// Millis returns milliseconds since the Unix epoch, 0 for the zero Time.
func (t Time) Millis() int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// MarshalJSON writes the time in TimeLayout, and null for the zero Time.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	b := make([]byte, 0, len(TimeLayout)+2)
	b = append(b, '"')
	b = t.UTC().AppendFormat(b, TimeLayout)
	return append(b, '"'), nil
}

// UnmarshalJSON reads any RFC 3339 time, and null as the zero Time. A time that is outside the years 1 to 9999 in UTC is
// refused: it could not be written in TimeLayout.
func (t *Time) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*t = Time{}
		return nil
	}
	var parsed time.Time
	if err := parsed.UnmarshalJSON(b); err != nil {
		return fmt.Errorf("a time must look like %q: %w", TimeLayout, err)
	}
	if year := parsed.UTC().Year(); year < 1 || year > 9999 {
		return fmt.Errorf("a time must lie in the years 1 to 9999 in UTC, not in %d", year)
	}
	*t = At(parsed)
	return nil
}
