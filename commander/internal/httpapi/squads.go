package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/mission-control-dev/mission-control/commander/internal/squads"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/store"
)

// squadList is all squads.
type squadList struct {
	Squads   []squad        `json:"squads"`
	Degraded bool           `json:"degraded"`
	AsOf     contracts.Time `json:"as_of,omitzero"`
}

type squad struct {
	Name   string `json:"name"`
	Paused bool   `json:"paused"`
	// Soldiers are the live ones that serve it, Slots theirs; a soldier may serve others, too.
	Soldiers int `json:"soldiers"`
	Slots    int `json:"slots"`
	// Scheduled, Queued and Running are how many missions it has in these statuses; nil where that is not known now.
	Scheduled *int64 `json:"scheduled,omitempty"`
	Queued    *int64 `json:"queued,omitempty"`
	Running   *int64 `json:"running,omitempty"`
	// Ready is how many orders lie at the broker; nil where that can't be had now.
	Ready     *int           `json:"ready,omitempty"`
	CreatedAt contracts.Time `json:"created_at,omitzero"`
	// Limits is what was set; nil where nothing is, or that can't be had now.
	Limits *squadLimits `json:"limits,omitempty"`
}

// squads describes squads with their soldiers and orders.
func (s *Server) squads(ctx context.Context, list []squads.Squad) (squadList, error) {
	sessions, from, err := s.deps.Store.ListSessions(ctx)
	if err != nil {
		return squadList{}, fmt.Errorf("list soldiers: %w", err)
	}
	limited, err := s.deps.Limits.Squads(ctx)
	if err != nil {
		return squadList{}, err
	}
	counts, err := s.countSquads(ctx)
	if err != nil {
		return squadList{}, err
	}
	depthCtx, cancel := context.WithTimeout(ctx, depthLimit)
	defer cancel()
	out := squadList{Squads: make([]squad, len(list)), Degraded: from.Degraded, AsOf: asOf(from)}
	if counts.Source.Degraded != from.Degraded {
		counts.Known = false // the store goes or comes in this moment, and an answer has one as_of
	}
	for i, x := range list {
		one := squad{Name: x.Name, Paused: x.Paused, CreatedAt: x.CreatedAt, Ready: s.ready(depthCtx, x.Name), Limits: limitsOf(limited, x.Name)}
		for _, soldier := range sessions {
			if soldier.State == store.SessionLive && slices.Contains(soldier.Squads, x.Name) {
				one.Soldiers++
				one.Slots += soldier.Slots
			}
		}
		if counts.Known {
			n := counts.BySquad[x.Name]
			one.Scheduled, one.Queued, one.Running = &n.Scheduled, &n.Queued, &n.InProgress
		}
		out.Squads[i] = one
	}
	return out, nil
}

// countSquads returns the counts of squads' missions, which are not Known where memory has none.
func (s *Server) countSquads(ctx context.Context) (store.SquadCounts, error) {
	counts, err := s.deps.Store.SquadCounts(ctx)
	if errors.Is(err, store.ErrNotInMemory) || errors.Is(err, store.ErrUnavailable) {
		return store.SquadCounts{}, nil
	}
	if err != nil {
		return store.SquadCounts{}, fmt.Errorf("count missions of squads: %w", err)
	}
	return counts, nil
}

// ready is how many orders of a squad lie at the broker.
func (s *Server) ready(ctx context.Context, name string) *int {
	ready := 0
	for _, queue := range topology.OfSquads(name).OrdersQueues() {
		d, err := s.deps.Depths.Depth(ctx, queue)
		if err != nil {
			return nil
		}
		ready += d.Ready
	}
	return &ready
}

// allSquads describes all squads.
func (s *Server) allSquads(ctx context.Context) (squadList, error) {
	list, ok := s.deps.Squads.List()
	if !ok {
		return squadList{}, fmt.Errorf("list squads: %w", store.ErrUnavailable)
	}
	return s.squads(ctx, list)
}

