package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/mission-control-dev/mission-control/contracts"
)

// HealthStatus is how the commander judges itself.
type HealthStatus string

// The health statuses.
const (
	HealthOK       HealthStatus = "ok"
	HealthDegraded HealthStatus = "degraded" // one of Redis and RabbitMQ is away, still serving
	HealthDown     HealthStatus = "down"
)

// Health is the commander's answer about itself and what it stands on.
type Health struct {
	Status HealthStatus `json:"status"`
	// Ground is where the stack runs: compose, local or embedded. It may be empty.
	Ground string `json:"ground"`
	// Version is the commander's release.
	Version string `json:"version"`
	// Checks are by part: redis, rabbitmq.
	Checks map[string]Check `json:"checks"`
}

// CheckNotUsed is the Check.Status of a server that isn't there: on the ground embedded the commander's own process does
// the work of Redis and RabbitMQ.
const CheckNotUsed = "not_used"

// Check is one round trip to one part.
type Check struct {
	// Status is up, down, warn (up, but see Warning), or CheckNotUsed.
	Status    string  `json:"status"`
	LatencyMS float64 `json:"latency_ms"`
	Error     string  `json:"error,omitempty"`
	Warning   string  `json:"warning,omitempty"`
	// CheckedAt is when the round trip ended; zero before the first.
	CheckedAt contracts.Time `json:"checked_at,omitzero"`
	// Since is when the commander saw Status change to what it is, or began to look; zero before the first round trip, and from
	// commanders of an earlier release.
	Since contracts.Time `json:"since,omitzero"`
}

// Health asks once. A commander that is down but answers is no error: see Status.
func (c *Client) Health(ctx context.Context) (Health, error) {
	var h Health
	k := call{method: http.MethodGet, path: "/health", accept: []int{http.StatusServiceUnavailable}, into: &h}
	if err := c.once(ctx, k); err != nil {
		return Health{}, fmt.Errorf("asking for health: %w", err)
	}
	return h, nil
}

// Stats are counts of the whole installation.
type Stats struct {
	// Counts is how many missions there are by status.
	Counts map[contracts.Status]int64 `json:"counts"`
	Rates  Rates                      `json:"rates"`
	// Oldest is the QUEUED mission that was created first; nil where none is QUEUED, or that can't be known.
	Oldest *Waiting     `json:"oldest_queued,omitempty"`
	Queues []QueueDepth `json:"queues"`
	Source
}

// Waiting is a QUEUED mission.
type Waiting struct {
	MissionID string         `json:"mission_id"`
	CreatedAt contracts.Time `json:"created_at"`
	Squad     string         `json:"squad,omitempty"`
}

// Rates are of the last full minute.
type Rates struct {
	CreatedPerMinute   int64 `json:"created_per_minute"`
	CompletedPerMinute int64 `json:"completed_per_minute"`
	FailedPerMinute    int64 `json:"failed_per_minute"`
}

// QueueDepth is one queue at the broker.
type QueueDepth struct {
	Name      string `json:"name"`
	Ready     int64  `json:"ready"`
	Consumers int    `json:"consumers"`
}

// Stats returns the counts.
func (c *Client) Stats(ctx context.Context) (Stats, error) {
	var s Stats
	if _, err := c.do(ctx, call{method: http.MethodGet, path: "/stats", into: &s}); err != nil {
		return Stats{}, fmt.Errorf("reading stats: %w", err)
	}
	return s, nil
}

// The states of a Soldier.
const (
	SoldierLive = "live"
	SoldierDead = "dead" // its lease ran out, and its missions were given back
)

// Soldier is one session of a soldier.
type Soldier struct {
	SoldierID string `json:"soldier_id"`
	Session   string `json:"session"`
	// State is SoldierLive or SoldierDead.
	State      string                   `json:"state"`
	Squads     []string                 `json:"squads"`
	Kinds      []string                 `json:"kinds"`
	Slots      int                      `json:"slots"`
	Running    []contracts.ExecutionRef `json:"running"`
	Version    string                   `json:"version"`
	StartedAt  contracts.Time           `json:"started_at,omitzero"`
	LastSeenAt contracts.Time           `json:"last_seen_at,omitzero"`
	// Draining: it was asked to drain, with Drain.
	Draining bool `json:"draining,omitempty"`
}

// Fleet is all soldiers.
type Fleet struct {
	Soldiers []Soldier `json:"soldiers"`
	Source
}

// Soldiers returns the fleet: live sessions, and those that died of late.
func (c *Client) Soldiers(ctx context.Context) (Fleet, error) {
	var f Fleet
	if _, err := c.do(ctx, call{method: http.MethodGet, path: "/soldiers", into: &f}); err != nil {
		return Fleet{}, fmt.Errorf("reading soldiers: %w", err)
	}
	return f, nil
}

// Drain asks a soldier to finish what it runs, take nothing more, and end, as after a SIGTERM. The answer is its session, which
// is Draining, and dead about 35 s after its end. A soldier that doesn't live is a Problem with status 404. Asking again changes
// nothing.
//
// The wish ends with the process: whoever starts the soldier again, a supervisor for instance, has one that works.
func (c *Client) Drain(ctx context.Context, soldierID string) (Soldier, error) {
	var s Soldier
	path := "/soldiers/" + url.PathEscape(soldierID) + "/drain"
	if _, err := c.do(ctx, call{method: http.MethodPost, path: path, into: &s}); err != nil {
		return Soldier{}, fmt.Errorf("draining soldier %s: %w", soldierID, err)
	}
	return s, nil
}
