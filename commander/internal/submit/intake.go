package submit

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/store"
)

const (
	// prefetch is also how many submissions are created at once.
	prefetch = 64
	// checkEvery is how often a store that is away is asked whether it is back, and the wait before what failed is tried
	// again.
	checkEvery = 250 * time.Millisecond
	// batchTimeout bounds one batch. Past it the store counts as away.
	batchTimeout = 10 * time.Second
	// keepTimeout bounds setting one message aside.
	keepTimeout = 5 * time.Second
	// maxDetail cuts details: a header has limits.
	maxDetail = 1024
)

// Reasons for setting a submission aside.
const (
	ReasonUnreadable = "unreadable"
	ReasonForged     = "forged_submission"
	ReasonFailed     = "failed" // it can't be created; the commander's log says why
)

// Broker is what the intake needs of a broker.
type Broker interface {
	broker.Publisher
	broker.Consumer
	Depth(ctx context.Context, queue string) (broker.Depth, error)
}

// Creator creates accepted missions: a mission.Service.
type Creator interface {
	Admit(ctx context.Context, groups [][]contracts.Mission) error
}

// Config of an Intake. All fields are required.
type Config struct {
	Broker   Broker
	Missions Creator
	// Key is the commanders' for submissions.
	Key []byte
	// Check asks whether the store is there.
	Check func(ctx context.Context) error
	// Now is the clock that all commanders share.
	Now func() contracts.Time
	// Refused counts submissions that are set aside, by reason.
	Refused func(reason string)
	Logger  *zap.Logger
}

// Intake creates the missions that wait in submissions_queue.
type Intake struct {
	Config
	log       *zap.Logger
	unsettled *unsettled
	// givenUp is true while there is no subscription because the store is away.
	givenUp atomic.Bool
	// held counts deliveries that are not settled.
	held atomic.Int64

	start, end sync.Once
	stop       context.CancelFunc
	done       sync.WaitGroup
}

// NewIntake returns an intake.
func NewIntake(c Config) *Intake {
	return &Intake{Config: c, log: c.Logger.Named("submit"), unsettled: newUnsettled(c.Now), stop: func() {}}
}

// GivenUp tells whether there is no subscription for lack of a store; then nobody should miss it.
func (in *Intake) GivenUp() bool { return in.givenUp.Load() }

// Start begins. It returns at once.
func (in *Intake) Start(context.Context) error {
	in.start.Do(func() {
		ctx, cancel := context.WithCancel(context.Background())
		in.stop = cancel
		in.done.Go(func() { in.run(ctx) })
		in.done.Go(func() { in.watch(ctx) })
	})
	return nil
}

// Stop ends it. What was not created goes back to the queue.
func (in *Intake) Stop(context.Context) error {
	in.end.Do(func() { in.stop() })
	in.done.Wait()
	return nil
}

// run takes submissions while the store is there.
func (in *Intake) run(ctx context.Context) {
	for in.awaitStore(ctx) {
		in.givenUp.Store(false)
		in.take(ctx)
		pause(ctx, checkEvery)
	}
}

// awaitStore waits until the store is there. It returns false when ctx ends.
func (in *Intake) awaitStore(ctx context.Context) bool {
	for ctx.Err() == nil {
		checkCtx, cancel := context.WithTimeout(ctx, time.Second)
		err := in.Check(checkCtx)
		cancel()
		if err == nil {
			return ctx.Err() == nil
		}
		in.givenUp.Store(true)
		pause(ctx, checkEvery)
	}
	return false
}

// take subscribes, and creates what comes until something fails or ctx ends. What is not settled then goes back.
func (in *Intake) take(ctx context.Context) {
	subCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	taken := make(chan broker.Delivery, prefetch)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = in.Broker.Consume(subCtx, broker.Subscription{
			Queue: topology.Submissions, Prefetch: prefetch,
			Handle: func(d broker.Delivery) {
				in.held.Add(1)
				select {
				case taken <- d:
				case <-subCtx.Done():
					in.settled(d.Nack(broker.Requeued))
				}
			},
		})
	}()
	in.createAll(ctx, taken, ended)
	cancel()
	<-ended
	for {
		select {
		case d := <-taken:
			in.settled(d.Nack(broker.Requeued))
		default:
			return
		}
	}
}

