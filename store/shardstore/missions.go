package shardstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// Load implements store.Missions.
func (s *Store) Load(ctx context.Context, ids ...string) ([]store.Record, error) {
	return s.read(ids, func(shard store.Store, ids []string) ([]store.Record, error) { return shard.Load(ctx, ids...) })
}

// Peek implements store.Missions.
func (s *Store) Peek(ctx context.Context, ids ...string) ([]store.Record, error) {
	return s.read(ids, func(shard store.Store, ids []string) ([]store.Record, error) { return shard.Peek(ctx, ids...) })
}

func (s *Store) read(ids []string, load func(store.Store, []string) ([]store.Record, error)) ([]store.Record, error) {
	records := make([]store.Record, len(ids))
	parts := split(s, ids, func(id string) string { return id })
	err := s.some(func(i int) bool { return len(parts[i]) > 0 }, func(i int) error {
		found, err := load(s.shards[i], pick(ids, parts[i]))
		if err != nil {
			return err
		}
		for k, at := range parts[i] {
			records[at] = found[k]
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return records, nil
}

// Commit implements store.Missions. Changes of one shard are made in order, shards side by side. Where one of them fails the
// others have done their part, and the error says so little as ever: any change may have been applied.
func (s *Store) Commit(ctx context.Context, changes ...store.Change) ([]store.Outcome, error) {
	if err := store.CheckAll(changes); err != nil {
		return nil, err
	}
	for _, c := range changes {
		if err := errors.Join(s.fits(c.Idempotency, c), s.ungated(c)); err != nil {
			return nil, err
		}
	}
	outcomes := make([]store.Outcome, len(changes))
	parts := split(s, changes, missionOf)
	err := s.some(func(i int) bool { return len(parts[i]) > 0 }, func(i int) error {
		made, err := s.shards[i].Commit(ctx, pick(changes, parts[i])...)
		if err != nil {
			return err
		}
		for k, at := range parts[i] {
			outcomes[at] = made[k]
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return outcomes, nil
}

// CreateAll implements store.Missions: in the one shard in which they all lie.
func (s *Store) CreateAll(ctx context.Context, key *store.Idempotency, changes ...store.Change) ([]store.Outcome, error) {
	if err := store.CheckCreations(key, changes); err != nil {
		return nil, err
	}
	shard := s.of(missionOf(changes[0]))
	for _, c := range changes {
		if err := errors.Join(s.fits(key, c), s.ungated(c)); err != nil {
			return nil, err
		}
		if s.of(missionOf(c)) != shard {
			return nil, fmt.Errorf("missions %s and %s are to be created in one step, and lie in two shards: their ids must be made by Place",
				missionOf(changes[0]), missionOf(c))
		}
	}
	return s.shards[shard].CreateAll(ctx, key, changes...)
}

// fits returns an error where a new mission does not lie with its key: another request with that key would not be met there. One
// that is made anew lies where it did: its unique key is another shard's where the number of shards is another one now.
func (s *Store) fits(key *store.Idempotency, c store.Change) error {
	id, word, what := missionOf(c), "", "idempotency key"
	if key != nil {
		word = key.Key
	}
	if unique := c.Record.Mission.UniqueKey; unique != "" && c.IfVersion == 0 && c.FirstVersion == 0 {
		word, what = unique, "unique key"
	}
	if word == "" || ofWord(word, len(s.shards)) == s.of(id) {
		return nil
	}
	return fmt.Errorf("mission %s does not lie in the shard of its %s: its id must be made by Place", id, what)
}

// Get implements store.Missions.
func (s *Store) Get(ctx context.Context, id string) (store.Record, store.Source, error) {
	return s.shards[s.of(id)].Get(ctx, id)
}

// History implements store.Missions.
func (s *Store) History(ctx context.Context, id string) (store.History, error) {
	return s.shards[s.of(id)].History(ctx, id)
}

// Counts implements store.Missions: the sums, and the oldest of all.
func (s *Store) Counts(ctx context.Context) (store.Counts, error) {
	found := make([]store.Counts, len(s.shards))
	err := s.each(func(i int) (err error) {
		found[i], err = s.shards[i].Counts(ctx)
		return err
	})
	if err != nil {
		return store.Counts{}, err
	}
	sum := store.Counts{ByStatus: map[contracts.Status]int64{}}
	for _, c := range found {
		for status, n := range c.ByStatus {
			sum.ByStatus[status] += n
		}
		sum.CreatedPerMinute += c.CreatedPerMinute
		sum.CompletedPerMinute += c.CompletedPerMinute
		sum.FailedPerMinute += c.FailedPerMinute
		if o := c.Oldest; o.MissionID != "" && (sum.Oldest.MissionID == "" || o.MissionID < sum.Oldest.MissionID) {
			sum.Oldest = o
		}
		sum.Source = merge(sum.Source, c.Source)
	}
	return sum, nil
}
