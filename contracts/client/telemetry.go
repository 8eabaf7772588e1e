package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/mission-control-dev/mission-control/contracts"
)

// Log is what a mission's handler had to say.
type Log struct {
	// Lines are oldest first, of all runs.
	Lines []contracts.NumberedLine `json:"lines"`
	// Dropped is how many lines are not kept any more, or were lost on the way, as far as that is known.
	Dropped int64 `json:"dropped"`
}

// LogOptions say which lines.
type LogOptions struct {
	// After is the number of a line: only later ones.
	After int64
	// Limit is how many at most, 1 to contracts.MaxLogLines, which is the default.
	Limit int
}

// Logs returns lines of a mission's log. To follow it live, range over Events of the mission.
func (c *Client) Logs(ctx context.Context, id string, o LogOptions) (Log, error) {
	q := url.Values{}
	if o.After != 0 {
		q.Set("after", strconv.FormatInt(o.After, 10))
	}
	if o.Limit != 0 {
		q.Set("limit", strconv.Itoa(o.Limit))
	}
	var l Log
	if _, err := c.do(ctx, call{method: http.MethodGet, path: missionPath(id) + "/logs", query: q, into: &l}); err != nil {
		return Log{}, fmt.Errorf("reading the log of mission %s: %w", id, err)
	}
	return l, nil
}

// Telemetry is what an EventTelemetry tells.
type Telemetry struct {
	MissionID string `json:"mission_id"`
	// Run is whose progress it is, 0 where none was reported.
	Run          int64  `json:"run"`
	Progress     int    `json:"progress"`
	ProgressText string `json:"progress_text,omitempty"`
	// Log has the lines that the connection has not told before.
	Log
}

// Telemetry reads an EventTelemetry.
func (e Event) Telemetry() (Telemetry, error) {
	var t Telemetry
	if err := json.Unmarshal(e.Data, &t); err != nil {
		return t, fmt.Errorf("reading a %s event: %w", e.Type, err)
	}
	return t, nil
}
