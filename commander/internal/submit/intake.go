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
	// prefetch is how many submissions a commander has on loan, and creates at once. Each may be of contracts.MaxSubmissionSize.
	prefetch = 8
	// batchSize bounds the bodies of the submissions that are created at once: read, they take several times that.
	batchSize = 2 * contracts.MaxSubmissionSize
	// checkEvery is how often a store that is away is asked whether it is back, and the wait before what failed is tried
	// again.
	checkEvery = 250 * time.Millisecond
	// groupTimeout bounds the creation of missions that are created together.
	groupTimeout = 10 * time.Second
	// restTime is the wait where nothing in the queue can be created, and no queue has room for it.
	restTime = 5 * time.Second
	// holdTime is after how long a submission that is still on loan is given back untried: others can't know of it.
	holdTime = 25 * time.Second
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
	// The goroutine of run has: room, the room that there was last for what can't be created; served, whether one was created or
	// set aside in this round; and around, how many moved to the end of the queue since a round in which one was.
	room   room
	served bool
	around int

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
		pause(ctx, in.rest(ctx))
	}
}

// rest is the wait before the next round. It is longer where a round is known to have been for nothing, as the first submissions
// can't go anywhere, or all have moved round: nobody is served by doing that again at once.
func (in *Intake) rest(ctx context.Context) time.Duration {
	served := in.served
	in.served = false
	switch {
	case served:
		in.around = 0
		return checkEvery
	case in.room == none:
		return restTime
	case in.around == 0:
		return checkEvery
	}
	depthCtx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if depth, err := in.Broker.Depth(depthCtx, topology.Submissions); err != nil || in.around < depth.Ready {
		return checkEvery
	}
	in.around = 0
	return restTime
}

// awaitStore waits until the store is there. It returns false when ctx ends.
func (in *Intake) awaitStore(ctx context.Context) bool {
	for ctx.Err() == nil {
		if in.storeIsThere(ctx) {
			return ctx.Err() == nil
		}
		in.givenUp.Store(true)
		pause(ctx, checkEvery)
	}
	return false
}

// loan is a delivery, and when it came.
type loan struct {
	broker.Delivery
	at time.Time
}

