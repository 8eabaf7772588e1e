package custody

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/background"
	"github.com/mission-control-dev/mission-control/commander/internal/dispatch"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/store"
)

const (
	// After is how long after it was sent an order is judged lost at the soonest.
	After = 60 * time.Second

	every      = time.Second
	askTimeout = 5 * time.Second
	// passTimeout is how long a marker may take. Where it takes longer, claims wait for as long, and nothing is judged.
	passTimeout = 10 * time.Second
	// lostLimit is how many orders of a queue are judged in a second.
	lostLimit = 200
	// truce is how long another broker's marker is left in the store after we put ours in its place.
	truce = 10 * time.Minute
	// After a wipe orders get due entries in portions, paced so that as many become due in a second as a broker takes with
	// ease beside everything else.
	portion     = 500
	perSecond   = 2000
	portionTime = portion * time.Second / perSecond
)

// whenever is later than any clock says.
var whenever = contracts.At(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)) //nolint:gochecknoglobals // a constant

// Store is what custody needs of a store.
type Store interface {
	Shelved(ctx context.Context, shelf string, before contracts.Time, limit int) ([]string, error)
	Unshelve(ctx context.Context, shelf string, before contracts.Time, limit int, at contracts.Time) (int, error)
	BrokerID(ctx context.Context) (string, error)
	SwapBrokerID(ctx context.Context, old, next string) (bool, error)
}

// Broker is what custody needs of a broker.
type Broker interface {
	Declare(ctx context.Context, t topology.Topology) error
	Depth(ctx context.Context, queue string) (broker.Depth, error)
	Delete(ctx context.Context, queue string) error
}

// Queues knows the orders queues, and how far each has come: a dispatch.Dispatcher.
type Queues interface {
	Queues() []string
	Passed(queue string) contracts.Time
}

// Missions sends orders again that are judged lost: a mission.Service.
type Missions interface {
	Resend(ctx context.Context, ids ...string) (int, error)
}

// Barrier tells when all that soldiers had said before is settled: a reap.Markers.
type Barrier interface {
	// Pass returns once that is so.
	Pass(ctx context.Context) error
}

// Counter counts. Its methods must not block.
type Counter interface {
	// OrdersLost counts missions whose order was judged lost, OrdersWiped orders that went with a broker's data, each time that one
	// is to be sent again for it: twice where two commanders recover at the same moment.
	OrdersLost(n int)
	OrdersWiped(n int)
	BrokerWiped()
}

// Config of a Keeper. All fields are required.
type Config struct {
	Store  Store
	Broker Broker
	// Topology returns all that a broker is to have, beside the marker.
	Topology func() topology.Topology
	Queues   Queues
	Missions Missions
	Barrier  Barrier
	Counter  Counter
	// Connected tells whether the broker can be reached. While it can't, nothing is judged.
	Connected func() bool
	// Unbroken tells for how long everything that claims come through has been there: an uptime.Tracker's.
	Unbroken func() time.Duration
	Now      func() contracts.Time
	// Wake has the dispatcher look for due entries.
	Wake   func()
	Logger *zap.Logger
}

// Keeper looks after orders.
type Keeper struct {
	*background.Work
	Config
	log *zap.Logger
	// fresh is the id of a marker that was declared and is not the store's yet; empty where there is none.
	fresh string
	// mine is the marker that was the store's and this broker's when both were seen last; empty where there is none.
	mine string
	// contested is when mine was last found replaced in the store and still at the broker, recovered when one of ours was put back
	// for that; zero where they never were.
	contested, recovered time.Time

	mu      sync.Mutex
	warning string
}

// New returns a keeper.
func New(c Config) *Keeper {
	k := &Keeper{Config: c, log: c.Logger.Named("custody")}
	k.Work = background.New(k.run)
	return k
}

func (k *Keeper) run(ctx context.Context) {
	said := ""
	background.Every(ctx, every, func(ctx context.Context) {
		if k.Connected() {
			said = k.say(ctx, k.look(ctx), said)
		}
	})
}

// Warning says for operators why orders are not looked after, for as long as that is so, or that two brokers are in use; else it
// is empty.
func (k *Keeper) Warning() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.warning
}

func (k *Keeper) warn(text string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.warning = text
}

