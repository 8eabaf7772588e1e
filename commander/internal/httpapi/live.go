package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/mission-control-dev/mission-control/commander/internal/events"
	"github.com/mission-control-dev/mission-control/commander/internal/health"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/store"
)

// trendEvery is how often the newest step is looked for: there is one each 10 s, and it should not be told much later.
const trendEvery = 2 * time.Second

// depthLimit bounds the time that the depths of all queues may take.
const depthLimit = time.Second

// stats are the numbers of the whole.
type stats struct {
	Counts   map[contracts.Status]int64 `json:"counts"`
	Rates    rates                      `json:"rates"`
	Oldest   *waiting                   `json:"oldest_queued,omitempty"`
	Queues   []queue                    `json:"queues"`
	Degraded bool                       `json:"degraded"`
	AsOf     contracts.Time             `json:"as_of,omitzero"`
}

type rates struct {
	Created   int64 `json:"created_per_minute"`
	Completed int64 `json:"completed_per_minute"`
	Failed    int64 `json:"failed_per_minute"`
}

// waiting is a mission that is QUEUED.
type waiting struct {
	MissionID string         `json:"mission_id"`
	CreatedAt contracts.Time `json:"created_at"`
	Squad     string         `json:"squad,omitempty"`
}

type queue struct {
	Name      string `json:"name"`
	Ready     int    `json:"ready"`
	Consumers int    `json:"consumers"`
}

// fleet is all sessions.
type fleet struct {
	Soldiers []soldier      `json:"soldiers"`
	Degraded bool           `json:"degraded"`
	AsOf     contracts.Time `json:"as_of,omitzero"`
}

type soldier struct {
	SoldierID  string                   `json:"soldier_id"`
	Session    string                   `json:"session"`
	State      store.SessionState       `json:"state"`
	Draining   bool                     `json:"draining,omitempty"`
	Squads     []string                 `json:"squads"`
	Kinds      []string                 `json:"kinds"`
	Slots      int                      `json:"slots"`
	Running    []contracts.ExecutionRef `json:"running"`
	Version    string                   `json:"version"`
	StartedAt  contracts.Time           `json:"started_at"`
	LastSeenAt contracts.Time           `json:"last_seen_at"`
}

func (s *Server) stats(ctx context.Context) (stats, error) {
	counts, err := s.deps.Store.Counts(ctx)
	if err != nil {
		return stats{}, fmt.Errorf("count missions: %w", err)
	}
	out := stats{
		Counts:   make(map[contracts.Status]int64, len(contracts.Statuses())),
		Rates:    rates{counts.CreatedPerMinute, counts.CompletedPerMinute, counts.FailedPerMinute},
		Queues:   s.depths(ctx),
		Degraded: counts.Source.Degraded, AsOf: asOf(counts.Source),
	}
	if o := counts.Oldest; o.MissionID != "" && !out.Degraded {
		out.Oldest = &waiting{o.MissionID, o.CreatedAt, o.Squad}
	}
	for _, status := range contracts.Statuses() {
		out.Counts[status] = counts.ByStatus[status]
	}
	return out, nil
}

// depths returns the queues whose depth can be had now. That RabbitMQ is away is the health's to say, not an error here.
func (s *Server) depths(ctx context.Context) []queue {
	ctx, cancel := context.WithTimeout(ctx, depthLimit)
	defer cancel()
	names := s.cfg.Queues()
	out := make([]queue, 0, len(names))
	for _, name := range names {
		d, err := s.deps.Depths.Depth(ctx, name)
		switch {
		case err == nil:
			out = append(out, queue{Name: name, Ready: d.Ready, Consumers: d.Consumers})
		case !errors.Is(err, broker.ErrUnroutable):
			return out // the others would fail, or wait, as well
		}
	}
	return out
}

