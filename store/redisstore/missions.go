package redisstore

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/redis/rueidis"
)

const (
	// loadChunk is how many missions are asked for in one go.
	loadChunk = 200
	// listSteps is how many ids one page looks at.
	listSteps = 2000
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
		err := s.do(ctx, "load missions", 0, func(ctx context.Context, client rueidis.Client) error {
			asked := make([]rueidis.Completed, len(chunk))
			for i, id := range chunk {
				asked[i] = ask(client, id)
			}
			for i, result := range client.DoMulti(ctx, asked...) {
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

// List implements store.Missions. It walks the smallest of the indexes that the query names. A page with several
// filters looks at 2000 ids at most, so it may be short.
func (s *Store) List(ctx context.Context, q store.Query) (store.Page, error) {
	from := "+"
	if q.Cursor != "" {
		if !contracts.ValidMissionID(q.Cursor) {
			return store.Page{}, store.ErrCursor
		}
		from = "(" + q.Cursor
	}
	var indexes []string
	if q.Status != "" {
		indexes = append(indexes, s.keys.status(string(q.Status)))
	}
	if q.Kind != "" {
		indexes = append(indexes, s.keys.kind(q.Kind))
	}
	if q.Squad != "" {
		indexes = append(indexes, s.keys.squad(q.Squad))
	}
	if len(indexes) == 0 {
		indexes = append(indexes, s.keys.all())
	}
	limit := min(max(q.Limit, 1), contracts.MaxListLimit)
	reply, err := s.run(ctx, "list missions", s.scripts.list, indexes,
		[]string{s.keys.prefix, from, strconv.Itoa(limit), strconv.Itoa(listSteps)})
	if err != nil {
		return store.Page{}, err
	}
	page := store.Page{Next: reply[0], Complete: true}
	for f := reply[1:]; len(f) >= 4; f = f[4:] {
		r, err := decodeRecord(f[0], f[1], f[2], f[3])
		if err != nil {
			return store.Page{}, err
		}
		page.Missions = append(page.Missions, r.Mission)
	}
	return page, nil
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
	err := s.do(ctx, "count missions", 0, func(ctx context.Context, client rueidis.Client) (err error) {
		n, err = s.scripts.counts.Exec(ctx, client, indexes, []string{s.keys.prefix}).AsIntSlice()
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
