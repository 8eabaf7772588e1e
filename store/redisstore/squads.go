package redisstore

import (
	"context"
	"fmt"
	"strconv"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// recountMost is how many missions of each status one call of Recount looks at: some milliseconds of Redis' time.
const recountMost = 600

// SquadCounts implements store.Squads.
func (s *Store) SquadCounts(ctx context.Context) (store.SquadCounts, error) {
	names := []string{s.keys.squads(), s.keys.events()}
	for _, status := range []contracts.Status{contracts.StatusScheduled, contracts.StatusQueued, contracts.StatusInProgress} {
		names = append(names, s.keys.index(statusIndex(status)))
	}
	reply, err := s.run(ctx, "count missions of squads", s.scripts.squadCounts, names, []string{s.keys.prefix})
	if err != nil {
		return store.SquadCounts{}, err
	}
	c := store.SquadCounts{BySquad: map[string]store.Unended{}, Known: reply[0] != ""}
	for f := reply[1:]; len(f) >= 2; f = f[2:] {
		status, err := statusOf(f[0][0])
		if err != nil {
			return store.SquadCounts{}, fmt.Errorf("counts of squads in redis are unreadable: %w", err)
		}
		n, err := strconv.ParseInt(f[1], 10, 64)
		if err != nil {
			return store.SquadCounts{}, fmt.Errorf("counts of squads in redis are unreadable: %w", err)
		}
		squad := f[0][1:]
		c.BySquad[squad] = c.BySquad[squad].With(status, n)
	}
	return c, nil
}

// Recount implements store.Squads.
func (s *Store) Recount(ctx context.Context) (bool, error) {
	reply, err := s.run(ctx, "count missions of squads anew", s.scripts.recount,
		[]string{s.keys.due(), s.keys.dispatch(), s.keys.events()}, []string{s.keys.prefix, strconv.Itoa(recountMost)})
	if err != nil {
		return false, err
	}
	return reply[0] == "1", nil
}
