package mission

import (
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// Accept returns the creation of a mission from a validated request: SCHEDULED where its time lies ahead, else QUEUED.
func Accept(r contracts.MissionRequest, id string, key *store.Idempotency, now contracts.Time) Decision {
	return create(contracts.Mission{
		MissionID: id, Name: r.Name, Kind: r.Kind, Payload: r.Payload, Priority: r.Priority, Squad: r.Squad,
		Labels: r.Labels, ConcurrencyKey: r.ConcurrencyKey, Status: contracts.StatusQueued, Attempt: 1, MaxAttempts: r.MaxAttempts,
		TimeoutSeconds: r.TimeoutSeconds, Retry: r.Retry.Retry(), UniqueKey: r.UniqueKey, DeadlineAt: deref(r.Deadline(now)),
		CreatedAt: now, UpdatedAt: now,
	}, r.Start(now), key, now, "accepted")
}

// deref is a moment, or none.
func deref(at *contracts.Time) contracts.Time {
	if at == nil {
		return contracts.Time{}
	}
	return *at
}

// Admit returns the creation of a mission that was accepted before, while the store was away. A time that came meanwhile
// makes it QUEUED.
func Admit(m contracts.Mission, now contracts.Time) Decision {
	runAt := m.RunAt
	m.Version, m.Status, m.RunAt, m.UpdatedAt = 0, contracts.StatusQueued, contracts.Time{}, now
	return create(m, &runAt, nil, now, "accepted by the broker, while the store was away")
}

func create(m contracts.Mission, runAt *contracts.Time, key *store.Idempotency, now contracts.Time, message string) Decision {
	c := &store.Change{Due: store.DueSet, DueAt: heldUntil(now), Idempotency: key}
	d := Decision{Change: c, Dispatch: DispatchNow}
	if runAt != nil && runAt.After(now.Time) {
		m.Status, m.RunAt = contracts.StatusScheduled, *runAt
		c.DueAt, d.Dispatch = *runAt, NoDispatch
	}
	c.Record = store.Record{Mission: m}
	c.History = []contracts.HistoryLine{line(c.Record, "", m.CreatedAt, now, message)}
	return d
}
