package shardstore

import (
	"context"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// portion is how many entries, missions or events a shard is asked for at once, at most. Shards may give no more than some
// hundred, and whoever gives as many as were asked for is taken to have more.
const portion = 500

// TakeDue implements store.Outbox. Shards take their earliest, each about as many; among shards there is no order. Where some
// shards fail, others' entries are returned all the same: they were taken.
func (s *Store) TakeDue(ctx context.Context, limit int, hold time.Duration) ([]store.Due, error) {
	var all []store.Due
	at := map[string]int{}
	taken := make([][]store.Due, len(s.shards))
	err := s.share(limit, func(i, n int) (int, error) {
		var err error
		taken[i], err = s.shards[i].TakeDue(ctx, n, hold)
		return len(taken[i]), err
	}, func() {
		for i, entries := range taken {
			for _, e := range entries {
				// A shard that is asked again may give an entry again, where the hold was over meanwhile: then that is the newer one.
				if old, again := at[e.MissionID]; again {
					all[old] = e
					continue
				}
				at[e.MissionID] = len(all)
				all = append(all, e)
			}
			taken[i] = nil
		}
	})
	if len(all) > 0 {
		return all, nil
	}
	return nil, err
}

// ClearDue implements store.Outbox.
func (s *Store) ClearDue(ctx context.Context, entries ...store.Due) error {
	parts := split(s, entries, func(d store.Due) string { return d.MissionID })
	return s.some(func(i int) bool { return len(parts[i]) > 0 }, func(i int) error {
		return s.shards[i].ClearDue(ctx, pick(entries, parts[i])...)
	})
}

// Shelved implements store.Outbox: the first of each shard, by turns.
func (s *Store) Shelved(ctx context.Context, shelf string, before contracts.Time, limit int) ([]string, error) {
	found := make([][]string, len(s.shards))
	err := s.each(func(i int) (err error) {
		found[i], err = s.shards[i].Shelved(ctx, shelf, before, limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	var ids []string
	first := s.turn()
	for row, more := 0, true; more; row++ {
		more = false
		for i := range found {
			if of := found[(first+i)%len(found)]; row < len(of) && len(ids) < limit {
				ids, more = append(ids, of[row]), true
			}
		}
	}
	return ids, nil
}

// Unshelve implements store.Outbox, each shard about as many. It says less than there is to take only where no shard has
// more: an absent shard is an error.
func (s *Store) Unshelve(ctx context.Context, shelf string, before contracts.Time, limit int, at contracts.Time) (int, error) {
	total := 0
	taken := make([]int, len(s.shards))
	err := s.share(limit, func(i, n int) (int, error) {
		var err error
		taken[i], err = s.shards[i].Unshelve(ctx, shelf, before, n, at)
		return taken[i], err
	}, func() {
		for i := range taken {
			total, taken[i] = total+taken[i], 0
		}
	})
	return total, err
}

// share asks shards for limit things together: round by round each for as many, in turns where there are fewer than shards,
// until there are enough or no shard has more. after is called after each round.
func (s *Store) share(limit int, ask func(shard, n int) (int, error), after func()) error {
	limit = max(limit, 0)
	n, first := len(s.shards), s.turn()
	open := make([]int, n)
	for i := range open {
		open[i] = (first + i) % n
	}
	for limit > 0 && len(open) > 0 {
		asked, got := make([]int, n), make([]int, n)
		for at, i := range open {
			asked[i] = min(portion, (limit+len(open)-1-at)/len(open))
		}
		err := s.some(func(i int) bool { return asked[i] > 0 }, func(i int) (err error) {
			got[i], err = ask(i, asked[i])
			return err
		})
		after()
		if err != nil {
			return err
		}
		var still []int
		for _, i := range open {
			if limit -= got[i]; got[i] == asked[i] {
				still = append(still, i)
			}
		}
		open = still
	}
	return nil
}

// BrokerID implements store.Outbox. It is kept in the first shard.
func (s *Store) BrokerID(ctx context.Context) (string, error) { return s.shards[0].BrokerID(ctx) }

// SwapBrokerID implements store.Outbox.
func (s *Store) SwapBrokerID(ctx context.Context, old, next string) (bool, error) {
	return s.shards[0].SwapBrokerID(ctx, old, next)
}
