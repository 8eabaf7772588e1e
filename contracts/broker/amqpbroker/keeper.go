package amqpbroker

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts/broker"
)

// keeper keeps one connection: it connects, waits for the loss, and connects again, until it is told to stop.
type keeper struct {
	role    role
	backoff *backoff
	log     *zap.Logger
	// connect makes a session with what lives on it; told is called after each change of it.
	connect func(context.Context) (*session, error)
	told    func()
	// hurry ends the wait for the next attempt: the other connection stands, so the broker is back. It does so once in a
	// longest wait: a broker that accepts and drops at once would have the two hurry each other in a hot loop.
	hurry   chan struct{}
	hurried time.Time // when it last did; only run reads and writes it

	mu      sync.Mutex
	epoch   uint64 // counts sessions
	session *session
	err     error         // why there is no session
	lost    error         // why the last one went
	changed chan struct{} // closed and replaced at each change
}

func newKeeper(r role, cfg Config) *keeper {
	return &keeper{
		role:    r,
		backoff: newBackoff(cfg.BackoffMin, cfg.BackoffMax),
		log:     cfg.Logger.Named(string(r)),
		hurry:   make(chan struct{}, 1),
		changed: make(chan struct{}),
		err:     errors.New("not connected yet"),
	}
}

// run keeps the connection until ctx ends; farewell then bounds the goodbye to the broker.
func (k *keeper) run(ctx, farewell context.Context) {
	lastLogged := ""
	for ctx.Err() == nil {
		s, err := k.connect(ctx)
		if err != nil {
			if ctx.Err() == nil && err.Error() != lastLogged {
				lastLogged = err.Error()
				k.log.Warn("broker connection failed, trying again", zap.Error(err))
			}
			k.set(nil, err)
			k.wait(ctx)
			continue
		}
		lastLogged = ""
		since := time.Now()
		k.set(s, nil)
		k.log.Info("broker connected")
		select {
		case <-s.done:
			k.set(nil, s.err)
			k.log.Warn("broker connection lost", zap.Error(s.err))
			k.backoff.stood(time.Since(since))
			k.calm()
			k.wait(ctx)
		case <-ctx.Done():
			s.close(farewell)
			k.set(nil, broker.ErrClosed)
		}
	}
}

// wait waits until the next attempt is due.
func (k *keeper) wait(ctx context.Context) {
	early := k.hurry
	if time.Since(k.hurried) < k.backoff.last {
		early = nil
	}
	if k.backoff.wait(ctx, early) {
		k.hurried = time.Now()
	}
}

// hasten has the next attempt made now, if one is waited for and none was hastened of late.
func (k *keeper) hasten() {
	select {
	case k.hurry <- struct{}{}:
	default:
	}
}

// calm forgets what hasten said while the connection stood.
func (k *keeper) calm() {
	select {
	case <-k.hurry:
	default:
	}
}

func (k *keeper) set(s *session, err error) {
	k.mu.Lock()
	if s != nil {
		k.epoch++
	} else if k.session != nil {
		k.lost = err
	}
	k.session, k.err = s, err
	close(k.changed)
	k.changed = make(chan struct{})
	k.mu.Unlock()
	k.told()
}

// now is the present session, nil where there is none, and then why.
func (k *keeper) now() (*session, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.session, k.err
}

// await waits for a session. The error is ctx's cause.
func (k *keeper) await(ctx context.Context) (*session, error) {
	for {
		k.mu.Lock()
		s, changed := k.session, k.changed
		k.mu.Unlock()
		if s != nil && s.alive() {
			return s, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// last is the present session, if any, its number, and why the last one that went is gone.
func (k *keeper) last() (*session, uint64, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.session, k.epoch, k.lost
}
