// Package epoch notices that the store was wiped, and has the commander go on.
//
// A wiped store says ErrWiped to everybody (store.Epochs), so that nobody takes the void for the truth. The Keeper asks it
// twice a second which epoch it is in, and so settles a new one within half a second. From then on the store serves again,
// and the rules know what may have gone: missions older than the epoch are adopted from what soldiers have of them, for
// contracts.AdoptionPeriod (docs/adr/0019).
//
//	wiped ──> ErrWiped: claims and finals wait at the broker ──> settled ──> adopting, 24 h ──> as ever
//
// An empty store is a new installation, or a wiped one in which nobody is left who knew it. The two are treated alike: in a
// new installation there is nothing that could be adopted. They differ in what is said. A wipe is one where a commander knew
// another epoch, or where a mission was adopted.
package epoch

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/background"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

const (
	// every is how late a wipe may be noticed.
	every = 500 * time.Millisecond
	// patience bounds one question.
	patience = 2 * time.Second
)

// Keeper knows the store's epoch. It is safe for concurrent use.
type Keeper struct {
	*background.Work

	store store.Epochs
	now   func() contracts.Time
	log   *zap.Logger

	mu      sync.Mutex // held for moments, never over a question
	current store.Epoch
	// settling is closed when the question that is under way is answered, nil while none is.
	settling chan struct{}
	// known is closed by the first answer, or the Stop before it.
	known chan struct{}
	first sync.Once
}

// New returns a keeper. now is the commanders' clock.
func New(s store.Epochs, now func() contracts.Time, log *zap.Logger) *Keeper {
	k := &Keeper{store: s, now: now, log: log.Named("epoch"), known: make(chan struct{})}
	k.Work = background.New(func(ctx context.Context) { background.Every(ctx, every, k.settle) })
	return k
}

// Stop ends it. Whoever waits for the first epoch is told that there is none.
func (k *Keeper) Stop(ctx context.Context) error {
	err := k.Work.Stop(ctx)
	k.first.Do(func() { close(k.known) })
	return err
}

// settle asks once. While the store is away nothing changes.
func (k *Keeper) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	answered := make(chan struct{})
	k.mu.Lock()
	before := k.current
	k.settling = answered
	k.mu.Unlock()
	e, err := k.store.Settle(ctx)
	k.mu.Lock()
	if err == nil {
		k.current = e
	}
	k.settling = nil
	k.mu.Unlock()
	close(answered)
	if err != nil {
		return
	}
	k.first.Do(func() { close(k.known) })
	switch {
	case wiped(e) && (e.ID != before.ID || !wiped(before)):
		k.log.Error("store was wiped: what had ended and what waited in it alone is gone, the rest is adopted",
			zap.String("epoch", e.ID), zap.Time("began", e.Began.Time), zap.Duration("adopting_for", contracts.AdoptionPeriod))
	case e.ID != before.ID:
		k.log.Info("store's epoch", zap.String("epoch", e.ID), zap.Time("began", e.Began.Time))
	}
}

// Current returns the epoch. It is at least as new as that of anything that was read from the store before the call: it
// waits for the first, and while one is being asked for. So call it only once the store has answered. It fails with
// store.ErrUnavailable where ctx ends before.
func (k *Keeper) Current(ctx context.Context) (store.Epoch, error) {
	if err := await(ctx, k.known); err != nil {
		return store.Epoch{}, err
	}
	k.mu.Lock()
	current, settling := k.current, k.settling
	k.mu.Unlock()
	if settling == nil {
		return current, nil
	}
	if err := await(ctx, settling); err != nil {
		return store.Epoch{}, err
	}
	return k.last(), nil
}

func await(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the store's epoch: %w (%w)", store.ErrUnavailable, ctx.Err())
	}
}

// last is the newest epoch that is known, the zero Epoch before the first. It waits for nothing.
func (k *Keeper) last() store.Epoch {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.current
}

// Adopted returns how many missions were adopted in the epoch, by all commanders.
func (k *Keeper) Adopted() int64 { return k.last().Adopted }

// Warning says for operators that the store was wiped, for as long as missions are adopted; empty otherwise.
func (k *Keeper) Warning() string {
	e := k.last()
	if !wiped(e) || !k.now().Before(e.Began.Add(contracts.AdoptionPeriod)) {
		return ""
	}
	return fmt.Sprintf("redis was wiped before %s: missions that had ended or were scheduled are gone; %d that waited or ran were adopted; see \"After a wipe\" in docs/operations.md",
		e.Began.UTC().Format(time.RFC3339), e.Adopted)
}

func wiped(e store.Epoch) bool { return e.Origin == store.EpochWiped || e.Adopted > 0 }
