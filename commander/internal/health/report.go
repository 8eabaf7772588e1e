package health

import "github.com/mission-control-dev/mission-control/contracts"

// Status is the whole.
type Status string

// The statuses.
const (
	OK       Status = "ok"
	Degraded Status = "degraded"
	Down     Status = "down"
)

// CheckStatus is how one of the two is.
type CheckStatus string

// The check statuses.
const (
	CheckUp   CheckStatus = "up"
	CheckDown CheckStatus = "down"
	// CheckWarn serves, but an operator should read the warning.
	CheckWarn CheckStatus = "warn"
	// CheckNotUsed: there is no such server, this process does its work.
	CheckNotUsed CheckStatus = "not_used"
)

// Check is the last round trip to one of the two.
type Check struct {
	Status CheckStatus `json:"status"`
	// LatencyMS is how long it took, in milliseconds; 0 while there was none.
	LatencyMS float64 `json:"latency_ms"`
	Error     string  `json:"error,omitempty"`
	Warning   string  `json:"warning,omitempty"`
	// CheckedAt is when it ended.
	CheckedAt contracts.Time `json:"checked_at,omitzero"`
	// Since is when this process saw Status change to what it is, or began to look; zero before the first round trip.
	Since contracts.Time `json:"since,omitzero"`
}

func (c Check) away() bool { return c.Status == CheckDown }

// notUsed is the check of a server that isn't there, from that of what stands in for it.
func (c Check) notUsed() Check {
	if c.away() {
		return c
	}
	return Check{Status: CheckNotUsed, Since: c.Since}
}

// Checks are all of them.
type Checks struct {
	Redis    Check `json:"redis"`
	RabbitMQ Check `json:"rabbitmq"`
}

// Report is the body of GET /health.
type Report struct {
	Status  Status `json:"status"`
	Ground  string `json:"ground"`
	Version string `json:"version"`
	Checks  Checks `json:"checks"`
}

// Essence returns the report without what differs at each look: two looks at the same state have the same one.
func (r Report) Essence() Report {
	for _, c := range []*Check{&r.Checks.Redis, &r.Checks.RabbitMQ} {
		c.LatencyMS, c.CheckedAt = 0, contracts.Time{}
	}
	return r
}

func overall(c Checks) Status {
	switch {
	case c.Redis.away() && c.RabbitMQ.away():
		return Down
	case c.Redis.away() || c.RabbitMQ.away(), c.RabbitMQ.Status == CheckWarn: // it says that orders may be lost
		return Degraded
	default:
		return OK
	}
}
