package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/mission-control-dev/mission-control/contracts"
)

// Schedule is a schedule and where the commander read it.
type Schedule struct {
	contracts.Schedule
	Source
}

// Schedules is all of them, in the order of their names, without payloads, runs and next times.
type Schedules struct {
	Schedules []contracts.Schedule `json:"schedules"`
	Source
}

// Schedules returns all schedules.
func (c *Client) Schedules(ctx context.Context) (Schedules, error) {
	var s Schedules
	if _, err := c.do(ctx, call{method: http.MethodGet, path: "/schedules", into: &s}); err != nil {
		return Schedules{}, fmt.Errorf("reading schedules: %w", err)
	}
	return s, nil
}

// Schedule returns one, with its latest runs and its next times.
func (c *Client) Schedule(ctx context.Context, name string) (Schedule, error) {
	var s Schedule
	if _, err := c.do(ctx, call{method: http.MethodGet, path: schedulePath(name), into: &s}); err != nil {
		return Schedule{}, fmt.Errorf("reading schedule %s: %w", name, err)
	}
	return s, nil
}

// PutSchedule makes a schedule, or replaces it. Where the times are the same the next one stays, so it may be repeated.
func (c *Client) PutSchedule(ctx context.Context, name string, r contracts.ScheduleRequest) (Schedule, error) {
	body, err := encode(r)
	if err != nil {
		return Schedule{}, fmt.Errorf("encoding schedule %s: %w", name, err)
	}
	var s Schedule
	if _, err := c.do(ctx, call{method: http.MethodPut, path: schedulePath(name), body: body, into: &s}); err != nil {
		return Schedule{}, fmt.Errorf("putting schedule %s: %w", name, err)
	}
	return s, nil
}

// DeleteSchedule removes a schedule; its missions stay. One that is not there is a Problem with status 404.
func (c *Client) DeleteSchedule(ctx context.Context, name string) error {
	var deleted struct{}
	tries, err := c.do(ctx, call{method: http.MethodDelete, path: schedulePath(name), into: &deleted})
	var p *Problem
	if tries > 1 && errors.As(err, &p) && p.Status == http.StatusNotFound {
		return nil // an earlier try of this very call did it, and only its answer was lost
	}
	if err != nil {
		return fmt.Errorf("deleting schedule %s: %w", name, err)
	}
	return nil
}

// PauseSchedule has a schedule order nothing until ResumeSchedule.
func (c *Client) PauseSchedule(ctx context.Context, name string) (Schedule, error) {
	return c.changeSchedule(ctx, name, "pause")
}

// ResumeSchedule lets it go on with its next time.
func (c *Client) ResumeSchedule(ctx context.Context, name string) (Schedule, error) {
	return c.changeSchedule(ctx, name, "resume")
}

func (c *Client) changeSchedule(ctx context.Context, name, action string) (Schedule, error) {
	var s Schedule
	if _, err := c.do(ctx, call{method: http.MethodPost, path: schedulePath(name) + "/" + action, into: &s}); err != nil {
		return Schedule{}, fmt.Errorf("having schedule %s %s: %w", name, action, err)
	}
	return s, nil
}

// RunSchedule orders a schedule's mission now. It is tried once, since a second try could order a second one. After an
// UnreachableError or a temporary Problem a List with the label contracts.ScheduleLabel tells whether it was.
func (c *Client) RunSchedule(ctx context.Context, name string) (Mission, error) {
	var m Mission
	if err := c.once(ctx, call{method: http.MethodPost, path: schedulePath(name) + "/run", into: &m}); err != nil {
		return Mission{}, fmt.Errorf("running schedule %s: %w", name, err)
	}
	return m, nil
}

func schedulePath(name string) string { return "/schedules/" + url.PathEscape(name) }
