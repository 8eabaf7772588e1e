package schedule

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/background"
	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

const (
	// listEvery is how often all schedules are read, at least so long after the last time: for what other commanders were asked. Where that
	// takes long, it is done as much more rarely.
	listEvery = time.Second
	// again is when a schedule is looked at again whose store failed, or which another commander changed in that moment.
	again = 200 * time.Millisecond
	// atOnce is how many schedules are served at once: a thousand that are due in the same second leave room for others.
	atOnce = 32
	// patience bounds the work for one of them.
	patience = 10 * time.Second
)

// Store is what a Keeper needs of a store.
type Store interface {
	store.Documents
	Load(ctx context.Context, ids ...string) ([]store.Record, error)
}

// Missions creates missions: a mission.Service.
type Missions interface {
	// SubmitAs creates a mission under an id, a new one where that is empty; mission.ErrExists where there is one.
	SubmitAs(ctx context.Context, r contracts.MissionRequest, id, why string) (contracts.Mission, error)
}

// Config of a Keeper. All fields are required.
type Config struct {
	Store    Store
	Missions Missions
	// Now is the clock that all commanders share.
	Now func() contracts.Time
	// Ran counts runs by how they ended: ordered, or a contracts.SkippedRun. It must not block.
	Ran    func(outcome string)
	Logger *zap.Logger
}

// Ordered is the outcome of a run whose mission is there.
const Ordered = "ordered"

// Keeper keeps the schedules: it orders what is due, and does what clients ask. Stop waits for the runs that are under way.
type Keeper struct {
	*background.Work
	Config
	log  *zap.Logger
	wake chan struct{} // something is due earlier than it was

	mu    sync.Mutex
	known map[string]known
}

// known is what is remembered of a schedule.
type known struct {
	version int64
	// look is when to look at it; the zero time for never.
	look contracts.Time
	// learned is when this was written down.
	learned time.Time
}

// New returns a keeper.
func New(c Config) *Keeper {
	k := &Keeper{Config: c, log: c.Logger.Named("schedule"), wake: make(chan struct{}, 1), known: map[string]known{}}
	k.Work = background.New(k.run)
	return k
}

func (k *Keeper) run(ctx context.Context) {
	list := time.Now()
	for ctx.Err() == nil {
		if began := time.Now(); !began.Before(list) {
			k.list(ctx)
			took := time.Since(began)
			list = time.Now().Add(max(listEvery, 10*took))
		}
		due, next := k.due(k.Now())
		if len(due) > 0 {
			k.serveAll(ctx, due)
			continue
		}
		wait := time.Until(list)
		if !next.IsZero() {
			wait = min(wait, next.Sub(k.Now().Time))
		}
		background.PauseUnless(ctx, wait, k.wake)
	}
}

// list reads all schedules. Where the store can't say, what is known stays.
func (k *Keeper) list(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	began := time.Now()
	documents, source, err := k.Store.ListDocuments(ctx, collection)
	if err != nil || source.Degraded {
		return
	}
	there := make(map[string]bool, len(documents))
	for _, d := range documents {
		there[d.Name] = true
		if k.version(d.Name) == d.Version {
			continue
		}
		s, err := decode(d)
		if err != nil {
			k.log.Error("a schedule can't be read: put it again, or delete it", zap.String("schedule", d.Name), zap.Error(err))
			s = state{}
		}
		k.learn(d.Name, d.Version, s.look(), began)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for name, was := range k.known {
		if !there[name] && was.learned.Before(began) {
			delete(k.known, name)
		}
	}
}

func (k *Keeper) version(name string) int64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.known[name].version
}

// learn writes down when to look at a schedule, as the store said that was asked at a moment. An older version than the known one
// is late news, unless that was known before: then the store has lost its last writes.
func (k *Keeper) learn(name string, version int64, look contracts.Time, asked time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if was := k.known[name]; version < was.version && !was.learned.Before(asked) {
		return
	}
	k.known[name] = known{version: version, look: look, learned: time.Now()}
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

func (k *Keeper) forget(name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.known, name)
}

// later puts the look at a schedule off.
func (k *Keeper) later(name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	was := k.known[name]
	was.look, was.learned = contracts.At(k.Now().Add(again)), time.Now()
	k.known[name] = was
}

// due returns the schedules that are to be looked at, in no order, so that commanders don't all begin with the same; or else when
// the next one is.
func (k *Keeper) due(now contracts.Time) (due []string, next contracts.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for name, s := range k.known {
		switch {
		case s.look.IsZero():
		case !s.look.After(now.Time):
			due = append(due, name)
		case next.IsZero() || s.look.Before(next.Time):
			next = s.look
		}
	}
	rand.Shuffle(len(due), func(i, j int) { due[i], due[j] = due[j], due[i] })
	return due, next
}