// settled notes that a delivery was settled. An error says that it will come again, by itself.
func (in *Intake) settled(error) { in.held.Add(-1) }

// createAll creates what comes, as many at once as there are.
func (in *Intake) createAll(ctx context.Context, taken <-chan broker.Delivery, ended <-chan struct{}) {
	for {
		var batch []broker.Delivery
		select {
		case d := <-taken:
			batch = append(batch, d)
		case <-ended:
			return
		}
	gather:
		for len(batch) < prefetch {
			select {
			case d := <-taken:
				batch = append(batch, d)
			default:
				break gather
			}
		}
		if !in.create(ctx, batch) {
			return
		}
	}
}

// create creates the missions of a batch and acks it. It returns false where something of it had to go back: the store is
// away, or what can't be created can't be set aside. Where the store is there, and yet a submission can't be created,
// that one alone is set aside: it must not hold up all others.
func (in *Intake) create(ctx context.Context, batch []broker.Delivery) bool {
	batchCtx, cancel := context.WithTimeout(ctx, batchTimeout)
	defer cancel()
	var groups [][]contracts.Mission
	var good []broker.Delivery
	ok := true
	for _, d := range batch {
		s, err := contracts.DecodeSubmission(d.Body, in.Key)
		if err != nil {
			reason := ReasonUnreadable
			if errors.Is(err, contracts.ErrForgedTicket) {
				reason = ReasonForged
			}
			ok = in.setAside(ctx, d, reason, err) && ok
			continue
		}
		groups, good = append(groups, s.Missions), append(good, d)
	}
	err := in.Missions.Admit(batchCtx, groups)
	if err == nil {
		for _, d := range good {
			in.settled(d.Ack()) // stale: it comes again, and is found created
		}
		return ok
	}
	if !away(batchCtx, err) {
		in.log.Error("submissions not created, trying each alone", zap.Int("submissions", len(good)), zap.Error(err))
	}
	for i, d := range good {
		if !away(batchCtx, err) {
			err = in.Missions.Admit(batchCtx, groups[i:i+1])
		}
		switch {
		case err == nil:
			in.settled(d.Ack())
		case away(batchCtx, err):
			in.settled(d.Nack(broker.Requeued))
		default:
			ok = in.setAside(ctx, d, ReasonFailed, err) && ok
			err = nil
		}
	}
	if away(batchCtx, err) {
		in.givenUp.Store(true)
		in.log.Warn("store is away, submissions wait at the broker")
		return false
	}
	return ok
}

// away tells whether an error says that the store can't be reached.
func away(ctx context.Context, err error) bool {
	return err != nil && (errors.Is(err, store.ErrUnavailable) || ctx.Err() != nil)
}

// setAside publishes a submission, as it came, to the queue for those that can't be created, and acks it. Where that fails
// it goes back.
func (in *Intake) setAside(ctx context.Context, d broker.Delivery, reason string, why error) bool {
	in.log.Error("submission set aside", zap.String("queue", topology.SubmissionsRefused), zap.String("reason", reason), zap.Error(why))
	detail := why.Error()
	detail = strings.ToValidUTF8(detail[:min(len(detail), maxDetail)], "")
	keepCtx, cancel := context.WithTimeout(ctx, keepTimeout)
	defer cancel()
	err := in.Broker.Publish(keepCtx, topology.SubmissionsRefused, broker.Message{
		ID: d.ID, Type: d.Type, Body: d.Body,
		Headers: map[string]string{"reason": reason, "detail": detail, "queue": d.Queue},
	})
	if err != nil {
		in.log.Warn("submission not set aside, it comes again", zap.Error(err))
		in.settled(d.Nack(broker.Requeued))
		return false
	}
	in.Refused(reason)
	in.settled(d.Ack())
	return true
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
