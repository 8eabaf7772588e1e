// Package report publishes what the protocol's outbox holds: claims, NO_HANDLER and finals, in packs on status_queue.
//
// What gathers while a pack is in flight goes with the next one. That one need not wait for the first where that is small,
// so that a lone update is never held up by another, nor when it is full, so that a slow confirm bounds no throughput. In
// between it waits: updates that travel together cost broker and commander less. Packs may overtake each other; an
// update is in one of them at a time.
//
// A pack is sent only under a token that lives now and belongs to the current session: without one the outbox waits.
// A publish that fails leaves open whether the broker has the pack; its updates are sent again, readers expect that.
package report

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
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
	// maxPacks bounds the packs in flight. With 64 updates each, that is enough for 10,000 updates/s at confirms of 25 ms.
	maxPacks = 4
	// fewUpdates: while fewer are in flight, another pack goes at once.
	fewUpdates = 8
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

// flight is what is under way.
type flight struct {
	packs, updates int
	// failures counts packs that failed since the last one that did not. While there are any, packs go one by one.
	failures int
}

// allows tells whether one more pack may be taken, with so many updates waiting.
func (f flight) allows(waiting int) bool {
	switch {
	case f.packs == 0:
		return true
	case f.packs == maxPacks || f.failures > 0:
		return false
	default:
		return f.updates < fewUpdates || waiting >= contracts.MaxPackedUpdates
	}
}

// landing is the end of one pack's flight.
type landing struct {
	updates int
	err     error
}

// Run publishes until ctx ends.
func (r *Reporter) Run(ctx context.Context) {
	var publishing sync.WaitGroup
	defer publishing.Wait()
	landed := make(chan landing, maxPacks)
	var f flight
	for ctx.Err() == nil {
		if pack, cred, some := r.take(f); some {
			f.packs, f.updates = f.packs+1, f.updates+len(pack.Updates)
			publishing.Go(func() {
				err := r.publish(ctx, pack, cred)
				r.engine.Do(func(m *protocol.Machine, now time.Time) { m.PackDone(now, pack, err) })
				landed <- landing{updates: len(pack.Updates), err: err}
			})
			continue
		}
		select {
		case <-r.wake:
		case l := <-landed:
			f.packs, f.updates = f.packs-1, f.updates-l.updates
			r.judge(ctx, &f, l.err)
		case <-ctx.Done():
		}
	}
}

// judge takes a pack's end into account. After a failure it pauses.
func (r *Reporter) judge(ctx context.Context, f *flight, err error) {
	switch {
	case ctx.Err() != nil:
	case err == nil:
		if f.failures > 0 {
			r.log.Info("updates are taken again")
		}
		f.failures = 0
	default:
		if f.failures == 0 {
			r.log.Warn("updates wait: the broker does not take them", zap.Error(err))
		}
		f.failures++
		r.pause(ctx, backoff(f.failures))
	}
}

// pause waits for d; a connection that comes back does not cut it short by more than d, which is small.
func (r *Reporter) pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

func backoff(failures int) time.Duration {
	d := retryMax
	if failures < 6 {
		d = min(d, retryMin<<(failures-1))
	}
	return d - time.Duration(rand.Int64N(int64(d)/2))
}

// take takes a pack to be published, if there is one, it may go now, and there is a token to send it with.
func (r *Reporter) take(f flight) (p protocol.Pack, cred tokenauth.Credential, some bool) {
	cred, session, ok := r.tokens.Current()
	if !ok {
		return p, cred, false
	}
	r.engine.Do(func(m *protocol.Machine, _ time.Time) {
		if m.Session() == session && f.allows(m.Unsent()) {
			p, some = m.TakePack()
		}
	})
	return p, cred, some
}

func (r *Reporter) publish(ctx context.Context, p protocol.Pack, cred tokenauth.Credential) error {
	for i, at := range p.MadeAt {
		p.Updates[i].MadeAt = contracts.At(cred.Time(at))
	}
	pack := contracts.NewStatusPack(cred.Raw, contracts.At(cred.Time(time.Now())), p.Inbox, p.Updates...)
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