func (s *Server) fleet(ctx context.Context) (fleet, error) {
	sessions, from, err := s.deps.Store.ListSessions(ctx)
	if err != nil {
		return fleet{}, fmt.Errorf("list soldiers: %w", err)
	}
	out := fleet{Soldiers: make([]soldier, len(sessions)), Degraded: from.Degraded, AsOf: asOf(from)}
	for i, x := range sessions {
		out.Soldiers[i] = soldierOf(x)
	}
	return out, nil
}

func soldierOf(x store.Session) soldier {
	return soldier{
		SoldierID: x.SoldierID, Session: x.ID, State: x.State, Draining: x.Draining, Squads: orEmpty(x.Squads), Kinds: orEmpty(x.Kinds),
		Slots: x.Slots, Running: orEmpty(x.Running), Version: x.Version, StartedAt: x.StartedAt, LastSeenAt: x.RenewedAt,
	}
}

func (s *Server) getStats(ctx context.Context, c *fiber.Ctx) error {
	out, err := s.stats(ctx)
	if err != nil {
		return err
	}
	return sendJSON(c, http.StatusOK, out)
}

func (s *Server) listSoldiers(ctx context.Context, c *fiber.Ctx) error {
	out, err := s.fleet(ctx)
	if err != nil {
		return err
	}
	return sendJSON(c, http.StatusOK, out)
}

func (s *Server) drainSoldier(ctx context.Context, c *fiber.Ctx) error {
	if err := noBody(c); err != nil {
		return err
	}
	id := strings.Clone(c.Params("soldier_id"))
	found, err := s.deps.Soldiers.Drain(ctx, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return refusal{status: http.StatusNotFound, code: "not_found", detail: "No soldier of that name lives. Look it up with GET /soldiers."}
	case err != nil:
		return fmt.Errorf("drain soldier: %w", err)
	}
	return sendJSON(c, http.StatusAccepted, soldierOf(found))
}

func (s *Server) getHealth(_ context.Context, c *fiber.Ctx) error {
	r := s.deps.Health.Report()
	return sendJSON(c, healthStatus(r), r)
}

// probe is a health answer for those that only look at the status code.
type probe struct {
	Status health.Status `json:"status"`
}

func (s *Server) getLiveness(_ context.Context, c *fiber.Ctx) error {
	return sendJSON(c, http.StatusOK, probe{health.OK})
}

func (s *Server) getReadiness(_ context.Context, c *fiber.Ctx) error {
	r := s.deps.Health.Report()
	return sendJSON(c, healthStatus(r), probe{r.Status})
}

func healthStatus(r health.Report) int {
	if r.Status == health.Down {
		return http.StatusServiceUnavailable
	}
	return http.StatusOK
}

// topics are what clients of event streams may choose. Each has the JSON of its GET.
func (s *Server) topics() []events.Topic {
	return []events.Topic{
		{Name: "stats", Look: seen(s.stats)},
		{Name: "soldiers", Look: seen(s.fleet)},
		{Name: "health", Look: s.seeHealth},
		{Name: "trend", Every: trendEvery, Look: seen(s.deps.Trends.Latest)},
		{Name: "attention", Look: s.seeAttention},
		{Name: "squads", Every: 2 * time.Second, Look: seen(s.allSquads)},
		{Name: "schedules", Every: 2 * time.Second, Look: seen(s.allSchedules)},
		{Name: "bulk", Look: seen(s.allBulk)},
	}
}

// seen makes what a GET answers a topic's picture. It must be the same as long as nothing happens.
func seen[T any](look func(context.Context) (T, error)) func(context.Context) (events.Picture, error) {
	return func(ctx context.Context) (events.Picture, error) {
		v, err := look(ctx)
		if err != nil {
			return events.Picture{}, err
		}
		b, err := json.Marshal(v)
		return events.Picture{JSON: b}, err
	}
}

// seeHealth has a mark of its own: latencies and check times differ at each look, and are no change.
func (s *Server) seeHealth(context.Context) (events.Picture, error) {
	r := s.deps.Health.Report()
	b, err := json.Marshal(r)
	if err != nil {
		return events.Picture{}, err
	}
	mark, err := json.Marshal(r.Essence())
	return events.Picture{JSON: b, Mark: mark}, err
}
