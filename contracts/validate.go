package contracts

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ValidToken tells whether s can name a kind, a squad or a soldier: [a-z0-9][a-z0-9._-]{0,63}.
func ValidToken(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
		case i > 0 && (c == '.' || c == '_' || c == '-'):
		default:
			return false
		}
	}
	return true
}

// ValidMissionID tells whether s is a UUID in lower case with hyphens (RFC 9562, section 4).
func ValidMissionID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
				return false
			}
		}
	}
	return true
}

// MissionCreated returns when a mission was created, as its id says: the first 48 bits of a UUIDv7 are milliseconds. It is
// false for any other id.
func MissionCreated(id string) (time.Time, bool) {
	if !ValidMissionID(id) || id[14] != '7' {
		return time.Time{}, false
	}
	ms, err := strconv.ParseInt(id[:8]+id[9:13], 16, 64)
	return time.UnixMilli(ms), err == nil
}

// FirstMissionID is an id before those of all missions that were created at a moment or later, and behind all others'.
func FirstMissionID(at Time) string {
	ms := fmt.Sprintf("%012x", at.UnixMilli())
	return ms[:8] + "-" + ms[8:] + "-0000-0000-000000000000"
}

// validator collects FieldErrors.
type validator struct{ fields []FieldError }

func (v *validator) add(field, code, format string, args ...any) {
	v.fields = append(v.fields, FieldError{Field: field, Code: code, Message: fmt.Sprintf(format, args...)})
}

func (v *validator) token(field, s string) {
	if !ValidToken(s) {
		v.add(field, "invalid", "must be 1 to 64 of a-z, 0-9, '.', '_' and '-', starting with a letter or digit")
	}
}

func (v *validator) err() error {
	if len(v.fields) == 0 {
		return nil
	}
	return &ValidationError{Fields: v.fields}
}

// ValidInbox tells whether s can be a soldier's inbox: a queue that the broker named. A commander answers to no other, so
// that nobody can have it write into the queues of Mission Control.
func ValidInbox(s string) bool {
	return len(s) <= 255 && strings.HasPrefix(s, "amq.gen-")
}
