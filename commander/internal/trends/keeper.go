package trends

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/background"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

const (
	// patience bounds one call of the store.
	patience = 3 * time.Second
	// farewell bounds the last writing.
	farewell = 500 * time.Millisecond
	// maxPending is how many batches wait for each series while the store is away: those of an hour.
	maxPending = int(time.Hour / stepTime)
	// maxRounds bounds how often a document is read anew because others came first, all of whom write at the same moment.
	maxRounds = 50
	// apart is how far such tries may be apart.
	apart = 20 * time.Millisecond
	// drift is by how much the shared clock may be behind a step's end when this process thinks that it is over.
	drift = time.Second
)

// Store is what a Keeper needs of a store.
type Store interface {
	store.Documents
	Counts(ctx context.Context) (store.Counts, error)
	ListSessions(ctx context.Context) ([]store.Session, store.Source, error)
}

// Config of a Keeper. All fields are required.
type Config struct {
	Store    Store
	Recorder *Recorder
	// Now is the clock that all commanders share.
	Now    func() contracts.Time
	Logger *zap.Logger
}

// Keeper writes what its Recorder counted, and tells what all commanders wrote. Stop has it write what was counted last.
type Keeper struct {
	*background.Work
	Config
	log *zap.Logger
	// writer tells this commander's life from all others in documents.
	writer string
	// number and pending are run's. pending are the batches that each series lacks.
	number  int64
	pending [][]*batch
	said    string
}

// New returns a keeper.
func New(c Config) *Keeper {
	k := &Keeper{Config: c, log: c.Logger.Named("trends"), writer: uuid.NewString()[:13], pending: make([][]*batch, len(allSeries()))}
	k.Work = background.New(k.run)
	return k
}

