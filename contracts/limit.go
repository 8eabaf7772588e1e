package contracts

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limit says how many missions of a concurrency key may run at once, and how many may start in a while. A key without one has
// DefaultLimit.
type Limit struct {
	// MaxRunning is 1 to MaxRunningLimit.
	MaxRunning int `json:"max_running"`
	// Rate bounds starts; nil: they are not bounded.
	Rate *Rate `json:"rate,omitempty"`
}

// Rate allows Starts in each PeriodSeconds: as many at once where none were for so long, and then one as soon as its share of
// the period has passed.
type Rate struct {
	// Starts is 1 to MaxRateStarts, PeriodSeconds 1 to MaxRatePeriod.
	Starts        int `json:"starts"`
	PeriodSeconds int `json:"period_seconds"`
}

// Bounds of a Limit, and of what it is of.
const (
	MaxConcurrencyKeySize = 200 // bytes
	MaxRunningLimit       = 10_000
	MaxRateStarts         = 10_000
	MaxRatePeriod         = 86400
)

// DefaultLimit is one at a time.
func DefaultLimit() Limit { return Limit{MaxRunning: 1} }

// Validate returns a ValidationError with every bound that the limit breaks.
func (l Limit) Validate() error {
	var v validator
	v.within("max_running", l.MaxRunning, MaxRunningLimit)
	if r := l.Rate; r != nil {
		v.within("rate.starts", r.Starts, MaxRateStarts)
		v.within("rate.period_seconds", r.PeriodSeconds, MaxRatePeriod)
	}
	return v.err()
}

// ValidConcurrencyKey tells whether s can be a concurrency key: 1 to 200 bytes of UTF-8, printable, with no space at its ends; and
// neither . nor .., which are no part of a path.
func ValidConcurrencyKey(s string) bool {
	return s != "" && s != "." && s != ".." && len(s) <= MaxConcurrencyKeySize && utf8.ValidString(s) && strings.TrimSpace(s) == s &&
		!strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

func (v *validator) concurrencyKey(s string) {
	switch {
	case s == "" || ValidConcurrencyKey(s):
	case len(s) > MaxConcurrencyKeySize:
		v.add("concurrency_key", "too_long", "has %d bytes, at most %d are allowed", len(s), MaxConcurrencyKeySize)
	default:
		v.add("concurrency_key", "invalid", "must be printable UTF-8 without spaces at its ends; leave it out for none")
	}
}