func (s *Server) listSquads(ctx context.Context, c *fiber.Ctx) error {
	out, err := s.allSquads(ctx)
	if err != nil {
		return err
	}
	return sendJSON(c, http.StatusOK, out)
}

func (s *Server) getSquad(ctx context.Context, c *fiber.Ctx) error {
	known, err := s.knownSquad(c.Params("squad"))
	if err != nil {
		return err
	}
	return s.sendSquad(ctx, c, known)
}

// knownSquad returns one of the squads that there are.
func (s *Server) knownSquad(name string) (squads.Squad, error) {
	list, ok := s.deps.Squads.List()
	if !ok {
		return squads.Squad{}, fmt.Errorf("look for squad: %w", store.ErrUnavailable)
	}
	i := slices.IndexFunc(list, func(x squads.Squad) bool { return x.Name == name })
	if i < 0 {
		return squads.Squad{}, squads.ErrNotFound
	}
	return list[i], nil
}

func (s *Server) sendSquad(ctx context.Context, c *fiber.Ctx, x squads.Squad) error {
	out, err := s.squads(ctx, []squads.Squad{x})
	if err != nil {
		return err
	}
	one := out.Squads[0]
	if out.Degraded {
		one.Scheduled, one.Queued, one.Running = nil, nil, nil // one squad's answer does not say how old it is
	}
	return sendJSON(c, http.StatusOK, one)
}

// changeSquad answers with the squad as it is then, or was where it is gone.
func (s *Server) changeSquad(change func(ctx context.Context, name string) (squads.Squad, error)) func(context.Context, *fiber.Ctx) error {
	return func(ctx context.Context, c *fiber.Ctx) error {
		name, err := squadName(c)
		if err != nil {
			return err
		}
		changed, err := change(ctx, name)
		if err != nil {
			return fmt.Errorf("change squad %s: %w", name, err)
		}
		return s.sendSquad(ctx, c, changed)
	}
}

// squadName is the one in the path of a request without a body.
func squadName(c *fiber.Ctx) (string, error) {
	if err := noBody(c); err != nil {
		return "", err
	}
	name := strings.Clone(c.Params("squad"))
	if !contracts.ValidToken(name) {
		return "", squads.ErrNotFound
	}
	return name, nil
}

// explain says of a mission that waits why, where that is its squad's doing. A pause comes before all else that is known.
func (s *Server) explain(m *contracts.Mission) {
	if m.Status != contracts.StatusQueued {
		return
	}
	if why, is := s.deps.Squads.Reason(m.Squad); is == squads.Paused || m.StatusReason == "" {
		m.StatusReason = why
	}
}

// squadRefusal is the answer to what can't be done with a squad; false where err is something else.
func squadRefusal(err error) (refusal, bool) {
	switch {
	case errors.Is(err, squads.ErrNotFound):
		return refusal{status: http.StatusNotFound, code: "not_found",
			detail: "There is no squad of that name. Look it up with GET /squads: it is there once a mission names it, or a soldier serves it."}, true
	case errors.Is(err, squads.ErrTooMany):
		return refusal{status: http.StatusUnprocessableEntity, code: "too_many_squads",
			detail: fmt.Sprintf("There are %d squads, as many as there may be. Use one of GET /squads, or remove one that nobody needs: DELETE /squads/{squad}.", squads.Most),
			errors: []contracts.FieldError{{Field: "squad", Code: "invalid", Message: "would be one more than there may be"}}}, true
	case errors.Is(err, squads.ErrDefault):
		return refusal{status: http.StatusConflict, code: "default_squad", detail: "The squad default is always there. Pause it, if nothing of it is to run."}, true
	}
	if in := (*squads.InUseError)(nil); errors.As(err, &in) {
		return refusal{status: http.StatusConflict, code: "squad_in_use",
			detail: fmt.Sprintf("Squad %s can't be removed: %s. Let its missions end or cancel them, and stop its soldiers first.", in.Squad, in.Why)}, true
	}
	return refusal{}, false
}
