package dualstore

import (
	"sync"

	"go.uber.org/zap"
)

// breaker remembers whether the primary is away, so that reads need not find out.
type breaker struct {
	log *zap.Logger

	mu   sync.Mutex
	away bool
	// tripped has an item after the primary went, or began another epoch.
	tripped chan struct{}
}

func newBreaker(log *zap.Logger) *breaker {
	return &breaker{log: log, tripped: make(chan struct{}, 1)}
}

func (b *breaker) isAway() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.away
}

// trip says that the primary did not answer.
func (b *breaker) trip(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away {
		return
	}
	b.away = true
	b.log.Warn("store is away, reads are answered from memory", zap.Error(err))
	b.poke()
}

// poke has the primary asked once more at once.
func (b *breaker) poke() {
	select {
	case b.tripped <- struct{}{}:
	default:
	}
}

// reset says that the primary answered.
func (b *breaker) reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away {
		b.away = false
		b.log.Info("store is back, reads are answered from it")
	}
}
