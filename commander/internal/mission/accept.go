package mission

import (
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// Accept returns the creation of a mission from a validated request: SCHEDULED where its time lies ahead, else QUEUED.
func Accept(r contracts.MissionRequest, id string, key *store.Idempotency, now contracts.Time) Decision {
	rec := store.Record{Mission: contracts.Mission{
		MissionID: id, Name: r.Name, Kind: r.Kind, Payload: r.Payload, Priority: r.Priority, Squad: r.Squad,
		Labels: r.Labels, Status: contracts.StatusQueued, Attempt: 1, MaxAttempts: r.MaxAttempts,
		TimeoutSeconds: r.TimeoutSeconds, CreatedAt: now, UpdatedAt: now,
	}}
	c := &store.Change{Due: store.DueSet, DueAt: heldUntil(now), Idempotency: key}
	d := Decision{Change: c, Dispatch: DispatchNow}
	if r.RunAt != nil && r.RunAt.After(now.Time) {
		rec.Mission.Status, rec.Mission.RunAt = contracts.StatusScheduled, *r.RunAt
		c.DueAt, d.Dispatch = *r.RunAt, NoDispatch
	}
	c.Record = rec
	c.History = []contracts.HistoryLine{line(rec, "", now, now, "accepted")}
	return d
}
