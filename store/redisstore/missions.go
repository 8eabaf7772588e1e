package redisstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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
	// historyHead is how many lines stay at the beginning of a history that is cut.
	historyHead = 20
	// searchBudget is the time after which a search makes no more calls, and returns what it has.
	searchBudget = 100 * time.Millisecond
)

// Load implements store.Missions.
func (s *Store) Load(ctx context.Context, ids ...string) ([]store.Record, error) {
	records, apart, err := s.rows(ctx, ids)
	if err != nil || len(apart) == 0 {
		return records, err
	}
	return records, s.loadApart(ctx, ids, records, apart)
}

// Peek implements store.Missions.
func (s *Store) Peek(ctx context.Context, ids ...string) ([]store.Record, error) {
	records, _, err := s.rows(ctx, ids)
	for i := range records {
		records[i] = records[i].Brief()
	}
	return records, err
}

// rows reads rows, and tells which of the missions have a payload or a result apart.
func (s *Store) rows(ctx context.Context, ids []string) (records []store.Record, apart []int, err error) {
	records = make([]store.Record, len(ids))
	for from := 0; from < len(ids); from += loadChunk {
		chunk := ids[from:min(from+loadChunk, len(ids))]
		names := make([]string, len(chunk))
		for i, id := range chunk {
			raw, _ := parseID(id)
			names[i] = s.keys.mission(raw)
		}
		err := s.mget(ctx, names, func(values []rueidis.RedisMessage) error {
			for i, value := range values {
				found, err := decodeRow(chunk[i], value)
				if err != nil {
					return err
				}
				if records[from+i] = found.record; found.apart {
					apart = append(apart, from+i)
				}
			}
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
	}
	return records, apart, nil
}

// loadApart reads those missions once more, rows and bodies in one command, so that all that comes is of one moment.
func (s *Store) loadApart(ctx context.Context, ids []string, records []store.Record, which []int) error {
	for chunk := range slices.Chunk(which, loadChunk) {
		names := make([]string, 0, 3*len(chunk))
		for _, at := range chunk {
			raw, _ := parseID(ids[at])
			names = append(names, s.keys.mission(raw), s.keys.payload(raw), s.keys.result(raw))
		}
		err := s.mget(ctx, names, func(values []rueidis.RedisMessage) error {
			for i, at := range chunk {
				found, err := decodeRow(ids[at], values[3*i])
				m := &found.record.Mission
				err = errors.Join(err, decodeApart(&m.Payload, values[3*i+1]), decodeApart(&m.Result, values[3*i+2]))
				if err != nil {
					return err
				}
				records[at] = found.record
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// mget hands over what lies under the keys, all of one moment.
func (s *Store) mget(ctx context.Context, names []string, take func([]rueidis.RedisMessage) error) error {
	return s.do(ctx, "load missions", func(ctx context.Context, client rueidis.Client) error {
		results, err := s.read(ctx, client, client.B().Mget().Key(names...).Build())
		if err != nil {
			return err
		}
		values, err := results[0].ToArray()
		if err != nil {
			return err
		}
		return take(values)
	})
}

// decodeRow reads a row; the zero row where there is no mission.
func decodeRow(id string, value rueidis.RedisMessage) (row, error) {
	if value.IsNil() {
		return row{}, nil
	}
	text, err := value.ToString()
	if err != nil {
		return row{}, err
	}
	found, err := readRow(id, text)
	if err != nil {
		return row{}, answer(err)
	}
	return found, nil
}

// decodeApart reads a body that lies apart, if it does.
func decodeApart(body *json.RawMessage, value rueidis.RedisMessage) (err error) {
	if !value.IsNil() {
		*body, err = value.AsBytes()
	}
	return err
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
		cursor, _ := parseID(q.Cursor)
		from = "(" + string(cursor[:])
	}
	statuses := s.statuses()
	indexes := append(statuses, s.indexes(q)...)
	args := []string{s.keys.prefix, from, strconv.Itoa(q.Limit), strconv.Itoa(listSteps), strconv.Itoa(len(statuses))}
	if q.ByName() {
		args = append(args, store.FoldName(q.Search), strconv.Itoa(contracts.SearchWindow))
	}
	reply, err := s.run(ctx, "list missions", s.scripts.list, indexes, args)
	if err != nil {
		return store.Page{}, err
	}
	page := store.Page{Cut: reply[1] != "", Complete: true}
	if reply[0] != "" {
		page.Next = textID(reply[0])
	}
	for f := reply[2:]; len(f) >= 2; f = f[2:] {
		found, err := readRow(textID(f[0]), f[1])
		if err != nil {
			return store.Page{}, err
		}
		page.Missions = append(page.Missions, found.record.Mission.Brief())
	}
	return page, nil
}

// statuses are the indexes of all statuses.
func (s *Store) statuses() []string {
	all := contracts.Statuses()
	list := make([]string, len(all))
	for i, status := range all {
		list[i] = s.keys.index(statusIndex(status))
	}
	return list
}

// indexes are those in all of which a mission must be.
func (s *Store) indexes(q store.Query) []string {
	var list []string
	if q.Status != "" {
		list = append(list, s.keys.index(statusIndex(q.Status)))
	}
	if q.Kind != "" {
		list = append(list, s.keys.index(kindIndex(q.Kind)))
	}
	if q.Squad != "" {
		list = append(list, s.keys.index(squadIndex(q.Squad)))
	}
	if q.Label != (contracts.Label{}) {
		list = append(list, s.keys.index(labelIndex(q.Label)))
	}
	return list
}

// History implements store.Missions.
func (s *Store) History(ctx context.Context, id string) (store.History, error) {
	raw, ok := parseID(id)
	if !ok {
		return store.History{}, store.ErrNotFound
	}
	reply, err := s.run(ctx, "read history", s.scripts.history, []string{s.keys.mission(raw), s.keys.history(raw)}, nil)
	if err != nil {
		return store.History{}, err
	}
	if len(reply) == 0 {
		return store.History{}, store.ErrNotFound
	}
	found, err := readRow(id, reply[0])
	if err != nil {
		return store.History{}, err
	}
	h := store.History{Dropped: found.dropped}
	for _, text := range reply[1:] {
		l, err := readLine(text)
		if err != nil {
			return store.History{}, fmt.Errorf("history of mission %s in redis is unreadable: %w", id, err)
		}
		h.Lines = append(h.Lines, l)
	}
	young, err := readLines(found.lines)
	if err != nil {
		return store.History{}, fmt.Errorf("history of mission %s in redis is unreadable: %w", id, err)
	}
	h.Lines = append(h.Lines, young...)
	// Redis cuts only what lies apart.
	if over := len(h.Lines) - contracts.MaxHistoryLines; over > 0 {
		h.Lines = slices.Delete(h.Lines, historyHead, historyHead+over)
		h.Dropped += over
	}
	return h, nil
}

// Counts implements store.Missions.
func (s *Store) Counts(ctx context.Context) (store.Counts, error) {
	statuses, indexes := contracts.Statuses(), s.statuses()
	numbers := len(statuses) + 3
	var reply []rueidis.RedisMessage
	err := s.do(ctx, "count missions", func(ctx context.Context, client rueidis.Client) (err error) {
		keys, args := s.guarded(indexes, []string{s.keys.prefix, strconv.Itoa(slices.Index(statuses, contracts.StatusQueued) + 1)})
		reply, err = s.scripts.counts.Exec(ctx, client, keys, args).ToArray()
		return err
	})
	if err != nil {
		return store.Counts{}, err
	}
	if len(reply) < numbers {
		return store.Counts{}, fmt.Errorf("redis counted %d numbers of missions, not %d", len(reply), numbers)
	}
	n := make([]int64, numbers)
	for i := range n {
		if n[i], err = reply[i].AsInt64(); err != nil {
			return store.Counts{}, fmt.Errorf("counts of missions in redis are unreadable: %w", err)
		}
	}
	c := store.Counts{ByStatus: make(map[contracts.Status]int64, len(statuses))}
	for i, status := range statuses {
		c.ByStatus[status] = n[i]
	}
	n = n[len(statuses):]
	c.CreatedPerMinute, c.CompletedPerMinute, c.FailedPerMinute = n[0], n[1], n[2]
	if oldest := reply[numbers:]; len(oldest) == 2 {
		c.Oldest = waitingOf(oldest[0], oldest[1])
	}
	return c, nil
}

// waitingOf reads id and row of a mission that is QUEUED. Of one that can't be read only the id is known: it holds up no count.
func waitingOf(id, row rueidis.RedisMessage) store.Waiting {
	raw, _ := id.ToString()
	text, _ := row.ToString()
	w := store.Waiting{MissionID: textID(raw)}
	if created, ok := contracts.MissionCreated(w.MissionID); ok {
		w.CreatedAt = contracts.At(created)
	}
	if found, err := readRow(w.MissionID, text); err == nil {
		w.CreatedAt, w.Squad = found.record.Mission.CreatedAt, found.record.Mission.Squad
	}
	return w
}
