package ingest

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/background"
	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/tokenauth"
)

const (
	prefetch = 512
	// maxBatch bounds how many messages a batch has.
	maxBatch = 128
	// batches is how many are under way at once: while the store writes one, the next is read and decided. More of them
	// would be smaller, and cost the store more.
	batches = 2
	// checkEvery is how often a store that is away is asked whether it is back.
	checkEvery = 250 * time.Millisecond
	// batchTimeout bounds one batch. Past it the store counts as away.
	batchTimeout = 10 * time.Second
)

// Broker is what the intake needs of a broker.
type Broker interface {
	broker.Publisher
	broker.Consumer
}

// Missions settles status updates: a mission.Service.
type Missions interface {
	Apply(ctx context.Context, items []mission.Item) ([]mission.Result, error)
}

// Leases renews leases: a session.Service.
type Leases interface {
	Extend(ctx context.Context, r contracts.Renewal) (contracts.RenewalReply, error)
}

// Verifier verifies tokens: a tokenauth.Verifier.
type Verifier interface {
	VerifyAt(raw string, at time.Time) (tokenauth.Claims, error)
	VerifySignature(raw string) (tokenauth.Claims, error)
}

// Config of an Intake. All fields are required.
type Config struct {
	Broker   Broker
	Missions Missions
	Leases   Leases
	Verifier Verifier
	Inboxes  mission.Inboxes
	// Check asks whether the store is there.
	Check func(ctx context.Context) error
	// MarkerKey is the commanders' key for markers.
	MarkerKey []byte
	// SoldierClaim names the token's private claim with the soldier's id.
	SoldierClaim string
	// Up and Down tell whether the intake takes messages.
	Up, Down func()
	// Refused counts messages that are not believed, by reason; refused updates are the Missions' to count.
	Refused func(reason string)
	Logger  *zap.Logger
}

// Intake takes messages from status_queue.
type Intake struct {
	*background.Work
	Config
	log        *zap.Logger
	deliveries chan delivery
	// givenUp is true while the subscription is given up because the store is away.
	givenUp atomic.Bool
}

// subscription is one life of it.
type subscription struct {
	lost chan struct{} // asks the subscribing loop to give it up
	over chan struct{} // closed once no more comes from it
}

// delivery is one with the subscription that it came from.
type delivery struct {
	broker.Delivery
	from *subscription
}

// New returns an intake.
func New(c Config) *Intake {
	in := &Intake{Config: c, log: c.Logger.Named("ingest"), deliveries: make(chan delivery, prefetch)}
	in.Work = background.New(in.subscribe, in.settle)
	return in
}

// GivenUp tells whether the subscription is given up for lack of a store; then nobody should miss it.
func (in *Intake) GivenUp() bool { return in.givenUp.Load() }

// Stop ends it. What was not settled goes back to the queue.
func (in *Intake) Stop(ctx context.Context) error {
	err := in.Work.Stop(ctx)
	in.giveBack(nil)
	return err
}

// subscribe keeps the subscription while the store is there.
func (in *Intake) subscribe(ctx context.Context) {
	for in.awaitStore(ctx) {
		in.givenUp.Store(false)
		sub := &subscription{lost: make(chan struct{}, 1), over: make(chan struct{})}
		subCtx, cancel := context.WithCancel(ctx)
		go func() {
			defer close(sub.over)
			_ = in.Broker.Consume(subCtx, broker.Subscription{
				Queue: topology.Status, Prefetch: prefetch,
				Handle: func(d broker.Delivery) {
					select {
					case in.deliveries <- delivery{d, sub}:
					case <-subCtx.Done():
						_ = d.Nack(broker.Requeued)
					}
				},
				Up:   func(string) { in.Up() },
				Down: func(error) { in.Down() },
			})
		}()
		select {
		case <-sub.lost:
			in.givenUp.Store(true)
			in.Down()
			in.log.Warn("store is away, messages wait at the broker")
			cancel()
			<-sub.over
			// Where the store answers, and yet what it was asked for fails, this keeps messages from going round in a loop.
			background.Pause(ctx, checkEvery)
		case <-sub.over:
			cancel()
			if ctx.Err() == nil {
				in.log.Error("subscription ended, the broker client is closed")
			}
			return
		}
	}
}

