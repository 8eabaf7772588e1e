package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/mission-control-dev/mission-control/contracts"
)

// Squad is a named group of soldiers, with orders queues of its own.
type Squad struct {
	Name string `json:"name"`
	// Paused: its missions wait.
	Paused bool `json:"paused"`
	// Soldiers are the live ones that serve it, Slots how many missions these carry out at once.
	Soldiers int `json:"soldiers"`
	Slots    int `json:"slots"`
	// Scheduled, Queued and Running are how many missions it has in these statuses; nil where that is not known now.
	Scheduled *int64 `json:"scheduled,omitempty"`
	Queued    *int64 `json:"queued,omitempty"`
	Running   *int64 `json:"running,omitempty"`
	// Ready is how many orders wait at the broker; nil where that could not be asked.
	Ready     *int           `json:"ready,omitempty"`
	CreatedAt contracts.Time `json:"created_at,omitzero"`
	// Limits is what was set; nil where nothing is, or that could not be asked.
	Limits *SquadLimits `json:"limits,omitempty"`
}

// SquadLimits is how many missions of a squad may run at once.
type SquadLimits struct {
	MaxRunning int `json:"max_running"`
	// Admitted missions have a place: they run, or are ordered. Waiting ones wait for one.
	Admitted int `json:"admitted"`
	Waiting  int `json:"waiting"`
}

// Squads is all squads.
type Squads struct {
	Squads []Squad `json:"squads"`
	Source
}

// Squads returns the squads, by name.
func (c *Client) Squads(ctx context.Context) (Squads, error) {
	var s Squads
	if _, err := c.do(ctx, call{method: http.MethodGet, path: "/squads", into: &s}); err != nil {
		return Squads{}, fmt.Errorf("reading squads: %w", err)
	}
	return s, nil
}

// Squad returns one squad. One that was never used is a Problem with status 404.
func (c *Client) Squad(ctx context.Context, name string) (Squad, error) {
	var s Squad
	if _, err := c.do(ctx, call{method: http.MethodGet, path: squadPath(name), into: &s}); err != nil {
		return Squad{}, fmt.Errorf("reading squad %s: %w", name, err)
	}
	return s, nil
}

// PauseSquad has the missions of a squad wait: none starts from 2 s after on, whatever runs goes on. Doing it again changes
// nothing.
func (c *Client) PauseSquad(ctx context.Context, name string) (Squad, error) {
	return c.steerSquad(ctx, name, "pause")
}

// ResumeSquad lets them start again. Doing it again changes nothing.
func (c *Client) ResumeSquad(ctx context.Context, name string) (Squad, error) {
	return c.steerSquad(ctx, name, "resume")
}

func (c *Client) steerSquad(ctx context.Context, name, action string) (Squad, error) {
	var s Squad
	if _, err := c.do(ctx, call{method: http.MethodPost, path: squadPath(name) + "/" + action, into: &s}); err != nil {
		return Squad{}, fmt.Errorf("%s squad %s: %w", action, name, err)
	}
	return s, nil
}

// LimitSquad says how many missions of a squad may run at once, 1 to contracts.MaxRunningLimit; whatever runs goes on. Doing it
// again changes nothing.
func (c *Client) LimitSquad(ctx context.Context, name string, maxRunning int) (Squad, error) {
	body, err := encode(contracts.Limit{MaxRunning: maxRunning})
	if err != nil {
		return Squad{}, fmt.Errorf("encoding the limit: %w", err)
	}
	return c.squadLimit(ctx, name, call{method: http.MethodPut, body: body})
}

// UnlimitSquad lets any number run at once again. Doing it again changes nothing.
func (c *Client) UnlimitSquad(ctx context.Context, name string) (Squad, error) {
	return c.squadLimit(ctx, name, call{method: http.MethodDelete})
}

func (c *Client) squadLimit(ctx context.Context, name string, k call) (Squad, error) {
	var s Squad
	k.path, k.into = squadPath(name)+"/limits", &s
	if _, err := c.do(ctx, k); err != nil {
		return Squad{}, fmt.Errorf("limit of squad %s: %w", name, err)
	}
	return s, nil
}

// RemoveSquad removes a squad that nobody needs, with its queues, and returns it as it was. It is a Problem with status 409
// while something of it waits or runs, or a soldier serves it. It is tried once: after an UnreachableError or a
// temporary Problem it may be removed.
func (c *Client) RemoveSquad(ctx context.Context, name string) (Squad, error) {
	var s Squad
	if err := c.once(ctx, call{method: http.MethodDelete, path: squadPath(name), into: &s}); err != nil {
		return Squad{}, fmt.Errorf("remove squad %s: %w", name, err)
	}
	return s, nil
}

func squadPath(name string) string { return "/squads/" + url.PathEscape(name) }