// errTwoBrokers is said for longer than a truce, so that it is seen by whoever looks.
var errTwoBrokers = errors.New("another commander uses another RabbitMQ (or another vhost) with the same Redis: missions wait where no soldier " +
	"looks; give all commanders one RABBITMQ_URL (if Redis was just put back from a backup, this passes within 20 minutes)")

// atTruce tells whether two brokers were in use not long ago.
func (k *Keeper) atTruce() bool { return !k.contested.IsZero() && time.Since(k.contested) < 2*truce }

// say logs why there was no look, once for each reason, and returns that. What is away says so itself.
func (k *Keeper) say(ctx context.Context, err error, said string) string {
	switch {
	case err == nil && k.atTruce():
		k.warn(errTwoBrokers.Error())
		return said
	case err == nil:
		k.warn("")
		return ""
	case ctx.Err() != nil, errors.Is(err, store.ErrUnavailable), errors.Is(err, broker.ErrUnavailable),
		errors.Is(err, context.DeadlineExceeded):
		k.log.Debug("could not look after the orders", zap.Error(err))
		return said
	case errors.Is(err, errTwoBrokers):
		k.warn(err.Error())
		return said
	default:
		k.warn("orders that RabbitMQ loses are not sent again: " + err.Error())
		if err.Error() != said {
			k.log.Warn("can't look after the orders: what RabbitMQ loses is not sent again", zap.Error(err))
		}
		return err.Error()
	}
}

// look is one round.
func (k *Keeper) look(ctx context.Context) error {
	if err := k.sameBroker(ctx); err != nil {
		return err
	}
	for _, queue := range k.Queues.Queues() {
		if err := k.resendLost(ctx, queue); err != nil {
			return err
		}
	}
	return nil
}

// resendLost sends again what the queue has come past without a grant. The claims may be on their way: so it looks again
// once all that waited in status_queue is settled.
func (k *Keeper) resendLost(ctx context.Context, queue string) error {
	passed := k.Queues.Passed(queue)
	if passed.IsZero() || k.Unbroken() < After {
		return nil
	}
	before := contracts.At(passed.Add(-After))
	if ids, err := k.Store.Shelved(ctx, dispatch.Sent(queue), before, 1); err != nil || len(ids) == 0 {
		return err
	}
	passCtx, cancel := context.WithTimeout(ctx, passTimeout)
	defer cancel()
	if err := k.Barrier.Pass(passCtx); err != nil {
		return fmt.Errorf("wait for claims that are on their way: %w", err)
	}
	ids, err := k.Store.Shelved(ctx, dispatch.Sent(queue), before, lostLimit)
	if err != nil || len(ids) == 0 {
		return err
	}
	n, err := k.resend(ctx, ids)
	if n > 0 {
		k.Counter.OrdersLost(n)
		k.log.Warn("orders are lost, sent again", zap.String("queue", queue), zap.Int("orders", n))
	}
	return err
}

// resend sends orders again: one by one where one of them can't be, so that it holds up nobody else.
func (k *Keeper) resend(ctx context.Context, ids []string) (int, error) {
	n, err := k.Missions.Resend(ctx, ids...)
	if err == nil || errors.Is(err, store.ErrUnavailable) || ctx.Err() != nil {
		return n, err
	}
	for _, id := range ids {
		one, err := k.Missions.Resend(ctx, id)
		n += one
		if errors.Is(err, store.ErrUnavailable) || ctx.Err() != nil {
			return n, err
		}
		if err != nil {
			k.log.Error("a lost order can't be sent again", zap.String("mission_id", id), zap.Error(err))
		}
	}
	return n, nil
}

// exists tells whether the broker has the marker of an id.
func (k *Keeper) exists(ctx context.Context, id string) (bool, error) {
	askCtx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	_, err := k.Broker.Depth(askCtx, topology.Marker(id).Name)
	if errors.Is(err, broker.ErrUnroutable) {
		return false, nil
	}
	return err == nil, err
}

// sameBroker makes sure that the broker is the one that the orders went to, and recovers where it is not. Its error says
// that this is not known, or not done yet.
func (k *Keeper) sameBroker(ctx context.Context) error {
	id, err := k.Store.BrokerID(ctx)
	if err != nil {
		return err
	}
	if id != "" {
		there, err := k.exists(ctx, id)
		if err != nil {
			return err
		}
		if there {
			k.mine = id
			return k.settle(ctx, id)
		}
		if err := k.contest(ctx, id); err != nil {
			return err
		}
	}
	return k.recover(ctx, id)
}

