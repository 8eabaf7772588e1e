package mission

import (
	"context"
	"fmt"
	"slices"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/store"
)

// Item is one status update and who sent it.
type Item struct {
	Update contracts.Update
	By     Speaker
}

// Result is how an item was settled.
type Result struct {
	// Answer goes to the speaker's inbox; its Type is empty where there is nothing to say.
	Answer contracts.Answer
	// Refused is empty unless the item changed nothing because the rules forbid it.
	Refused Refusal
}

// Apply settles status updates: it returns a result for each, or an error and then none of them may be acked. What was
// settled before the error is settled again without harm.
func (s *Service) Apply(ctx context.Context, items []Item) ([]Result, error) {
	results := make([]Result, len(items))
	pending := make([]int, len(items))
	for i := range items {
		pending[i] = i
	}
	for contended := 0; len(pending) > 0; {
		left, err := s.round(ctx, items, pending, results)
		if err != nil {
			return nil, err
		}
		if contended++; len(left) < len(pending) {
			contended = 0
		}
		if contended == maxRounds {
			return nil, fmt.Errorf("apply %d updates: %w", len(left), ErrContended)
		}
		pending = left
	}
	for i := range results {
		s.observe(items[i], results[i])
	}
	return results, nil
}

// round decides the pending items in their order and commits, at most one change for each mission; it returns those that
// are still pending. There may be many for one mission: while the store is away, soldiers repeat what they said.
func (s *Service) round(ctx context.Context, items []Item, pending []int, results []Result) ([]int, error) {
	recs, err := s.loadFor(ctx, items, pending)
	if err != nil {
		return nil, err
	}
	var later, changing []int
	var changes []store.Change
	var decisions []Decision
	changed := make(map[string]bool, len(recs))
	for _, i := range pending {
		id := items[i].Update.MissionID
		if changed[id] {
			later = append(later, i)
			continue
		}
		d := s.decide(recs[id], items[i])
		results[i] = Result{Answer: d.Answer, Refused: d.Refused}
		if d.Suspect != "" {
			s.suspects.Suspect(d.Suspect)
		}
		if d.Change != nil {
			changed[id] = true
			changes, decisions, changing = append(changes, *d.Change), append(decisions, d), append(changing, i)
		}
	}
	if len(changes) == 0 {
		return later, nil
	}
	outcomes, err := s.store.Commit(ctx, changes...)
	if err != nil {
		return nil, fmt.Errorf("commit %d changes: %w", len(changes), err)
	}
	for k, o := range outcomes {
		i := changing[k]
		switch o.Code {
		case store.Applied:
			rec := s.applied(&changes[k])
			if decisions[k].Dispatch == DispatchNow {
				s.dispatch.Dispatch(rec, o.Dispatch)
			}
		case store.SessionDead:
			results[i] = Result{Answer: SessionDead(items[i].Update)}
		default:
			later = append(later, i)
		}
	}
	slices.Sort(later)
	return later, nil
}

// loadFor returns the truth about the missions of the pending items.
func (s *Service) loadFor(ctx context.Context, items []Item, pending []int) (map[string]store.Record, error) {
	recs := make(map[string]store.Record, len(pending))
	var ids []string
	for _, i := range pending {
		id := items[i].Update.MissionID
		if _, known := recs[id]; !known {
			recs[id], ids = store.Record{}, append(ids, id)
		}
	}
	loaded, err := s.store.Load(ctx, ids...)
	if err != nil {
		return nil, fmt.Errorf("load %d missions: %w", len(ids), err)
	}
	for k, id := range ids {
		recs[id] = loaded[k]
	}
	return recs, nil
}

// decide verifies what an update shows and asks the rule for it. A soldier's idea of our time runs ahead by as long as
// its token was under way: nothing that it says was made later than now.
func (s *Service) decide(rec store.Record, it Item) Decision {
	u, now := it.Update, s.now()
	if u.MadeAt.After(now.Time) || u.MadeAt.IsZero() {
		u.MadeAt = now
	}
	switch u.Status {
	case contracts.UpdateInProgress:
		if rec.Mission.Version > 0 && !u.Redelivered && !u.DispatchedAt.IsZero() {
			s.claimed(topology.OrdersQueue(rec.Mission.Squad, rec.Mission.Priority), u.DispatchedAt)
		}
		d := Claim(rec, u, it.By, now)
		if d.Answer.Ticket != nil {
			signed := d.Answer.Ticket.Sign(s.ticketKey)
			d.Answer.Ticket = &signed
		}
		return d
	case contracts.UpdateNoHandler:
		return NoHandler(rec, u, it.By, now)
	}
	// The store itself vouches for the current execution; then a ticket from before the commanders' secret was replaced
	// does as well as a new one.
	current := rec.Session == it.By.Session && Current(rec, u)
	if err := u.Ticket.Verify(s.ticketKey); err != nil && !current {
		return refuseFinal(rec, u, it.By, RefusedTicket, now)
	}
	if u.Ticket.Session != it.By.Session {
		return refuseFinal(rec, u, it.By, RefusedSession, now)
	}
	return Finish(rec, u, it.By, Jitter(), now)
}

func (s *Service) observe(it Item, r Result) {
	switch {
	case it.Update.Status == contracts.UpdateInProgress:
		s.observer.Claimed(r.Answer.Type)
	case r.Refused == "":
		s.observer.Recorded(it.Update.Status)
	}
	if r.Refused == "" {
		return
	}
	s.observer.Refused(string(r.Refused))
	s.log.Debug("update refused", zap.String("mission_id", it.Update.MissionID), zap.String("status", string(it.Update.Status)),
		zap.String("execution", it.Update.Execution), zap.String("soldier_id", it.By.SoldierID), zap.String("reason", string(r.Refused)))
}
