package memstore

import (
	"context"
	"slices"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// Of a history that is too long, the first lines and the last stay.
const historyHead = 20

// Commit implements store.Missions.
func (s *Store) Commit(ctx context.Context, changes ...store.Change) ([]store.Outcome, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := store.CheckAll(changes); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.each(changes, s.commit), nil
}

// CreateAll implements store.Missions.
func (s *Store) CreateAll(ctx context.Context, key *store.Idempotency, changes ...store.Change) ([]store.Outcome, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := store.CheckCreations(key, changes); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if o, used := s.used(key); used {
		return slices.Repeat([]store.Outcome{o}, len(changes)), nil
	}
	ids := make([]string, len(changes))
	for i, c := range changes {
		ids[i] = c.Record.Mission.MissionID
		if s.version(ids[i]) != 0 {
			return slices.Repeat([]store.Outcome{{Code: store.Conflict}}, len(changes)), nil
		}
	}
	for i, c := range changes {
		if holder := s.holder(c); holder != "" {
			outcomes := slices.Repeat([]store.Outcome{{Code: store.Taken}}, len(changes))
			outcomes[i].Holder = holder
			return outcomes, nil
		}
	}
	s.use(key, ids)
	return s.each(changes, s.apply), nil
}

// each does one call's changes.
func (s *Store) each(changes []store.Change, do func(store.Change) store.Outcome) []store.Outcome {
	s.opened = false
	outcomes := make([]store.Outcome, len(changes))
	for i, c := range changes {
		outcomes[i] = do(c)
	}
	for i := range outcomes {
		outcomes[i].Admitted = s.opened && outcomes[i].Code == store.Applied
	}
	return outcomes
}

func (s *Store) commit(c store.Change) store.Outcome {
	if o, used := s.used(c.Idempotency); used {
		return o
	}
	if s.version(c.Record.Mission.MissionID) != c.IfVersion {
		return store.Outcome{Code: store.Conflict}
	}
	if c.IfSession != "" && !s.live(c.IfSession) {
		return store.Outcome{Code: store.SessionDead}
	}
	if holder := s.holder(c); holder != "" {
		return store.Outcome{Code: store.Taken, Holder: holder}
	}
	s.use(c.Idempotency, []string{c.Record.Mission.MissionID})
	return s.apply(c)
}

// used returns the outcome for a key that was used before.
func (s *Store) used(k *store.Idempotency) (store.Outcome, bool) {
	if k == nil {
		return store.Outcome{}, false
	}
	kept, known := s.keys[k.Key]
	if !known || !s.now().Before(kept.until) {
		return store.Outcome{}, false
	}
	e := kept.existing
	e.MissionIDs = slices.Clone(e.MissionIDs)
	return store.Outcome{Code: store.Duplicate, Existing: e}, true
}

// use remembers what a key was used for, and forgets the keys whose time is over.
func (s *Store) use(k *store.Idempotency, ids []string) {
	if k == nil {
		return
	}
	now := s.now()
	for old, kept := range s.keys {
		if !now.Before(kept.until) {
			delete(s.keys, old)
		}
	}
	s.keys[k.Key] = key{existing: store.Existing{MissionIDs: ids, BodyHash: k.BodyHash}, until: now.Add(k.TTL)}
}

func (s *Store) version(id string) int64 {
	if m := s.missions[id]; m != nil {
		return m.record.Mission.Version
	}
	return 0
}

// apply makes the change, which was found to fit.
func (s *Store) apply(c store.Change) store.Outcome {
	next := c.Record.Clone()
	next.Mission.Version = c.Version()
	id := next.Mission.MissionID

	m := s.missions[id]
	var before contracts.Status
	if m == nil {
		if c.FirstVersion > 0 {
			s.epoch.Adopted++
		}
		m = &mission{}
		s.missions[id] = m
		i, _ := slices.BinarySearch(s.ids, id)
		s.ids = slices.Insert(s.ids, i, id)
	} else {
		before = m.record.Mission.Status
		keepFixed(&next, m.record)
		s.leave(m.record.Session, id)
	}
	m.record = next
	s.join(next.Session, id)
	s.count(before, next.Mission.Status)
	s.countSquad(next.Mission.Squad, before, next.Mission.Status)
	if next.Mission.Status == contracts.StatusQueued && before != contracts.StatusQueued {
		s.queued.add(id, s.byStatus[contracts.StatusQueued], s.isQueued)
	}
	s.bound(before, next.Mission)
	m.add(c.History)
	if c.Due != store.DueKeep || next.Mission.Status != contracts.StatusQueued {
		s.takeOff(id, m)
	}

	outcome := store.Outcome{Code: store.Applied}
	switch passes := s.passes(next, c.Due); {
	case c.Due == store.DueSet && passes:
		outcome.Dispatch = s.setDue(id, c.DueAt.Millis())
	case c.Due != store.DueKeep:
		delete(s.due, id)
	}
	s.emit(store.Event{MissionID: id, Version: next.Mission.Version, Status: next.Mission.Status})
	return outcome
}

// keepFixed restores what a mission's creation fixed.
func keepFixed(next *store.Record, before store.Record) {
	n, b := &next.Mission, before.Mission
	n.Name, n.Kind, n.Squad, n.Priority, n.Labels = b.Name, b.Kind, b.Squad, b.Priority, b.Labels
	n.ConcurrencyKey = b.ConcurrencyKey
	n.Payload, n.TimeoutSeconds, n.Retry, n.CreatedAt = b.Payload, b.TimeoutSeconds, b.Retry, b.CreatedAt
	n.UniqueKey, n.DeadlineAt = b.UniqueKey, b.DeadlineAt
}

func (s *Store) join(session, id string) {
	if session == "" {
		return
	}
	if s.bySession[session] == nil {
		s.bySession[session] = map[string]struct{}{}
	}
	s.bySession[session][id] = struct{}{}
}

func (s *Store) leave(session, id string) {
	delete(s.bySession[session], id)
	if len(s.bySession[session]) == 0 {
		delete(s.bySession, session)
	}
}

// count moves a mission from one status to the next; before is empty for a new one.
func (s *Store) count(before, after contracts.Status) {
	if before == after {
		return
	}
	var r rate
	if before == "" {
		r.created = 1
	} else {
		s.byStatus[before]--
	}
	s.byStatus[after]++
	switch after {
	case contracts.StatusCompleted:
		r.completed = 1
	case contracts.StatusFailed:
		r.failed = 1
	}
	s.rates.add(s.now(), r)
}

func (m *mission) add(lines []contracts.HistoryLine) {
	for _, l := range lines {
		l.MadeAt, l.RecordedAt = contracts.FromMillis(l.MadeAt.Millis()), contracts.FromMillis(l.RecordedAt.Millis())
		m.history = append(m.history, l)
	}
	if over := len(m.history) - contracts.MaxHistoryLines; over > 0 {
		m.history = slices.Delete(m.history, historyHead, historyHead+over)
		m.dropped += over
	}
}
