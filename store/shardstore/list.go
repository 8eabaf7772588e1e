package shardstore

import (
	"cmp"
	"context"
	"slices"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// listRounds bounds how often all shards are asked for one page. Missions are spread evenly, so that one round, in which each
// is asked for somewhat more than its share, fills most pages. Where the newest all lie in one shard (a large batch), a page
// takes another, in which each is asked for all. A search, which is slow, asks once.
const listRounds = 3

// List implements store.Missions. A search by name looks at the newest contracts.SearchWindow missions of each shard.
func (s *Store) List(ctx context.Context, q store.Query) (store.Page, error) {
	switch {
	case len(s.shards) == 1:
		return s.shards[0].List(ctx, q)
	case q.ByID():
		return s.shards[s.of(q.Search)].List(ctx, q)
	}
	q.Limit = min(max(q.Limit, 1), contracts.MaxListLimit)
	page := store.Page{Complete: true, Next: q.Cursor}
	rounds := listRounds
	if q.ByName() {
		rounds = 1
	}
	ask := 2*q.Limit/len(s.shards) + 8
	for range rounds {
		part := q
		part.Cursor, part.Limit = page.Next, q.Limit-len(page.Missions)
		found, err := s.listOnce(ctx, part, ask)
		if err != nil {
			return store.Page{}, err
		}
		page.Missions = append(page.Missions, found.Missions...)
		page.Next, page.Complete, page.Cut = found.Next, page.Complete && found.Complete, page.Cut || found.Cut
		page.Source = merge(page.Source, found.Source)
		if page.Next == "" || len(page.Missions) == q.Limit {
			break
		}
		ask = q.Limit
	}
	return page, nil
}

// listOnce asks each shard for some missions. A shard that has a next page is known down to its cursor; below
// the highest of these cursors a mission might be missing, so nothing from there is told.
//
//	shard 0   9 . . 6 . 4 | next: 4
//	shard 1   . 8 7 . 5 . 3 . 1        9 8 7 6 5 4, next: 4
func (s *Store) listOnce(ctx context.Context, q store.Query, ask int) (store.Page, error) {
	part := q
	part.Limit = min(q.Limit, ask)
	pages := make([]store.Page, len(s.shards))
	err := s.each(func(i int) (err error) {
		pages[i], err = s.shards[i].List(ctx, part)
		return err
	})
	if err != nil {
		return store.Page{}, err
	}
	all := store.Page{Complete: true}
	for _, p := range pages {
		all.Missions = append(all.Missions, p.Missions...)
		all.Next, all.Complete, all.Cut = max(all.Next, p.Next), all.Complete && p.Complete, all.Cut || p.Cut
		all.Source = merge(all.Source, p.Source)
	}
	slices.SortFunc(all.Missions, func(a, b contracts.Mission) int { return cmp.Compare(b.MissionID, a.MissionID) })
	known := len(all.Missions)
	if all.Next != "" {
		known, _ = slices.BinarySearchFunc(all.Missions, all.Next, func(m contracts.Mission, id string) int {
			if m.MissionID >= id {
				return -1
			}
			return 1
		})
	}
	if known > q.Limit {
		known, all.Next = q.Limit, idOf(all.Missions[q.Limit-1])
	}
	all.Missions = all.Missions[:known]
	return all, nil
}
