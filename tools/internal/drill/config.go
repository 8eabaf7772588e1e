package drill

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
)

// Defaults of a Config.
const (
	DefaultMissions    = 20
	DefaultConcurrency = 64
	DefaultDeadline    = 15 * time.Minute
)

// MaxMissions bounds a drill: all of it is held in memory.
const MaxMissions = 100_000

// Config says what to drill.
type Config struct {
	// Missions is how many, 1 to MaxMissions.
	Missions int
	// Concurrency is how many submissions are under way at once, at least 1.
	Concurrency int
	// MinSeconds, MaxSeconds and FailureRate go into each mission's payload where they are not nil; see
	// contracts.SimulatePayload.
	MinSeconds, MaxSeconds, FailureRate *float64
	// Seed makes durations and outcomes repeat from drill to drill: mission i gets Seed + i. Nil leaves them random.
	Seed *int64
	// Deadline bounds the whole drill, the last reads excepted.
	Deadline time.Duration
	// ReadsPerSecond is how many reads of accepted missions are made beside; 0 for none.
	ReadsPerSecond float64
	// Journals is the folder with the soldiers' journals. Empty: where the stack keeps them, by the ground that the
	// commander names, below Root.
	Journals string
	Root     string
	// StateDir is the state folder of a stack of local processes. Empty: .local/state below Root.
	StateDir string
	// Strict counts second starts as faults even where the first soldier died.
	Strict bool
}

// Check says what makes no sense, in words for people at a command line.
func (c Config) Check() error {
	switch {
	case c.Missions < 1 || c.Missions > MaxMissions:
		return fmt.Errorf("the number of missions must be 1 to %d, got %d", MaxMissions, c.Missions)
	case c.Concurrency < 1:
		return fmt.Errorf("the concurrency must be at least 1, got %d", c.Concurrency)
	case c.Deadline <= 0:
		return fmt.Errorf("the deadline must be positive, got %s", c.Deadline)
	case c.ReadsPerSecond < 0 || c.ReadsPerSecond > 10_000:
		return fmt.Errorf("reads per second must be 0 to 10000, got %g", c.ReadsPerSecond)
	}
	_, err := contracts.ParseSimulatePayload(c.payload(1))
	return err
}

// request is mission n's, counted from 1. Long missions get the time that they take, and a minute more.
func (c Config) request(n int) contracts.MissionRequest {
	r := contracts.MissionRequest{
		Name:    fmt.Sprintf("drill %d of %d", n, c.Missions),
		Kind:    contracts.KindSimulate,
		Payload: c.payload(n),
	}
	if p, err := contracts.ParseSimulatePayload(r.Payload); err == nil {
		if needs := int(p.MaxSeconds) + 60; needs > contracts.DefaultTimeoutSeconds {
			r.TimeoutSeconds = min(needs, contracts.MaxTimeoutSeconds)
		}
	}
	return r
}

func (c Config) payload(n int) json.RawMessage {
	p := struct {
		MinSeconds  *float64 `json:"min_seconds,omitempty"`
		MaxSeconds  *float64 `json:"max_seconds,omitempty"`
		FailureRate *float64 `json:"failure_rate,omitempty"`
		Seed        *int64   `json:"seed,omitempty"`
	}{MinSeconds: c.MinSeconds, MaxSeconds: c.MaxSeconds, FailureRate: c.FailureRate}
	if c.Seed != nil {
		seed := *c.Seed + int64(n)
		p.Seed = &seed
	}
	b, err := json.Marshal(p)
	if err != nil { // NaN or infinity, which the flags can't give
		return json.RawMessage(`{"min_seconds":"not a number"}`)
	}
	return b
}
