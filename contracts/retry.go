package contracts

import "math"

// Defaults of a RetryRequest, and the retries of a mission whose request says nothing of them.
const (
	DefaultRetryDelaySeconds    = 5
	DefaultRetryFactor          = 2
	DefaultRetryMaxDelaySeconds = 600
)

// Retry says how long a mission waits for its next attempt after one failed: DelaySeconds after the first, Factor times as
// long after each further one, at most MaxDelaySeconds, and then 20 % less to 20 % more. How many attempts there are says
// max_attempts.
type Retry struct {
	DelaySeconds int `json:"delay_seconds"`
	// Factor has at most two decimals.
	Factor          float64 `json:"factor"`
	MaxDelaySeconds int     `json:"max_delay_seconds"`
}

// DefaultRetry is what a mission without a Retry has.
func DefaultRetry() Retry {
	return Retry{DelaySeconds: DefaultRetryDelaySeconds, Factor: DefaultRetryFactor, MaxDelaySeconds: DefaultRetryMaxDelaySeconds}
}

// Request asks for these retries; nil for nil.
func (r *Retry) Request() *RetryRequest {
	if r == nil {
		return nil
	}
	c := *r
	return &RetryRequest{DelaySeconds: &c.DelaySeconds, Factor: &c.Factor, MaxDelaySeconds: &c.MaxDelaySeconds}
}

// RetryRequest asks for a mission's own retries. What is nil gets its default.
type RetryRequest struct {
	// DelaySeconds is 0 to 86400; default 5, or MaxDelaySeconds where that is less.
	DelaySeconds *int `json:"delay_seconds,omitempty"`
	// Factor is 1 to 10 with at most two decimals; default 2.
	Factor *float64 `json:"factor,omitempty"`
	// MaxDelaySeconds is 0 to 604800, and at least DelaySeconds; default 600, or DelaySeconds where that is more.
	MaxDelaySeconds *int `json:"max_delay_seconds,omitempty"`
}

// Retry returns what is asked for, with the defaults; nil for nil.
func (r *RetryRequest) Retry() *Retry {
	if r == nil {
		return nil
	}
	full := DefaultRetry()
	if r.Factor != nil {
		full.Factor = *r.Factor
	}
	switch delay, most := r.DelaySeconds, r.MaxDelaySeconds; {
	case delay != nil && most != nil:
		full.DelaySeconds, full.MaxDelaySeconds = *delay, *most
	case delay != nil:
		full.DelaySeconds, full.MaxDelaySeconds = *delay, max(*delay, DefaultRetryMaxDelaySeconds)
	case most != nil:
		full.DelaySeconds, full.MaxDelaySeconds = min(DefaultRetryDelaySeconds, *most), *most
	}
	return &full
}

func (v *validator) retry(r *RetryRequest) {
	if r == nil {
		return
	}
	delay, most := r.DelaySeconds, r.MaxDelaySeconds
	if delay != nil {
		v.between("retry.delay_seconds", *delay, 0, MaxRetryDelaySeconds)
	}
	if f := r.Factor; f != nil && !ValidRetryFactor(*f) {
		v.add("retry.factor", "invalid", "is %v, must be 1 to %d with at most two decimals", *f, MaxRetryFactor)
	}
	switch {
	case most == nil:
	case delay != nil && *most >= 0 && *most < *delay:
		v.add("retry.max_delay_seconds", "too_small", "is %d, must be at least delay_seconds, which is %d", *most, *delay)
	default:
		v.between("retry.max_delay_seconds", *most, 0, MaxRetryMaxDelaySeconds)
	}
}

// ValidRetryFactor tells whether f is 1 to MaxRetryFactor with at most two decimals.
func ValidRetryFactor(f float64) bool {
	return f >= 1 && f <= MaxRetryFactor && math.Round(f*100)/100 == f
}