// take subscribes, and creates what comes until something fails or ctx ends. What is not settled then goes back.
func (in *Intake) take(ctx context.Context) {
	subCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	taken := make(chan loan, prefetch)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = in.Broker.Consume(subCtx, broker.Subscription{
			Queue: topology.Submissions, Prefetch: prefetch,
			Handle: func(d broker.Delivery) {
				in.held.Add(1)
				select {
				case taken <- loan{Delivery: d, at: time.Now()}:
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
func (in *Intake) createAll(ctx context.Context, taken <-chan loan, ended <-chan struct{}) {
	for {
		var batch []loan
		size := 0
		select {
		case d := <-taken:
			batch, size = append(batch, d), size+len(d.Body)
		case <-ended:
			return
		}
	gather:
		for len(batch) < prefetch && size+contracts.MaxSubmissionSize <= batchSize {
			select {
			case d := <-taken:
				batch, size = append(batch, d), size+len(d.Body)
			default:
				break gather
			}
		}
		if !in.create(ctx, batch) {
			return
		}
	}
}

// create creates the missions of a batch: those that were accepted alone together, each group by itself and before the next
// one is read. What can't be created is set aside at the end, so that it holds up nothing. It returns false where something of it
// had to go back, or all of it had to move to the end of the queue.
func (in *Intake) create(ctx context.Context, batch []loan) bool {
	ok := true
	var alone [][]contracts.Mission
	var loans []broker.Delivery
	var bad []refused
	for _, d := range batch {
		if in.givenUp.Load() || time.Since(d.at) > holdTime {
			in.settled(d.Nack(broker.Requeued))
			ok = false
			continue
		}
		s, err := contracts.DecodeSubmission(d.Body, in.Key)
		switch {
		case errors.Is(err, contracts.ErrForgedTicket):
			bad = append(bad, refused{d.Delivery, ReasonForged, err})
		case err != nil:
			bad = append(bad, refused{d.Delivery, ReasonUnreadable, err})
		case len(s.Missions) == 1:
			alone, loans = append(alone, s.Missions), append(loans, d.Delivery)
		default:
			failed, done := in.admit(ctx, []broker.Delivery{d.Delivery}, [][]contracts.Mission{s.Missions})
			bad, ok = append(bad, failed...), ok && done
		}
	}
	if len(loans) > 0 {
		failed, done := in.admit(ctx, loans, alone)
		bad, ok = append(bad, failed...), ok && done
	}
	moved, done := in.setAllAside(ctx, bad)
	in.around += moved
	return ok && done && (moved == 0 || moved < len(batch)) // else there may be nothing but those that move round
}

// refused is a submission that can't be created.
type refused struct {
	broker.Delivery
	reason string
	err    error
}

// admit creates groups of missions and acks their deliveries. ok is false where some had to go back: the store is away or
// too slow. Where the store is there, and yet a submission can't be created, that one alone is to be set aside: it must not
// hold up all others.
func (in *Intake) admit(ctx context.Context, loans []broker.Delivery, groups [][]contracts.Mission) (bad []refused, ok bool) {
	groupCtx, cancel := context.WithTimeout(ctx, groupTimeout)
	defer cancel()
	err := in.Missions.Admit(groupCtx, groups)
	if err == nil {
		for _, d := range loans {
			in.settled(d.Ack()) // stale: it comes again, and is found created
		}
		in.served = true
		return nil, true
	}
	if !away(groupCtx, err) {
		level := zap.ErrorLevel
		if in.room != enough { // those that move round are met again and again
			level = zap.DebugLevel
		}
		in.log.Log(level, "submissions not created, trying each alone", zap.Int("submissions", len(loans)), zap.Error(err))
	}
	ok = true
	for i, d := range loans {
		if !away(groupCtx, err) {
			err = in.Missions.Admit(groupCtx, groups[i:i+1])
		}
		switch {
		case err == nil:
			in.settled(d.Ack())
			in.served = true
		case away(groupCtx, err):
			in.settled(d.Nack(broker.Requeued))
			ok = false
		default:
			bad = append(bad, refused{d, ReasonFailed, err})
			err = nil
		}
	}
	if away(groupCtx, err) {
		in.wonder(ctx, len(loans), err)
	}
	return bad, ok
}

// wonder finds out whether the store is away, or was too slow for what it was given.
func (in *Intake) wonder(ctx context.Context, submissions int, err error) {
	switch {
	case ctx.Err() != nil:
	case in.storeIsThere(ctx):
		in.log.Warn("submissions not created in time, they come again", zap.Int("submissions", submissions), zap.Error(err))
	default:
		in.givenUp.Store(true)
		in.log.Warn("store is away, submissions wait at the broker")
	}
}

func (in *Intake) storeIsThere(ctx context.Context) bool {
	checkCtx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return in.Check(checkCtx) == nil
}

// away tells whether an error says that the store can't be reached.
func away(ctx context.Context, err error) bool {
	return err != nil && (errors.Is(err, store.ErrUnavailable) || ctx.Err() != nil)
}

// room is where there is room for submissions that can't be created.
type room int

const (
	// enough: in submissions_refused_queue.
	enough room = iota
	// behind: only in submissions_queue, behind the others.
	behind
	// none: in neither. They go back to where they came from, and may hold up what is behind them.
	none
)

// setAllAside sets submissions aside, all at once, so that it takes no longer than for one. moved is how many had to move to the
// end of their queue; ok is false where some had to go back.
func (in *Intake) setAllAside(ctx context.Context, bad []refused) (moved int, ok bool) {
	if len(bad) == 0 {
		return 0, true
	}
	var all sync.WaitGroup
	var moves, refusals, returns atomic.Int64
	for _, r := range bad {
		all.Go(func() {
			switch moved, err := in.setAside(ctx, r); {
			case errors.Is(err, broker.ErrRejected):
				refusals.Add(1)
				in.settled(r.Nack(broker.Requeued))
			case err != nil:
				in.log.Warn("submission not set aside, it comes again", zap.Error(err))
				in.settled(r.Nack(broker.Requeued))
				returns.Add(1)
			case moved:
				moves.Add(1)
				in.settled(r.Ack())
			default:
				in.log.Error("submission set aside", zap.String("queue", topology.SubmissionsRefused), zap.String("reason", r.reason), zap.Error(r.err))
				in.Refused(r.reason)
				in.settled(r.Ack())
			}
		})
	}
	all.Wait()
	if moves.Load()+refusals.Load()+returns.Load() < int64(len(bad)) {
		in.served = true
	}
	switch {
	case refusals.Load() > 0:
		in.found(none)
	case moves.Load() > 0:
		in.found(behind)
	case returns.Load() == 0:
		in.found(enough)
	}
	return int(moves.Load()), refusals.Load()+returns.Load() == 0
}

// found notes how much room there is, and says so where that is news.
func (in *Intake) found(now room) {
	if now == in.room {
		return
	}
	in.room = now
	queues := []zap.Field{zap.String("queue", topology.Submissions), zap.String("full", topology.SubmissionsRefused)}
	switch now {
	case enough:
		in.log.Info("what can't be created is set aside again", queues...)
	case behind:
		in.log.Error("the queue for what can't be created is full: that moves behind the others; look at it with missionctl set-aside", queues...)
	case none:
		in.log.Error("both queues are full: what can't be created may hold up all others; look at it with missionctl set-aside, and make room", queues...)
	}
}

// setAside publishes a submission, as it came, to the queue for those that can't be created. Where that one is full it moves
// to the end of its own: given back it would come again first, and with others like it hold up all that can be created. ErrRejected
// says that this one is full, too.
func (in *Intake) setAside(ctx context.Context, r refused) (moved bool, err error) {
	detail := r.err.Error()
	detail = strings.ToValidUTF8(detail[:min(len(detail), maxDetail)], "")
	keepCtx, cancel := context.WithTimeout(ctx, keepTimeout)
	defer cancel()
	err = in.Broker.Publish(keepCtx, topology.SubmissionsRefused, broker.Message{
		ID: r.ID, Type: r.Type, Body: r.Body,
		Headers: map[string]string{"reason": r.reason, "detail": detail, "queue": r.Queue},
	})
	if !errors.Is(err, broker.ErrRejected) {
		return false, err
	}
	return true, in.Broker.Publish(keepCtx, r.Queue, broker.Message{ID: r.ID, Type: r.Type, Headers: r.Headers, Body: r.Body})
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
