package memstore

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// Config of a Store. Its zero value works.
type Config struct {
	// Now is the store's clock; time.Now by default.
	Now func() time.Time
	// EventsKept is how many events can be read again; 100,000 by default.
	EventsKept int
	// EventTimes has ids of events tell when, n-ms, as Redis' do, so that many stores' can be put in order (shardstore);
	// else they are counted.
	EventTimes bool
}

// Store is a store.Store in memory.
type Store struct {
	now        func() time.Time
	eventsKept int
	eventTimes bool

	mu       sync.Mutex
	epoch    store.Epoch
	missions map[string]*mission
	// ids are all mission ids in ascending order.
	ids       []string
	byStatus  map[contracts.Status]int64
	bySquad   map[string]store.Unended
	queued    queued
	bySession map[string]map[string]struct{}
	keys      map[string]key
	// unique is who has a unique key, deadlines when a mission's is looked at, in ms.
	unique    map[string]string
	deadlines map[string]int64
	rates     rates
	due       map[string]dueEntry
	shelves   map[string]shelf
	brokerID  string
	// gates are those of concurrency keys and squads; opened: the call admitted somebody who had waited.
	gates  map[string]*gate
	opened bool
	// dispatch is the last Dispatch that was given out.
	dispatch int64
	sessions map[string]*session
	// documents are those of each collection, by name; documentVersion is the last version of any.
	documents       map[string]map[string]store.Document
	documentVersion int64
	// events are the last ones, in the order of their ids; eventsGone: there were more.
	events     []numbered
	eventsGone bool
	lastEvent  eventID
	// changed is closed and replaced at each event.
	changed chan struct{}
}

var _ store.Store = (*Store)(nil)

type mission struct {
	record  store.Record
	history []contracts.HistoryLine
	dropped int
	// shelf it lies on, and since when; empty where it lies on none.
	shelf     string
	shelvedAt int64
	told      telemetry
}

type key struct {
	existing store.Existing
	until    time.Time
}

// New returns an empty Store.
func New(cfg Config) *Store {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.EventsKept <= 0 {
		cfg.EventsKept = 100_000
	}
	return &Store{
		now:        cfg.Now,
		eventsKept: cfg.EventsKept,
		eventTimes: cfg.EventTimes,
		missions:   map[string]*mission{},
		byStatus:   map[contracts.Status]int64{},
		bySquad:    map[string]store.Unended{},
		bySession:  map[string]map[string]struct{}{},
		keys:       map[string]key{},
		unique:     map[string]string{},
		deadlines:  map[string]int64{},
		rates:      rates{},
		due:        map[string]dueEntry{},
		shelves:    map[string]shelf{},
		gates:      map[string]*gate{},
		sessions:   map[string]*session{},
		documents:  map[string]map[string]store.Document{},
		changed:    make(chan struct{}),
		epoch:      store.Epoch{ID: uuid.NewString(), Began: contracts.At(cfg.Now()), Origin: store.EpochFirst},
	}
}

// Now returns the clock's time.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	return s.now(), ctx.Err()
}

// Settle returns the one epoch that a store in memory has: it is wiped only together with whoever uses it.
func (s *Store) Settle(ctx context.Context) (store.Epoch, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.epoch, ctx.Err()
}

// Check finds nothing wrong, ever.
func (s *Store) Check(ctx context.Context) (string, error) { return "", ctx.Err() }

// Load implements store.Missions.
func (s *Store) Load(ctx context.Context, ids ...string) ([]store.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	records := make([]store.Record, len(ids))
	for i, id := range ids {
		if m := s.missions[id]; m != nil {
			records[i] = m.record.Clone()
		}
	}
	return records, nil
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

// History implements store.Missions.
func (s *Store) History(ctx context.Context, id string) (store.History, error) {
	if err := ctx.Err(); err != nil {
		return store.History{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.missions[id]
	if m == nil {
		return store.History{}, store.ErrNotFound
	}
	return store.History{Lines: slices.Clone(m.history), Dropped: m.dropped}, nil
}

// List implements store.Missions.
func (s *Store) List(ctx context.Context, q store.Query) (store.Page, error) {
	if err := ctx.Err(); err != nil {
		return store.Page{}, err
	}
	if q.Cursor != "" && !contracts.ValidMissionID(q.Cursor) {
		return store.Page{}, store.ErrCursor
	}
	limit := min(max(q.Limit, 1), contracts.MaxListLimit)
	s.mu.Lock()
	defer s.mu.Unlock()
	i, floor := len(s.ids), 0
	if q.ByName() {
		floor = max(0, len(s.ids)-contracts.SearchWindow)
	}
	if q.Cursor != "" {
		i, _ = slices.BinarySearch(s.ids, q.Cursor)
	}
	page := store.Page{Complete: true, Cut: floor > 0}
	for i--; i >= floor; i-- {
		m := s.missions[s.ids[i]].record.Mission
		if !q.Fits(m) {
			continue
		}
		if len(page.Missions) == limit {
			page.Next = page.Missions[limit-1].MissionID
			break
		}
		brief := store.Record{Mission: m.Brief()}.Clone()
		page.Missions = append(page.Missions, brief.Mission)
	}
	return page, nil
}

// Counts implements store.Missions.
func (s *Store) Counts(ctx context.Context) (store.Counts, error) {
	if err := ctx.Err(); err != nil {
		return store.Counts{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := store.Counts{ByStatus: map[contracts.Status]int64{}}
	for _, status := range contracts.Statuses() {
		c.ByStatus[status] = s.byStatus[status]
	}
	r := s.rates.lastMinute(s.now())
	c.CreatedPerMinute, c.CompletedPerMinute, c.FailedPerMinute = r.created, r.completed, r.failed
	if id := s.queued.oldest(s.isQueued); id != "" {
		m := s.missions[id].record.Mission
		c.Oldest = store.Waiting{MissionID: id, CreatedAt: contracts.FromMillis(m.CreatedAt.Millis()), Squad: m.Squad}
	}
	return c, nil
}
