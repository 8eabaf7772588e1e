package redisstore

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/redis/rueidis"
)

const (
	// loadChunk is how many missions are asked for in one go.
	loadChunk = 200
	// listSteps is how many ids one call of the list script looks at: some milliseconds of Redis' time.
	listSteps = 2000
	// searchBudget is the time after which a search makes no more calls, and returns what it has.
	searchBudget = 100 * time.Millisecond
)

// Load implements store.Missions.
func (s *Store) Load(ctx context.Context, ids ...string) ([]store.Record, error) {
	return s.load(ctx, ids, func(client rueidis.Client, id string) rueidis.Completed {
		return client.B().Hmget().Key(s.keys.mission(id)).Field("v", "c", "r", "p", "o").Build()
	})
}

// load reads missions with the fields that ask names: v, c, r, and perhaps p, o.
func (s *Store) load(ctx context.Context, ids []string, ask func(rueidis.Client, string) rueidis.Completed,
) ([]store.Record, error) {
	records := make([]store.Record, 0, len(ids))
	for len(ids) > 0 {
		chunk := ids[:min(loadChunk, len(ids))]
		ids = ids[len(chunk):]
		err := s.do(ctx, "load missions", func(ctx context.Context, client rueidis.Client) error {
			asked := make([]rueidis.Completed, len(chunk))
			for i, id := range chunk {
				asked[i] = ask(client, id)
			}
			results, err := s.read(ctx, client, asked...)
			if err != nil {
				return err
			}
			for i, result := range results {
				r, err := decodeFields(chunk[i], result)
				if err != nil {
					return err
				}
				records = append(records, r)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return records, nil
}

// decodeFields reads v, c, r, and perhaps p, o; the zero Record where there is no mission.
func decodeFields(id string, result rueidis.RedisResult) (store.Record, error) {
	fields, err := result.ToArray()
	if err != nil || fields[0].IsNil() {
		return store.Record{}, err
	}
	var text [5]string
	for i := range fields {
		if !fields[i].IsNil() {
			if text[i], err = fields[i].ToString(); err != nil {
				return store.Record{}, err
			}
		}
	}
	r, err := decodeRecord(id, text[0], text[1], text[2])
	if err != nil {
		return store.Record{}, answer(err)
	}
	if text[3] != "" {
		r.Mission.Payload = json.RawMessage(text[3])
	}
	if text[4] != "" {
		r.Mission.Result = json.RawMessage(text[4])
	}
	return r, nil
}

// Get implements store.Missions.
func (s *Store) Get(ctx context.Context, id string) (store.Record, store.Source, error) {
	records, err := s.Load(ctx, id)
	if err != nil {
		return store.Record{}, store.Source{}, err
	}
	if records[0].Mission.Version == 0 {
		return store.Record{}, store.Source{}, store.ErrNotFound
	}
	return records[0], store.Source{}, nil
}

// List implements store.Missions. It walks the smallest of the indexes that the query names. With several filters one
// script call looks at 2000 ids at most; such a page is one call, and may be short. A search for a name makes calls until
// the page is full, all that it may look at is looked at, or searchBudget is spent.
func (s *Store) List(ctx context.Context, q store.Query) (store.Page, error) {
	if q.Cursor != "" && !contracts.ValidMissionID(q.Cursor) {
		return store.Page{}, store.ErrCursor
	}
	q.Limit = min(max(q.Limit, 1), contracts.MaxListLimit)
	switch {
	case q.ByID():
		return s.find(ctx, q)
	case q.ByName():
		return s.search(ctx, q)
	}
	return s.list(ctx, q)
}

// find returns the one mission that the query can mean.
func (s *Store) find(ctx context.Context, q store.Query) (store.Page, error) {
	page := store.Page{Complete: true}
	records, err := s.Load(ctx, q.Search)
	if err != nil {
		return store.Page{}, err
	}
	m := records[0].Mission
	if m.Version > 0 && q.Fits(m) && (q.Cursor == "" || m.MissionID < q.Cursor) {
		page.Missions = append(page.Missions, m.Brief())
	}
	return page, nil
}

func (s *Store) search(ctx context.Context, q store.Query) (store.Page, error) {
	began := time.Now()
	page := store.Page{Next: q.Cursor}
	for {
		part := q
		part.Cursor, part.Limit = page.Next, q.Limit-len(page.Missions)
		found, err := s.list(ctx, part)
		if err != nil {
			return store.Page{}, err
		}
		found.Missions = append(page.Missions, found.Missions...)
		page = found
		if page.Next == "" || len(page.Missions) == q.Limit || time.Since(began) > searchBudget {
			return page, nil
		}
	}
}

// list makes one script call.
func (s *Store) list(ctx context.Context, q store.Query) (store.Page, error) {
	from := "+"
	if q.Cursor != "" {
		from = "(" + q.Cursor
	}
	indexes := s.indexes(q)
	args := []string{s.keys.prefix, from, strconv.Itoa(q.Limit), strconv.Itoa(listSteps)}
	if q.ByName() {
		beginning, err := encodedBeginning(q.Search)
		if err != nil {
			return store.Page{}, err
		}
		indexes = append(indexes, s.keys.all())
		args = append(args, beginning, strconv.Itoa(contracts.SearchWindow))
	}
	reply, err := s.run(ctx, "list missions", s.scripts.list, indexes, args)
	if err != nil {
		return store.Page{}, err
	}
	page := store.Page{Next: reply[0], Cut: reply[1] != "", Complete: true}
	for f := reply[2:]; len(f) >= 4; f = f[4:] {
		r, err := decodeRecord(f[0], f[1], f[2], f[3])
		if err != nil {
			return store.Page{}, err
		}
		page.Missions = append(page.Missions, r.Mission)
	}
	return page, nil
}

// indexes are those in all of which a mission must be.
func (s *Store) indexes(q store.Query) []string {
	var list []string
	if q.Status != "" {
		list = append(list, s.keys.status(string(q.Status)))
	}
	if q.Kind != "" {
		list = append(list, s.keys.kind(q.Kind))
	}
	if q.Squad != "" {
		list = append(list, s.keys.squad(q.Squad))
	}
	if q.Label != (contracts.Label{}) {
		list = append(list, s.keys.label(q.Label.String()))
	}
	if list == nil {
		list = append(list, s.keys.all())
	}
	return list
}

// History implements store.Missions.
func (s *Store) History(ctx context.Context, id string) (store.History, error) {
	reply, err := s.run(ctx, "read history", s.scripts.history, []string{s.keys.mission(id), s.keys.history(id)}, nil)
	if err != nil {
		return store.History{}, err
	}
	if len(reply) == 0 {
		return store.History{}, store.ErrNotFound
	}
	dropped, err := strconv.Atoi(reply[0])
	if err != nil {
		return store.History{}, fmt.Errorf("mission %s in redis has an unreadable field d: %w", id, err)
	}
	h := store.History{Dropped: dropped}
	for _, text := range reply[1:] {
		l, err := decodeLine(text)
		if err != nil {
			return store.History{}, fmt.Errorf("history of mission %s in redis is unreadable: %w", id, err)
		}
		h.Lines = append(h.Lines, l)
	}
	return h, nil
}

// Counts implements store.Missions.
func (s *Store) Counts(ctx context.Context) (store.Counts, error) {
	statuses := contracts.Statuses()
	indexes := make([]string, len(statuses))
	for i, status := range statuses {
		indexes[i] = s.keys.status(string(status))
	}
	var n []int64
	err := s.do(ctx, "count missions", func(ctx context.Context, client rueidis.Client) (err error) {
		keys, args := s.guarded(indexes, []string{s.keys.prefix})
		n, err = s.scripts.counts.Exec(ctx, client, keys, args).AsIntSlice()
		return err
	})
	if err != nil {
		return store.Counts{}, err
	}
	c := store.Counts{ByStatus: make(map[contracts.Status]int64, len(statuses))}
	for i, status := range statuses {
		c.ByStatus[status] = n[i]
	}
	n = n[len(statuses):]
	c.CreatedPerMinute, c.CompletedPerMinute, c.FailedPerMinute = n[0], n[1], n[2]
	return c, nil
}