// contest looks whether the store names another marker than ours while ours is there: then this broker has lost nothing, and
// somebody recovered from another one. He is answered in kind, for Redis may have been put back from a backup and named a
// marker of long ago; but once in a truce only, for two that do so take all orders from each other for ever.
func (k *Keeper) contest(ctx context.Context, id string) error {
	if k.mine == "" || k.mine == id {
		return nil
	}
	if there, err := k.exists(ctx, k.mine); err != nil || !there {
		return err
	}
	k.contested = time.Now()
	if !k.recovered.IsZero() && time.Since(k.recovered) < truce {
		return errTwoBrokers
	}
	k.recovered = time.Now()
	k.log.Error("another marker is in the store, and ours is still at the broker", zap.Error(errTwoBrokers))
	return nil
}

// recover makes all due that was sent to a broker that is no more, and then takes the one that is there for it.
func (k *Keeper) recover(ctx context.Context, old string) error {
	if err := k.mark(ctx, old); err != nil {
		return err
	}
	orders := 0
	if old != "" {
		var err error
		if orders, err = k.resendAll(ctx); err != nil {
			return err
		}
	}
	if there, err := k.exists(ctx, k.fresh); err != nil || !there {
		return errors.Join(err, errors.New("the broker lost its data once more"))
	}
	swapped, err := k.Store.SwapBrokerID(ctx, old, k.fresh)
	if err != nil || !swapped {
		return err // the next look tells whose id it became
	}
	if old == "" {
		k.log.Info("broker is marked as the one that orders go to", zap.String("queue", topology.Marker(k.fresh).Name))
	} else {
		k.Counter.BrokerWiped()
		k.log.Warn("broker had lost its data: queues are declared again, and all orders are sent again", zap.Int("orders", orders),
			zap.String("queue", topology.Marker(k.fresh).Name))
	}
	k.mine, k.fresh = k.fresh, ""
	return nil
}

// resendAll gives all that was sent a due entry, and returns how many orders that were. It goes by what lies on the shelf, not
// by when it was put there: the clock may have been set back since. So what is sent while it takes portions is sent twice, and
// it ends, as taking a portion costs the store less than sending one does. An order that was confirmed before, and put on
// record after it, is left to resendLost.
func (k *Keeper) resendAll(ctx context.Context) (int, error) {
	orders, at := 0, k.Now()
	for _, queue := range k.Queues.Queues() {
		for {
			n, err := k.Store.Unshelve(ctx, dispatch.Sent(queue), whenever, portion, at)
			if err != nil {
				return orders, err
			}
			if n > 0 {
				orders, at = orders+n, contracts.At(at.Add(portionTime))
				k.Counter.OrdersWiped(n)
				k.Wake()
			}
			if n < portion {
				break
			}
		}
	}
	return orders, nil
}

// mark declares the topology and the marker of a fresh id, unless one is there that we made before.
func (k *Keeper) mark(ctx context.Context, old string) error {
	if k.fresh != "" {
		if there, err := k.exists(ctx, k.fresh); err != nil || there {
			return err
		}
	}
	if old != "" {
		k.log.Warn("broker has no marker queue: it has lost its data, or is another one", zap.String("queue", topology.Marker(old).Name))
	}
	id := uuid.NewString()
	t := topology.Topology{Queues: append(slices.Clip(k.Topology().Queues), topology.Marker(id))}
	askCtx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	if err := k.Broker.Declare(askCtx, t); err != nil {
		return fmt.Errorf("declare queues (let RabbitMQ's user configure mc.epoch.* and the queues of docs/messaging.md): %w", err)
	}
	k.fresh = id
	return nil
}

// settle ends what mark began, once the broker has the marker that the store names. It is ours where the answer to the swap
// was lost; where it is another commander's, nobody needs ours.
func (k *Keeper) settle(ctx context.Context, id string) error {
	if k.fresh != "" && k.fresh != id {
		askCtx, cancel := context.WithTimeout(ctx, askTimeout)
		defer cancel()
		if err := k.Broker.Delete(askCtx, topology.Marker(k.fresh).Name); err != nil {
			return fmt.Errorf("delete a marker that nobody needs: %w", err)
		}
	}
	k.fresh = ""
	return nil
}
