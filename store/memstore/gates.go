package memstore

import (
	"context"
	"math"
	"slices"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// gate is that of a concurrency key. A mission is in one of the two at most.
type gate struct {
	admitted map[string]struct{}
	// waiting are in the order of arrival.
	waiting []string
	// next is when all starts of the key's rate are back, in ms: each start moves it on by its share of the period.
	next float64
	// wake is when TakeDue looks at it, in ms; 0 is never.
	wake float64
}

// gateOf returns the gate of a key as it is now: whoever can be admitted is.
func (s *Store) gateOf(key string) *gate {
	g := s.gates[key]
	if g == nil {
		g = &gate{admitted: map[string]struct{}{}}
		s.gates[key] = g
	}
	s.openGate(key, g)
	return g
}

func (s *Store) limit(key string) contracts.Limit {
	return store.DecodeLimit(s.documents[store.LimitsCollection][key].Body)
}

// openGate admits those who wait, as far as the limit allows and one call may.
func (s *Store) openGate(key string, g *gate) {
	limit := s.limit(key)
	g.wake = 0
	for n := 0; len(g.waiting) > 0 && len(g.admitted) < limit.MaxRunning; n++ {
		if n == store.GateBatch {
			g.wake = s.millis()
			return
		}
		if !s.start(g, limit.Rate) {
			return
		}
		id := g.waiting[0]
		g.waiting = g.waiting[1:]
		g.admitted[id] = struct{}{}
		s.setDue(id, 0)
		s.opened = true
	}
}

// start takes a start of the key's rate, or says when there will be one.
func (s *Store) start(g *gate, r *contracts.Rate) bool {
	if r == nil {
		return true
	}
	now, period := s.millis(), float64(r.PeriodSeconds)*1000
	share := period / float64(r.Starts)
	next := max(now, g.next)
	if next-now > period-share+0.01 {
		g.wake = math.Ceil(next - period + share)
		return false
	}
	g.next = next + share
	return true
}

func (s *Store) millis() float64 { return float64(s.now().UnixMilli()) }

// passes does what a change of a mission means to its gate, and tells whether its due entry may be written.
func (s *Store) passes(next store.Record, due store.DueChange) bool {
	key, id := next.Mission.ConcurrencyKey, next.Mission.MissionID
	if key == "" {
		return true
	}
	g := s.gateOf(key)
	_, admitted := g.admitted[id]
	at := slices.Index(g.waiting, id)
	stepBack := func() {
		if at >= 0 {
			g.waiting = slices.Delete(g.waiting, at, at+1)
		}
	}
	switch status := next.Mission.Status; {
	case status == contracts.StatusInProgress:
		stepBack()
		g.admitted[id] = struct{}{}
	case status != contracts.StatusQueued:
		stepBack()
		delete(g.admitted, id)
		s.openGate(key, g)
		if len(g.admitted)+len(g.waiting) == 0 && g.next <= s.millis() {
			delete(s.gates, key)
		}
	case due != store.DueSet || admitted:
	case at >= 0:
		return false
	default:
		if limit := s.limit(key); len(g.waiting) == 0 && len(g.admitted) < limit.MaxRunning && s.start(g, limit.Rate) {
			g.admitted[id] = struct{}{}
			return true
		}
		g.waiting = append(g.waiting, id)
		return false
	}
	return true
}

// wakeGates opens the gates whose time has come.
func (s *Store) wakeGates() {
	now := s.millis()
	for key, g := range s.gates {
		if g.wake > 0 && g.wake <= now {
			s.openGate(key, g)
		}
	}
}

// Gates implements store.Gates.
func (s *Store) Gates(ctx context.Context, keys ...string) ([]store.Gate, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	gates := make([]store.Gate, len(keys))
	for i, key := range keys {
		if g := s.gates[key]; g != nil {
			gates[i] = store.Gate{Admitted: len(g.admitted), Waiting: len(g.waiting)}
		}
	}
	return gates, nil
}

// WaitsAtGate implements store.Gates.
func (s *Store) WaitsAtGate(ctx context.Context, key, missionID string) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.gates[key]
	return g != nil && slices.Contains(g.waiting, missionID), nil
}

// OpenGate implements store.Gates.
func (s *Store) OpenGate(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.gates[key]; g != nil {
		s.openGate(key, g)
	}
	return nil
}
