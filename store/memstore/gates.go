package memstore

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// gate is that of a concurrency key or a squad. A mission is in one of the two at most.
type gate struct {
	admitted map[string]struct{}
	// waiting are in the order of arrival.
	waiting []string
	// next is when all starts of the key's rate are back, in ms: each start moves it on by its share of the period.
	next float64
	// wake is when TakeDue looks at it, in ms; 0 is never.
	wake float64
}

// unlimited is the limit of a squad that has none.
const unlimited = math.MaxInt

// gateOf returns a gate as it is now: whoever can be admitted is. It is nil for that of a squad without a limit at which nobody waits.
func (s *Store) gateOf(name string) *gate {
	if s.gates[name] == nil {
		if s.limit(name).MaxRunning == unlimited {
			return nil
		}
		s.gates[name] = &gate{admitted: map[string]struct{}{}}
	}
	s.openGate(name)
	return s.gates[name]
}

func (s *Store) limit(name string) contracts.Limit {
	if squad, is := store.SquadOfGate(name); is {
		d, limited := s.documents[store.SquadLimitsCollection][squad]
		if !limited {
			return contracts.Limit{MaxRunning: unlimited}
		}
		return store.DecodeLimit(d.Body)
	}
	return store.DecodeLimit(s.documents[store.LimitsCollection][name].Body)
}

// openGate admits those who wait, as far as the limit allows and one call may. Of a squad without a limit nothing is left then.
func (s *Store) openGate(name string) {
	g, limit := s.gates[name], s.limit(name)
	g.wake = 0
	_, last := store.SquadOfGate(name)
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
		if last || s.stands(store.SquadGate(s.missions[id].record.Mission.Squad), id) {
			s.setDue(id, 0)
			s.opened = true
		}
	}
	if limit.MaxRunning == unlimited && len(g.waiting) == 0 {
		delete(s.gates, name)
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
	if next > now+period { // the limit had a longer period
		next = now + period
		g.next = next
	}
	if next-now > period-share+0.01 {
		g.wake = math.Ceil(next - period + share)
		return false
	}
	g.next = next + share
	return true
}

func (s *Store) millis() float64 { return float64(s.now().UnixMilli()) }

// stands has a mission stand at a gate, behind those who wait, and tells whether it is admitted. Where there is no gate, it is.
func (s *Store) stands(name, id string) bool {
	g := s.gateOf(name)
	if g == nil {
		return true
	}
	if _, admitted := g.admitted[id]; admitted {
		return true
	}
	if slices.Contains(g.waiting, id) {
		return false
	}
	if limit := s.limit(name); len(g.waiting) == 0 && len(g.admitted) < limit.MaxRunning && s.start(g, limit.Rate) {
		g.admitted[id] = struct{}{}
		return true
	}
	g.waiting = append(g.waiting, id)
	return false
}

// holds gives a mission that runs a place, whatever the limit.
func (g *gate) holds(id string) {
	g.waiting = without(g.waiting, id)
	g.admitted[id] = struct{}{}
}

// leaves takes a mission away from a gate, and admits others.
func (s *Store) leaves(name, id string) {
	g := s.gates[name]
	if g == nil { // a squad's without a limit, at which nobody waits any more
		return
	}
	g.waiting = without(g.waiting, id)
	delete(g.admitted, id)
	s.openGate(name)
	if len(g.admitted)+len(g.waiting) == 0 && g.next <= s.millis() {
		delete(s.gates, name)
	}
}

func without(ids []string, id string) []string {
	return slices.DeleteFunc(ids, func(other string) bool { return other == id })
}

// passes does what a change of a mission means to its gates, and tells whether its due entry may be written.
func (s *Store) passes(next store.Record, due store.DueChange) bool {
	m := next.Mission
	names := []string{store.SquadGate(m.Squad)}
	if m.ConcurrencyKey != "" {
		names = []string{m.ConcurrencyKey, names[0]}
	}
	names = slices.DeleteFunc(names, func(name string) bool { return s.gateOf(name) == nil })
	for _, name := range names {
		switch {
		case m.Status == contracts.StatusInProgress:
			s.gates[name].holds(m.MissionID)
		case m.Status != contracts.StatusQueued:
			s.leaves(name, m.MissionID)
		case due == store.DueSet && !s.stands(name, m.MissionID):
			return false
		}
	}
	return true
}

// wakeGates opens the gates whose time has come, in the order of those.
func (s *Store) wakeGates() {
	now := s.millis()
	names := slices.DeleteFunc(slices.Collect(maps.Keys(s.gates)), func(name string) bool {
		wake := s.gates[name].wake
		return wake == 0 || wake > now
	})
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(s.gates[a].wake, s.gates[b].wake), cmp.Compare(a, b)) })
	for _, name := range names {
		s.gateOf(name)
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
	if s.gates[key] != nil {
		s.openGate(key)
	}
	return nil
}
