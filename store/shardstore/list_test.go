package shardstore_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
	"github.com/mission-control-dev/mission-control/store/shardstore"
)

// short is a shard that looks at few missions for a page, as redisstore does at 2000.
type short struct {
	store.Store
	steps int
}

func (s short) List(ctx context.Context, q store.Query) (store.Page, error) {
	all, err := s.Store.List(ctx, store.Query{Limit: contracts.MaxListLimit, Cursor: q.Cursor})
	if err != nil {
		return all, err
	}
	page := store.Page{Complete: true}
	for i, m := range all.Missions {
		if i == s.steps || len(page.Missions) == q.Limit {
			return page, nil
		}
		page.Next = m.MissionID
		if q.Fits(m) {
			page.Missions = append(page.Missions, m)
		}
	}
	page.Next = ""
	return page, nil
}

// Lists over shards are those of one store that has all the missions, whatever a shard's pages are like.
func TestListsAreThoseOfOneStore(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.IntRange(2, 6).Draw(r, "shards")
		var all []store.Store
		for range n {
			var s store.Store = memstore.New(memstore.Config{EventTimes: true})
			if steps := rapid.IntRange(0, 5).Draw(r, "steps"); steps > 0 {
				s = short{s, steps}
			}
			all = append(all, s)
		}
		s, err := shardstore.New(shardstore.Config{Shards: all})
		if err != nil {
			r.Fatal(err)
		}
		one := memstore.New(memstore.Config{})
		shard := rapid.IntRange(0, n-1)
		for range rapid.IntRange(0, 40).Draw(r, "missions") {
			c := queued(shard.Draw(r, "shard"))
			c.Record.Mission.Kind = rapid.SampledFrom([]string{"a", "b"}).Draw(r, "kind")
			for _, s := range []store.Store{s, one} {
				if _, err := s.Commit(r.Context(), c); err != nil {
					r.Fatal(err)
				}
			}
		}
		q := store.Query{Kind: rapid.SampledFrom([]string{"", "a", "none"}).Draw(r, "filter")}
		q.Limit = rapid.SampledFrom([]int{1, 2, 7, 30, 200}).Draw(r, "limit")
		want, got := walk(r, one, q), walk(r, s, q)
		if !slices.Equal(want, got) {
			r.Fatalf("want %v\ngot  %v", want, got)
		}
	})
}

// walk lists all pages.
func walk(r *rapid.T, s store.Store, q store.Query) (ids []string) {
	for {
		p, err := s.List(r.Context(), q)
		if err != nil || len(p.Missions) > q.Limit || !p.Complete {
			r.Fatalf("%+v, %v", p, err)
		}
		for _, m := range p.Missions {
			ids = append(ids, m.MissionID)
		}
		if p.Next == "" {
			return ids
		}
		if q.Cursor != "" && p.Next >= q.Cursor {
			r.Fatalf("the list does not go on: %s after %s", p.Next, q.Cursor)
		}
		q.Cursor = p.Next
	}
}

func TestAPageIsFullWhereTheNewestLieInOneShard(t *testing.T) {
	some, all := shards(8)
	s := over(t, all...)
	var batch []store.Change
	for range 300 {
		batch = append(batch, queued(5))
	}
	if _, err := s.CreateAll(t.Context(), nil, batch...); err != nil {
		t.Fatal(err)
	}
	p, err := s.List(t.Context(), store.Query{Limit: 200})
	if err != nil || len(p.Missions) != 200 || p.Next != p.Missions[199].MissionID {
		t.Errorf("%d missions, next %s, %v", len(p.Missions), p.Next, err)
	}
	if n := some[0].count("List"); n > 4 {
		t.Errorf("an empty shard was asked %d times for a page", n)
	}
	p, err = s.List(t.Context(), store.Query{Limit: 10, Search: strings.ToUpper("m")})
	if err != nil || len(p.Missions) != 10 || p.Cut {
		t.Errorf("a search: %d missions, %v", len(p.Missions), err)
	}
}
