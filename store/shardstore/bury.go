package shardstore

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// A shard is asked so often to bury a session that is dead already: renewals that were on their way may come between.
const buryTries = 3

// Bury implements store.Sessions. Within a shard it is all or nothing; over the shards it is an order:
//
//	look at all shards ──> bury in the lead ──> bury in each other shard
//	  nothing done       the session is dead      its missions there are free, too
//
// All that can be seen to differ is ErrSessionChanged before anything is done. After the lead has decided there is no way
// back. Whoever fails then, or dies, leaves missions in shards in which the session lives on until its lease there runs out.
// No renewal makes that longer; then Expired names the session, and another burial ends it, whose lead is one of those
// shards.
func (s *Store) Bury(ctx context.Context, id string, ifRenewedAt contracts.Time, changes ...store.Change) ([]store.Outcome, error) {
	if err := store.CheckAll(changes); err != nil {
		return nil, err
	}
	all, err := s.lives(ctx, id)
	if err != nil {
		return nil, err
	}
	decides := lead(all)
	if decides < 0 {
		return nil, store.ErrSessionChanged
	}
	parts := split(s, changes, missionOf)
	if err := s.each(func(i int) error { return s.unchanged(ctx, i, id, pick(changes, parts[i])) }); err != nil {
		return nil, err
	}
	outcomes := make([]store.Outcome, len(changes))
	bury := func(i int, renewedAt contracts.Time) error {
		made, err := s.shards[i].Bury(ctx, id, renewedAt, pick(changes, parts[i])...)
		if err != nil {
			return err
		}
		for k, at := range parts[i] {
			outcomes[at] = made[k]
		}
		return nil
	}
	if err := bury(decides, ifRenewedAt); err != nil {
		return nil, err
	}
	err = s.some(func(i int) bool { return i != decides && !all[i].dead() }, func(i int) error {
		return s.follow(ctx, i, all[decides].Session, func(renewedAt contracts.Time) error { return bury(i, renewedAt) })
	})
	if err != nil {
		return nil, err
	}
	return outcomes, nil
}

// unchanged tells whether changes are for exactly the missions that a session holds in a shard, as they are.
func (s *Store) unchanged(ctx context.Context, shard int, id string, changes []store.Change) error {
	held, err := s.shards[shard].SessionMissions(ctx, id)
	if err != nil {
		return err
	}
	ids := make([]string, len(changes))
	for i, c := range changes {
		ids[i] = missionOf(c)
	}
	slices.Sort(held)
	if !slices.Equal(held, slices.Sorted(slices.Values(ids))) {
		return store.ErrSessionChanged
	}
	if len(ids) == 0 {
		return nil
	}
	records, err := s.shards[shard].Peek(ctx, ids...)
	if err != nil {
		return err
	}
	for i, r := range records {
		if r.Mission.Version != changes[i].IfVersion {
			return store.ErrSessionChanged
		}
	}
	return nil
}

// follow buries a session in a shard that does not decide, whenever it was renewed there. Where the shard does not know it,
// it is registered first: a renewal that is still on its way must find it dead.
func (s *Store) follow(ctx context.Context, shard int, dead store.Session, bury func(renewedAt contracts.Time) error) error {
	err := store.ErrSessionChanged
	for range buryTries {
		found, lookErr := s.shards[shard].Session(ctx, dead.ID)
		if errors.Is(lookErr, store.ErrNotFound) {
			found, lookErr = s.shards[shard].Renew(ctx, dead, time.Millisecond)
		}
		if lookErr != nil {
			return lookErr
		}
		if err = bury(found.RenewedAt); !errors.Is(err, store.ErrSessionChanged) {
			return err
		}
	}
	return err
}