func (k *Keeper) run(ctx context.Context) {
	at := k.Now().Truncate(stepTime)
	for background.Pause(ctx, at.Add(stepTime).Sub(k.Now().Time)) {
		b := k.batch(at) // before the look, which may take a while: what happens meanwhile is the next step's
		b.gauges = k.look(ctx)
		k.keep(b)
		k.write(ctx)
		at = following(at, k.Now().Time)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	k.keep(k.batch(at))
	k.write(ctx)
}

// following is the step after one, or that in which we are where the clock jumped or this process stood still.
func following(at, now time.Time) time.Time {
	next := at.Add(stepTime)
	if into := now.Sub(next); into < -drift || into >= stepTime {
		return now.Truncate(stepTime)
	}
	return next
}

// batch takes what was counted in a step.
func (k *Keeper) batch(at time.Time) *batch {
	k.number = max(k.number+1, k.Now().Millis())
	b := &batch{number: k.number, at: at}
	b.counts, b.failures = k.Recorder.take()
	return b
}

// keep holds a batch until it is written.
func (k *Keeper) keep(b *batch) {
	for i, s := range allSeries() {
		if s.concerns(b) {
			k.pending[i] = append(k.pending[i], b)
		}
		if over := len(k.pending[i]) - maxPending; over > 0 {
			k.pending[i] = k.pending[i][over:]
		}
	}
}

// look returns how things are now; nil where the store does not say.
func (k *Keeper) look(ctx context.Context) *gauges {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c, err := k.Store.Counts(ctx)
	if err != nil || c.Source.Degraded {
		return nil
	}
	sessions, from, err := k.Store.ListSessions(ctx)
	if err != nil || from.Degraded {
		return nil
	}
	g := &gauges{At: k.Now()}
	g.Queued, g.InProgress = c.ByStatus[contracts.StatusQueued], c.ByStatus[contracts.StatusInProgress]
	g.Scheduled = c.ByStatus[contracts.StatusScheduled]
	if c.Oldest.MissionID != "" {
		g.OldestQueuedSeconds = max(0, g.At.Sub(c.Oldest.CreatedAt.Time)).Seconds()
	}
	for _, s := range sessions {
		if s.State == store.SessionLive {
			g.Slots += s.Slots
		}
	}
	g.Busy = min(int(g.InProgress), g.Slots) // what sessions say of it is as old as their last renewal
	return g
}

// write writes what each series lacks. Where the store is away, the rest waits for the next step.
func (k *Keeper) write(ctx context.Context) {
	for i, s := range allSeries() {
		err := k.writeSeries(ctx, s, &k.pending[i])
		k.say(ctx, s, err)
		if err != nil {
			return
		}
	}
	k.said = ""
}

// say logs why numbers are not written, once for each reason. A store that is away says so itself.
func (k *Keeper) say(ctx context.Context, s series, err error) {
	switch {
	case err == nil:
	case ctx.Err() != nil, errors.Is(err, store.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		k.log.Debug("numbers over time could not be written, they wait", zap.String("collection", s.collection), zap.Error(err))
	case err.Error() != k.said:
		k.said = err.Error()
		k.log.Warn("can't write numbers over time: the dashboard's plots will have a gap", zap.String("collection", s.collection), zap.Error(err))
	}
}

// writeSeries writes batches, as many at once as belong to the same document.
func (k *Keeper) writeSeries(ctx context.Context, s series, pending *[]*batch) error {
	for len(*pending) > 0 {
		name, n := s.document((*pending)[0].at), 1
		for n < len(*pending) && s.document((*pending)[n].at) == name {
			n++
		}
		if !s.over(name, k.Now().Time) {
			if err := k.add(ctx, s, name, (*pending)[:n]); err != nil {
				return err
			}
		}
		*pending = (*pending)[n:]
	}
	return nil
}

// add adds batches to a document.
func (k *Keeper) add(ctx context.Context, s series, name string, batches []*batch) error {
	for range maxRounds {
		created, err := k.tryAdd(ctx, s, name, batches)
		switch {
		case errors.Is(err, store.ErrDocumentChanged):
			background.Pause(ctx, rand.N(apart)) //nolint:gosec // spreads tries
		case errors.Is(err, store.ErrDocumentsFull):
			if err := k.trim(ctx, s); err != nil {
				return err
			}
		case err != nil:
			return fmt.Errorf("add to %s of %s: %w", name, s.collection, err)
		case created:
			return k.trim(ctx, s)
		default:
			return nil
		}
	}
	return fmt.Errorf("add to %s of %s: others changed it %d times meanwhile", name, s.collection, maxRounds)
}

// tryAdd tells whether the document is new.
func (k *Keeper) tryAdd(ctx context.Context, s series, name string, batches []*batch) (created bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	d, err := k.Store.Document(ctx, s.collection, name)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return false, err //nolint:wrapcheck // add does
	}
	d.Name = name
	c, err := decode(d.Body)
	if err != nil {
		k.log.Warn("a document with numbers over time can't be read, it is begun anew",
			zap.String("collection", s.collection), zap.String("document", name), zap.Error(err))
	}
	news := false
	for _, b := range batches {
		if !c.has(k.writer, b) {
			s.add(&c, b)
			c.note(k.writer, b)
			news = true
		}
	}
	if !news {
		return false, nil // it was written after all
	}
	if d.Body, err = c.encode(); err != nil {
		return false, err
	}
	_, err = k.Store.PutDocument(ctx, s.collection, d)
	return d.Version == 0, err //nolint:wrapcheck // add does
}

// trim removes the documents of a series that are too old. What another commander removes at the same time is gone as well.
func (k *Keeper) trim(ctx context.Context, s series) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	documents, from, err := k.Store.ListDocuments(ctx, s.collection)
	if err != nil {
		return fmt.Errorf("list %s: %w", s.collection, err)
	}
	if from.Degraded {
		return nil
	}
	for _, d := range documents {
		if !s.over(d.Name, k.Now().Time) {
			continue
		}
		if err := k.Store.DeleteDocument(ctx, s.collection, d.Name, d.Version); err != nil && !errors.Is(err, store.ErrDocumentChanged) {
			return fmt.Errorf("remove %s of %s: %w", d.Name, s.collection, err)
		}
	}
	return nil
}
