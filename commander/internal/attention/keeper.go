package attention

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

const (
	// every is the time between looks while somebody asks, idleEvery while nobody does.
	every     = 2 * time.Second
	idleEvery = 30 * time.Second
	// wantedFor is for how long after a question others are expected.
	wantedFor = 10 * time.Second
	// askTime is what a source is given, twice in one look; a moment more for those that need one to notice.
	askTime = time.Second
	moment  = 100 * time.Millisecond
	// patience is how long a question waits for a look.
	patience = 2*askTime + 3*moment
)

// Config of a Keeper. All fields are required.
type Config struct {
	Sources Sources
	// Now is the clock that all commanders share.
	Now    func() contracts.Time
	Logger *zap.Logger
}

// Keeper looks, and keeps what it saw. It is safe for concurrent use.
type Keeper struct {
	now         func() contracts.Time
	log         *zap.Logger
	independent []*source
	last        *source
	asks        sync.WaitGroup

	start, end sync.Once
	stop       context.CancelFunc
	done       chan struct{}
	wake       chan struct{}

	mu sync.Mutex
	// wanted is when somebody asked last, looked when the last look ended; then next is closed and made anew.
	wanted, looked time.Time
	next           chan struct{}
	is             contracts.Attention
	seen           map[string]contracts.Time
}

// New returns a keeper that has seen nothing yet.
func New(c Config) *Keeper {
	return &Keeper{
		now: c.Now, log: c.Logger.Named("attention"), independent: c.Sources.independent(c.Now), last: c.Sources.last(),
		stop: func() {}, done: make(chan struct{}), wake: make(chan struct{}, 1), next: make(chan struct{}),
	}
}

// Start begins to look. It returns at once.
func (k *Keeper) Start(context.Context) error {
	k.start.Do(func() {
		ctx, cancel := context.WithCancel(context.Background())
		k.stop = cancel
		go func() {
			defer close(k.done)
			k.run(ctx)
			k.asks.Wait()
		}()
	})
	return nil
}

// Stop ends it, and waits for questions under way until ctx ends.
func (k *Keeper) Stop(ctx context.Context) error {
	k.start.Do(func() { close(k.done) }) // one that was never started never will be
	k.end.Do(func() { k.stop() })
	select {
	case <-k.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stop looking for what needs attention: %w", ctx.Err())
	}
}

// Attention returns what needs attention, as of a moment ago: of the last look, or the next one where that is too old. It is
// store.ErrUnavailable where there was none yet.
func (k *Keeper) Attention(ctx context.Context) (contracts.Attention, error) {
	k.mu.Lock()
	k.wanted = time.Now()
	fresh, next := !k.looked.IsZero() && time.Since(k.looked) < every, k.next
	k.mu.Unlock()
	if !fresh {
		select {
		case k.wake <- struct{}{}:
		default:
		}
		late := time.NewTimer(patience)
		defer late.Stop()
		select {
		case <-next:
		case <-late.C:
		case <-ctx.Done():
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.looked.IsZero() {
		return contracts.Attention{}, fmt.Errorf("what needs attention is not known yet: %w", store.ErrUnavailable)
	}
	return k.is, nil
}

func (k *Keeper) run(ctx context.Context) {
	for ctx.Err() == nil {
		k.look(ctx)
		k.rest(ctx)
	}
}

// rest waits for the next look's time: until it, or somebody who asks when the last one is too old.
func (k *Keeper) rest(ctx context.Context) {
	k.mu.Lock()
	looked, wait := k.looked, idleEvery
	if time.Since(k.wanted) < wantedFor {
		wait = every
	}
	k.mu.Unlock()
	t := time.NewTimer(wait)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			return
		case <-k.wake:
			if time.Since(looked) >= every {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// look takes a picture, and judges it.
func (k *Keeper) look(ctx context.Context) {
	p := Picture{Now: k.now(), Seen: k.seen}
	k.ask(ctx, &p, k.independent...)
	k.ask(ctx, &p, k.last)
	if ctx.Err() != nil {
		return // what ended with it is no news
	}
	items, seen := judge(p)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.is, k.seen = contracts.Attention{Items: items, CheckedAt: p.Now}, seen
	k.looked = time.Now()
	close(k.next)
	k.next = make(chan struct{})
}

// ask puts their questions to sources, all at once, and fills the picture with what they said now, or last where they are not
// due. One that does not answer in time is asked nothing else until it has.
func (k *Keeper) ask(ctx context.Context, p *Picture, sources ...*source) {
	late, cancelLate := context.WithTimeout(ctx, askTime+moment)
	defer cancelLate()
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	for _, s := range sources {
		if s.due(time.Now()) {
			k.begin(ctx, s, *p)
		}
	}
	for _, s := range sources {
		if s.running == nil {
			continue
		}
		select {
		case <-s.running.done:
		case <-late.Done():
		}
		s.hear(k.log)
	}
	for _, s := range sources {
		if s.last != nil {
			s.last(p)
		}
	}
}

func (k *Keeper) begin(ctx context.Context, s *source, p Picture) {
	a := &asking{done: make(chan struct{})}
	s.begun, s.running = time.Now(), a
	k.asks.Go(func() {
		defer close(a.done)
		began := time.Now()
		a.said, a.err = s.ask(ctx, p)
		a.took = time.Since(began)
	})
}