// serveAll serves schedules, some at once.
func (k *Keeper) serveAll(ctx context.Context, names []string) {
	queue := make(chan string)
	var all sync.WaitGroup
	for range min(atOnce, len(names)) {
		all.Go(func() {
			for name := range queue {
				k.serve(ctx, name)
			}
		})
	}
	for _, name := range names {
		if ctx.Err() != nil {
			break
		}
		queue <- name
	}
	close(queue)
	all.Wait()
}

// serve does what is due of a schedule. It is cut short by nothing but its time: what was begun is better ended.
func (k *Keeper) serve(ctx context.Context, name string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	asked := time.Now()
	switch version, look, err := k.step(ctx, name); {
	case err == nil:
		k.learn(name, version, look, asked)
	case errors.Is(err, store.ErrNotFound):
		k.forget(name)
	case errors.Is(err, store.ErrDocumentChanged): // another commander is at it
		k.later(name)
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		k.log.Debug("a schedule waits for the store", zap.String("schedule", name), zap.Error(err))
		k.later(name)
	default:
		k.log.Warn("a schedule could not be looked at, and is again", zap.String("schedule", name), zap.Error(err))
		k.later(name)
	}
}

// step decides what is due, orders it, and notes that.
func (k *Keeper) step(ctx context.Context, name string) (version int64, look contracts.Time, err error) {
	d, err := k.Store.Document(ctx, collection, name)
	if err != nil {
		return 0, look, err
	}
	s, err := decode(d)
	if err != nil {
		return d.Version, look, nil //nolint:nilerr // list has said it, and says it again once it is another
	}
	now := k.Now()
	if s.due(now) {
		if d.Version, err = k.decide(ctx, d, &s, now); err != nil {
			return 0, look, err
		}
	}
	if len(s.Pending) > 0 {
		if d.Version, err = k.order(ctx, d, &s); err != nil {
			return 0, look, err
		}
	}
	return d.Version, s.look(), nil
}

func (k *Keeper) decide(ctx context.Context, d store.Document, s *state, now contracts.Time) (version int64, err error) {
	t, err := NewTimetable(s.Request)
	if err != nil {
		return 0, err
	}
	busy := false
	if s.Request.Overlap == contracts.OverlapSkip && s.LastMissionID != "" {
		recs, err := k.Store.Load(ctx, s.LastMissionID)
		if err != nil {
			return 0, err
		}
		busy = recs[0].Mission.Version > 0 && !recs[0].Mission.Status.Terminal()
	}
	skipped := s.decide(t, now, busy)
	version, err = k.write(ctx, d, *s)
	if err == nil {
		for _, run := range skipped {
			k.Ran(string(run))
		}
	}
	return version, err
}

// order creates what is pending, in the order of its times, and notes it.
func (k *Keeper) order(ctx context.Context, d store.Document, s *state) (version int64, err error) {
	outcomes := make([]string, len(s.Pending))
	for i, at := range s.Pending {
		outcomes[i] = Ordered
		id := missionID(s.ID, at)
		_, err := k.Missions.SubmitAs(ctx, request(d.Name, s.Request.Mission), id, "ordered by schedule "+d.Name+" for "+at.Format(contracts.TimeLayout))
		switch {
		case err == nil, errors.Is(err, mission.ErrExists):
			s.ordered(at, id)
		case errors.Is(err, store.ErrUnavailable), ctx.Err() != nil:
			return 0, err
		default: // it would fail again and again, and hold up all that follows
			k.log.Warn("a schedule's mission can't be created", zap.String("schedule", d.Name), zap.String("mission_id", id), zap.Error(err))
			outcomes[i] = string(contracts.SkippedRefused)
			s.note(contracts.ScheduleRun{At: at, Skipped: contracts.SkippedRefused, Detail: cut(err.Error())})
		}
	}
	s.Pending = nil
	version, err = k.write(ctx, d, *s)
	if err == nil {
		for _, outcome := range outcomes {
			k.Ran(outcome)
		}
	}
	return version, err
}

// cut keeps a detail short.
func cut(s string) string { return s[:min(len(s), 100)] }

// write writes a schedule where it is still the one that was read.
func (k *Keeper) write(ctx context.Context, d store.Document, s state) (version int64, err error) {
	if d.Body, err = s.encode(); err != nil {
		return 0, err
	}
	return k.Store.PutDocument(ctx, collection, d)
}