// awaitStore waits until the store is there. It returns false when ctx ends.
func (in *Intake) awaitStore(ctx context.Context) bool {
	for {
		checkCtx, cancel := context.WithTimeout(ctx, time.Second)
		err := in.Check(checkCtx)
		cancel()
		if err == nil {
			if in.givenUp.Load() {
				in.log.Info("store is back")
			}
			return ctx.Err() == nil
		}
		in.givenUp.Store(true)
		if !background.Pause(ctx, checkEvery) {
			return false
		}
	}
}

// settle has batches settled, at most so many at once. A batch begins with what has gathered when there is room for it.
func (in *Intake) settle(ctx context.Context) {
	var under sync.WaitGroup
	defer under.Wait()
	room := make(chan struct{}, batches)
	earlier := make(chan struct{})
	close(earlier)
	for {
		select {
		case <-ctx.Done():
			return
		case room <- struct{}{}:
		}
		batch := in.gather(ctx)
		if len(batch) == 0 {
			return
		}
		before, after := earlier, make(chan struct{})
		earlier = after
		under.Go(func() {
			in.batch(ctx, batch, before)
			<-room
			<-before
			close(after)
		})
	}
}

// gather waits for a message, and takes what has come besides. It returns none when ctx ends.
func (in *Intake) gather(ctx context.Context) []delivery {
	var batch []delivery
	select {
	case <-ctx.Done():
		return nil
	case d := <-in.deliveries:
		batch = append(batch, d)
	}
	for len(batch) < maxBatch {
		select {
		case d := <-in.deliveries:
			batch = append(batch, d)
		default:
			return batch
		}
	}
	return batch
}

// batch settles messages; before is closed once all earlier batches are settled or given back. Where the store is away it
// gives them back, and asks to give up the subscription. Where it is there, and yet one of them can't be settled, that one
// alone is set aside: it must not hold up all others.
func (in *Intake) batch(ctx context.Context, batch []delivery, before <-chan struct{}) {
	batchCtx, cancel := context.WithTimeout(ctx, batchTimeout)
	defer cancel()
	parsed := make([]message, len(batch))
	for i, d := range batch {
		parsed[i] = in.read(d.Delivery)
	}
	err := in.apply(batchCtx, parsed)
	if err != nil && !away(err) && batchCtx.Err() == nil {
		in.log.Error("updates not settled, trying each alone", zap.Int("messages", len(batch)), zap.Error(err))
		err = in.applyEach(batchCtx, parsed)
	}
	if err != nil {
		in.giveUp(ctx, batch[len(batch)-1].from)
		in.giveBack(batch)
		return
	}
	for i, m := range parsed {
		if m.marker != nil && !in.inTurn(ctx, before, batch[i].from) {
			_ = m.delivery.Nack(broker.Requeued)
			continue
		}
		in.finish(ctx, m)
	}
}

// inTurn waits until all that came before is settled, and tells whether it is: what was given back is not.
func (in *Intake) inTurn(ctx context.Context, before <-chan struct{}, from *subscription) bool {
	<-before
	select {
	case <-from.over:
		return false
	default:
		return ctx.Err() == nil
	}
}

// giveUp ends the subscription, so that what is given back does not come again at once.
func (in *Intake) giveUp(ctx context.Context, s *subscription) {
	select {
	case s.lost <- struct{}{}:
	default: // somebody asks already
	}
	select {
	case <-s.over:
	case <-ctx.Done():
	}
}

// giveBack returns messages to the queue, and with them all that was taken since.
func (in *Intake) giveBack(batch []delivery) {
	for {
		for _, d := range batch {
			_ = d.Nack(broker.Requeued) // stale ones are back already
		}
		batch = batch[:0]
		select {
		case d := <-in.deliveries:
			batch = append(batch, d)
		default:
			return
		}
	}
}
