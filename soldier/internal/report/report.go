// Package report publishes what the protocol's outbox holds: claims, NO_HANDLER and finals, in packs on status_queue.
//
// One pack is in flight at a time. What gathers meanwhile goes with the next one; nothing waits for a pack to fill. A
// pack is sent only under a token that lives now and belongs to the current session: without one the outbox waits.
// A publish that fails leaves open whether the broker has the pack; its updates are sent again, readers expect that.
package report

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/soldier/internal/engine"
	"github.com/mission-control-dev/mission-control/soldier/internal/protocol"
	"github.com/mission-control-dev/mission-control/tokenauth"
)

const (
	// publishTimeout ends one publish without confirm: the broker hangs or blocks.
	publishTimeout = 10 * time.Second
	// retryMin and retryMax bound the wait after a failed publish.
	retryMin, retryMax = 100 * time.Millisecond, 2 * time.Second
)

// Tokens gives the token to speak with.
type Tokens interface {
	// Current returns the newest token, while it lives, and the session it is for.
	Current() (tokenauth.Credential, string, bool)
}

// Reporter publishes the outbox.
type Reporter struct {
	engine    *engine.Engine
	tokens    Tokens
	publisher broker.Publisher
	log       *zap.Logger
	wake      chan struct{} // of size 1
}

// New returns a reporter. Wake it whenever there may be something to send.
func New(e *engine.Engine, t Tokens, p broker.Publisher, log *zap.Logger) *Reporter {
	return &Reporter{engine: e, tokens: t, publisher: p, log: log, wake: make(chan struct{}, 1)}
}

// Wake makes the reporter look: there is something new to send, a new token, or a connection. It never blocks.
func (r *Reporter) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run publishes until ctx ends.
func (r *Reporter) Run(ctx context.Context) {
	failures := 0
	for {
		sent, err := r.next(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			if failures == 0 {
				r.log.Warn("updates wait: the broker does not take them", zap.Error(err))
			}
			failures++
			if !r.pause(ctx, backoff(failures)) {
				return
			}
		case sent:
			if failures > 0 {
				r.log.Info("updates are taken again")
			}
			failures = 0
		default:
			select {
			case <-r.wake:
			case <-ctx.Done():
				return
			}
		}
	}
}

// pause waits for d; a connection that comes back does not cut it short by more than d, which is small.
func (r *Reporter) pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func backoff(failures int) time.Duration {
	d := retryMax
	if failures < 6 {
		d = min(d, retryMin<<(failures-1))
	}
	return d - time.Duration(rand.Int64N(int64(d)/2))
}

// next publishes one pack, if there is one and a token to send it with.
func (r *Reporter) next(ctx context.Context) (bool, error) {
	cred, session, ok := r.tokens.Current()
	if !ok {
		return false, nil
	}
	var (
		p    protocol.Pack
		some bool
	)
	r.engine.Do(func(m *protocol.Machine, _ time.Time) {
		if m.Session() == session {
			p, some = m.TakePack()
		}
	})
	if !some {
		return false, nil
	}
	err := r.publish(ctx, p, cred)
	r.engine.Do(func(m *protocol.Machine, now time.Time) { m.PackDone(now, p, err) })
	return true, err
}

func (r *Reporter) publish(ctx context.Context, p protocol.Pack, cred tokenauth.Credential) error {
	updates := make([]contracts.Update, len(p.Letters))
	for i, l := range p.Letters {
		updates[i] = l.Update
		updates[i].MadeAt = contracts.At(cred.Time(l.MadeAt))
	}
	pack := contracts.NewStatusPack(cred.Raw, contracts.At(cred.Time(time.Now())), p.Inbox, updates...)
	body, err := pack.Encode()
	if err != nil {
		return fmt.Errorf("encoding a status pack: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	err = r.publisher.Publish(ctx, topology.Status, broker.Message{
		Type: string(contracts.TypeStatus), Body: body, Durability: broker.Persistent,
	})
	if err != nil {
		return fmt.Errorf("publishing a status pack: %w", err)
	}
	return nil
}
