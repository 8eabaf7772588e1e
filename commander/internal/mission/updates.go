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
	// Text is the message that it came in, as number At of its updates. Without it, everybody is taken to read the same.
	Text *Text
	At   int
	// Hold is why the mission is not to be started now, though it could be; empty where it may.
	Hold string
}

// sealed returns the update as it may be adopted: where others may read another mission than we do, its seal proves nothing.
func (it Item) sealed(u contracts.Update) contracts.Update {
	if u.Seal != "" && it.Text != nil && !it.Text.SameForAll(it.At) {
		u.Seal = ""
	}
	return u
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
	known := s.remembered
	for contended := 0; len(pending) > 0; known = s.nothing {
		left, err := s.round(ctx, items, pending, results, known)
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
func (s *Service) round(ctx context.Context, items []Item, pending []int, results []Result,
	known func(contracts.Update) (store.Record, bool),
) ([]int, error) {
	recs, err := s.loadFor(ctx, items, pending, known)
	if err != nil {
		return nil, err
	}
	epoch, err := s.epoch(ctx) // not older than what was loaded
	if err != nil {
		return nil, err
	}
	now := s.now()
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
		s.delivered(recs[id].Mission, items[i].Update)
		if items[i].Hold, err = s.held(ctx, recs[id], items[i].Update); err != nil {
			return nil, err
		}
		d := Decide(recs[id], items[i], epoch, s.keys, now)
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
			s.timed(recs[rec.Mission.MissionID], decisions[k], items[i].Update)
			s.ended(rec.Mission, items[i].Update)
			if decisions[k].Dispatch == DispatchNow {
				s.send(rec, o)
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

// loadFor returns the truth about the missions of the pending items, but for what is known of those that a change follows.
func (s *Service) loadFor(ctx context.Context, items []Item, pending []int, known func(contracts.Update) (store.Record, bool),
) (map[string]store.Record, error) {
	recs := make(map[string]store.Record, len(pending))
	var ids []string
	for _, i := range pending {
		id := items[i].Update.MissionID
		if _, met := recs[id]; met {
			continue
		}
		rec, ok := known(items[i].Update)
		if recs[id] = rec; !ok {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return recs, nil
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

// remembered returns what is remembered of a mission that is claimed for the first time. That needs no look at the store: of
// a mission's first version there is only one, which Accept wrote; the claim of it is granted, and the grant is applied only if
// that version is still the mission's. Else it is decided anew on the truth. No later version will do: a store that lost its
// last writes may give its number again, to something else.
func (s *Service) remembered(u contracts.Update) (store.Record, bool) {
	if u.Status != contracts.UpdateInProgress || u.Ticket != nil {
		return store.Record{}, false
	}
	rec, ok := s.recall(u.MissionID)
	m := rec.Mission
	if !ok || m.Version != 1 || m.Status != contracts.StatusQueued || m.Attempt != u.Attempt {
		return store.Record{}, false
	}
	return rec, true
}

// nothing is remembered.
func (s *Service) nothing(contracts.Update) (store.Record, bool) { return store.Record{}, false }

// Keys are what all commanders share, and nobody else has: that of the tickets, and that of the orders' seals.
type Keys struct{ Ticket, Order []byte }

// Decide verifies what an update shows and asks the rule for it. epoch is the store's, not older than rec. A soldier's idea of
// our time runs ahead by as long as its token was under way: nothing that it says was made later than now.
func Decide(rec store.Record, it Item, epoch store.Epoch, keys Keys, now contracts.Time) Decision {
	u := it.Update
	if u.MadeAt.After(now.Time) || u.MadeAt.IsZero() {
		u.MadeAt = now
	}
	lost := rec.Mission.Version == 0 && Adoptable(epoch, u.MissionID, now)
	switch {
	case u.Ticket != nil:
	case lost:
		return signed(Adopt(epoch, it.sealed(u), it.By, it.Hold, keys.Order, Jitter(), now), keys.Ticket)
	case u.Status == contracts.UpdateNoHandler:
		return NoHandler(rec, u, it.By, now)
	case mayRun(rec, epoch, now):
		return Decision{} // it is repeated
	default:
		return signed(Claim(rec, u, it.By, it.Hold, now), keys.Ticket)
	}
	// The store itself vouches for the current execution; then a ticket from before the commanders' secret was replaced
	// does as well as a new one.
	current := rec.Session == it.By.Session && Current(rec, u)
	if err := u.Ticket.Verify(keys.Ticket); err != nil && !current {
		return refuseFinal(rec, u, it.By, RefusedTicket, now)
	}
	if u.Ticket.Session != it.By.Session {
		return refuseFinal(rec, u, it.By, RefusedSession, now)
	}
	switch {
	case lost:
		return Adopt(epoch, it.sealed(u), it.By, it.Hold, keys.Order, Jitter(), now)
	case u.Status == contracts.UpdateInProgress:
		return Show(rec, u, it.By, now)
	}
	return Finish(rec, u, it.By, Jitter(), now)
}

// delivered tells how far an orders queue has come: it delivered the order that a soldier claims.
func (s *Service) delivered(m contracts.Mission, u contracts.Update) {
	if u.Status == contracts.UpdateInProgress && m.Version > 0 && !u.Redelivered && !u.DispatchedAt.IsZero() {
		s.claimed(topology.OrdersQueue(m.Squad, m.Priority), u.DispatchedAt)
	}
}

// held says why a mission that is claimed is not to be started now.
func (s *Service) held(ctx context.Context, rec store.Record, u contracts.Update) (string, error) {
	m := &rec.Mission
	if m.Version == 0 && u.Mission != nil {
		m = u.Mission
	}
	if u.Status != contracts.UpdateInProgress || u.Ticket != nil || m.Squad == "" {
		return "", nil
	}
	return s.squads.Held(ctx, m.Squad)
}

// ended tells how long a mission ran, where it did so once: what was started before may have run at other times, too.
func (s *Service) ended(m contracts.Mission, u contracts.Update) {
	if u.Status.Final() && m.Run == 1 && !m.FinishedAt.IsZero() && !m.StartedAt.IsZero() {
		s.ran(m.Squad, m.Kind, m.FinishedAt.Sub(m.StartedAt.Time))
	}
}

// signed signs the ticket of a grant.
func signed(d Decision, key []byte) Decision {
	if d.Answer.Ticket != nil {
		t := d.Answer.Ticket.Sign(key)
		d.Answer.Ticket = &t
	}
	return d
}

func (s *Service) observe(it Item, r Result) {
	switch {
	case it.Update.Status == contracts.UpdateInProgress && (it.Update.Ticket != nil || r.Answer.Type == ""):
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
