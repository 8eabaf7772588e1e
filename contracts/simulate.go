package contracts

import (
	"bytes"
	"encoding/json"
)

// KindSimulate is the built-in kind: it waits for a while and fails now and then.
const KindSimulate = "simulate"

// SimulatePayload is the payload of a KindSimulate mission. Every field is optional.
type SimulatePayload struct {
	// MinSeconds and MaxSeconds bound the duration, which is uniform between them; 0 to 86400, defaults 5 and 15.
	// Where only one is given and lies on the wrong side of the other's default, the other follows it.
	MinSeconds float64 `json:"min_seconds"`
	MaxSeconds float64 `json:"max_seconds"`
	// FailureRate is the probability of failing, 0 to 1, default 0.1.
	FailureRate float64 `json:"failure_rate"`
	// Seed makes duration and outcome repeat. Without it they are random.
	Seed *int64 `json:"seed,omitempty"`
}

// ParseSimulatePayload reads and checks a payload; empty gives the defaults. It fails with a ValidationError whose
// fields start with `payload`.
func ParseSimulatePayload(raw json.RawMessage) (SimulatePayload, error) {
	var in struct {
		MinSeconds  *float64 `json:"min_seconds"`
		MaxSeconds  *float64 `json:"max_seconds"`
		FailureRate *float64 `json:"failure_rate"`
		Seed        *int64   `json:"seed"`
	}
	var v validator
	if len(raw) > 0 {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.DisallowUnknownFields()
		if err := d.Decode(&in); err != nil {
			v.add("payload", "invalid",
				"kind simulate takes numbers min_seconds, max_seconds, failure_rate and an integer seed: %v", err)
			return SimulatePayload{}, v.err()
		}
	}
	p := SimulatePayload{MinSeconds: 5, MaxSeconds: 15, FailureRate: 0.1, Seed: in.Seed}
	if in.MinSeconds != nil {
		p.MinSeconds = *in.MinSeconds
		p.MaxSeconds = max(p.MaxSeconds, p.MinSeconds)
	}
	if in.MaxSeconds != nil {
		p.MaxSeconds = *in.MaxSeconds
		if in.MinSeconds == nil {
			p.MinSeconds = min(p.MinSeconds, p.MaxSeconds)
		}
	}
	if in.FailureRate != nil {
		p.FailureRate = *in.FailureRate
	}
	if p.MinSeconds < 0 || p.MinSeconds > MaxTimeoutSeconds {
		v.add("payload.min_seconds", "invalid", "must be 0 to %d", MaxTimeoutSeconds)
	}
	if p.MaxSeconds < 0 || p.MaxSeconds > MaxTimeoutSeconds {
		v.add("payload.max_seconds", "invalid", "must be 0 to %d", MaxTimeoutSeconds)
	}
	if p.MinSeconds > p.MaxSeconds {
		v.add("payload.max_seconds", "too_small", "must be at least min_seconds (%g)", p.MinSeconds)
	}
	if p.FailureRate < 0 || p.FailureRate > 1 {
		v.add("payload.failure_rate", "invalid", "must be 0 to 1")
	}
	return p, v.err()
}
