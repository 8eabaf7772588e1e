package httpapi

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/mission-control-dev/mission-control/commander/internal/limits"
	"github.com/mission-control-dev/mission-control/commander/internal/squads"
	"github.com/mission-control-dev/mission-control/contracts"
)

// squadLimits is the limit of a squad, and how many missions may run and wait for that.
type squadLimits struct {
	MaxRunning int `json:"max_running"`
	Admitted   int `json:"admitted"`
	Waiting    int `json:"waiting"`
}

func limitsOf(all map[string]limits.Squad, squad string) *squadLimits {
	l, limited := all[squad]
	if !limited {
		return nil
	}
	return &squadLimits{MaxRunning: l.MaxRunning, Admitted: l.Admitted, Waiting: l.Waiting}
}

func (s *Server) putSquadLimit(ctx context.Context, c *fiber.Ctx) error {
	known, err := s.knownSquad(strings.Clone(c.Params("squad")))
	if err != nil {
		return err
	}
	body, err := jsonBody(c, contracts.MaxBodySize)
	if err != nil {
		return err
	}
	l, err := decodeLimit(body)
	if err == nil && l.Rate != nil {
		err = &contracts.ValidationError{Fields: []contracts.FieldError{unknownField("rate")}}
	}
	if err != nil {
		return err
	}
	if err := s.deps.Limits.SetSquad(ctx, known.Name, l.MaxRunning); err != nil {
		return squadLimitRefusal(err)
	}
	return s.sendSquad(ctx, c, known)
}

func (s *Server) removeSquadLimit(ctx context.Context, name string) (squads.Squad, error) {
	known, err := s.knownSquad(name)
	if err != nil {
		return squads.Squad{}, err
	}
	return known, squadLimitRefusal(s.deps.Limits.RemoveSquad(ctx, name))
}

// removeSquad removes a squad, and then its limit: the next squad of that name begins without one.
func (s *Server) removeSquad(ctx context.Context, name string) (squads.Squad, error) {
	removed, err := s.deps.Squads.Remove(ctx, name)
	if err == nil {
		err = s.deps.Limits.RemoveSquad(ctx, name)
	}
	if errors.Is(err, limits.ErrNotSupported) { // then it has none
		err = nil
	}
	return removed, err
}

// squadLimitRefusal is the answer where the limit of a squad can't be written.
func squadLimitRefusal(err error) error {
	if errors.Is(err, limits.ErrNotSupported) {
		return &contracts.ValidationError{Fields: []contracts.FieldError{
			notSupported("max_running", "squads have no limits where missions lie in more than one shard (COMMANDER_REDIS_SHARDS)"),
		}}
	}
	if r, is := limitRefusal(err); is {
		return r
	}
	if err != nil {
		return fmt.Errorf("limit of a squad: %w", err)
	}
	return nil
}
