package ingest

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/tokenauth"
)

const (
	prefetch = 512
	// maxBatch bounds how many messages are settled at once.
	maxBatch = 128
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
	Config
	log        *zap.Logger
	deliveries chan broker.Delivery
	// givenUp is true while the subscription is given up because the store is away.
	givenUp atomic.Bool
	// lost asks the subscribing loop to give up the subscription; it closes what it gets once that is done.
	lost chan chan struct{}

	start, end sync.Once
	stop       context.CancelFunc
	done       sync.WaitGroup
}

// New returns an intake.
func New(c Config) *Intake {
	return &Intake{
		Config: c, log: c.Logger.Named("ingest"), deliveries: make(chan broker.Delivery, prefetch),
		lost: make(chan chan struct{}), stop: func() {},
	}
}

// GivenUp tells whether the subscription is given up for lack of a store; then nobody should miss it.
func (in *Intake) GivenUp() bool { return in.givenUp.Load() }

// Start begins. It returns at once.
func (in *Intake) Start(context.Context) error {
	in.start.Do(func() {
		ctx, cancel := context.WithCancel(context.Background())
		in.stop = cancel
		in.done.Go(func() { in.subscribe(ctx) })
		in.done.Go(func() { in.settle(ctx) })
	})
	return nil
}

// Stop ends it. What was not settled goes back to the queue.
func (in *Intake) Stop(context.Context) error {
	in.end.Do(func() { in.stop() })
	in.done.Wait()
	in.giveBack(nil)
	return nil
}

// subscribe keeps the subscription while the store is there.
func (in *Intake) subscribe(ctx context.Context) {
	for in.awaitStore(ctx) {
		in.givenUp.Store(false)
		subCtx, cancel := context.WithCancel(ctx)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = in.Broker.Consume(subCtx, broker.Subscription{
				Queue: topology.Status, Prefetch: prefetch,
				Handle: func(d broker.Delivery) {
					select {
					case in.deliveries <- d:
					case <-subCtx.Done():
						_ = d.Nack(broker.Requeued)
					}
				},
				Up:   func(string) { in.Up() },
				Down: func(error) { in.Down() },
			})
		}()
		select {
		case done := <-in.lost:
			in.givenUp.Store(true)
			in.Down()
			in.log.Warn("store is away, messages wait at the broker")
			cancel()
			<-ended
			close(done)
			// Where the store answers, and yet what it was asked for fails, this keeps messages from going round in a loop.
			select {
			case <-ctx.Done():
			case <-time.After(checkEvery):
			}
		case <-ended:
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
		select {
		case <-ctx.Done():
			return false
		case <-time.After(checkEvery):
		}
	}
}

// settle is the loop.
func (in *Intake) settle(ctx context.Context) {
	for {
		var batch []broker.Delivery
		select {
		case <-ctx.Done():
			return
		case d := <-in.deliveries:
			batch = append(batch, d)
		}
	gather:
		for len(batch) < maxBatch {
			select {
			case d := <-in.deliveries:
				batch = append(batch, d)
			default:
				break gather
			}
		}
		in.batch(ctx, batch)
	}
}

// batch settles messages. Where the store is away it gives them back, and asks to give up the subscription. Where it is
// there, and yet one of them can't be settled, that one alone is set aside: it must not hold up all others.
func (in *Intake) batch(ctx context.Context, batch []broker.Delivery) {
	batchCtx, cancel := context.WithTimeout(ctx, batchTimeout)
	defer cancel()
	parsed := make([]message, len(batch))
	for i, d := range batch {
		parsed[i] = in.read(d)
	}
	err := in.apply(batchCtx, parsed)
	if err != nil && !away(err) && batchCtx.Err() == nil {
		in.log.Error("updates not settled, trying each alone", zap.Int("messages", len(batch)), zap.Error(err))
		err = in.applyEach(batchCtx, parsed)
	}
	if err != nil {
		in.giveUp(ctx)
		in.giveBack(batch)
		return
	}
	for _, m := range parsed {
		in.finish(ctx, m)
	}
}

// giveUp ends the subscription, so that what is given back does not come again at once.
func (in *Intake) giveUp(ctx context.Context) {
	done := make(chan struct{})
	select {
	case in.lost <- done:
		<-done
	case <-ctx.Done():
	}
}

// giveBack returns messages to the queue, and with them all that was taken since.
func (in *Intake) giveBack(batch []broker.Delivery) {
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
