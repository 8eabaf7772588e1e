package submit

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/background"
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
	// longestWait is the longest pause where all that waits can be neither created nor set aside.
	longestWait = 30 * time.Second
	// groupTimeout bounds the creation of missions that are created together.
	groupTimeout = 10 * time.Second
	// holdTime is after how long a submission that is still on loan is given back untried: others can't know of it.
	holdTime = 25 * time.Second
	// parkedSize and parkedMessages bound what is on loan and fits nowhere.
	parkedSize     = prefetch * contracts.MaxSubmissionSize
	parkedMessages = 1000
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

// Intake creates the missions that wait in submissions_queue. Stop gives back what was not created.
type Intake struct {
	*background.Work
	Config
	log       *zap.Logger
	unsettled *unsettled
	// givenUp is true while there is no subscription because the store is away.
	givenUp atomic.Bool
	// held counts deliveries that are not settled.
	held atomic.Int64
	jam  jam
	// pace and parked are run's.
	pace pace
	// parked are on loan still, as they fit into neither queue: given back they would come again before all others.
	parked []loan
}

// NewIntake returns an intake.
func NewIntake(c Config) *Intake {
	in := &Intake{Config: c, log: c.Logger.Named("submit"), unsettled: newUnsettled(c.Now), pace: newPace()}
	in.Work = background.New(in.run, in.watch)
	return in
}

// Warning says for operators that submissions can be neither created nor set aside, and what to do; else it is empty.
func (in *Intake) Warning() string {
	if !in.jam.stands() {
		return ""
	}
	return topology.SubmissionsRefused + " is full: missions that were accepted and can't be created go round in " + topology.Submissions +
		", and the ids of unknown missions are 503 not_created_yet; look at what was set aside and drop it, or mend why and resend it " +
		"(missionctl set-aside)"
}

// GivenUp tells whether there is no subscription for lack of a store; then nobody should miss it.
func (in *Intake) GivenUp() bool { return in.givenUp.Load() }

// run takes submissions while the store is there.
func (in *Intake) run(ctx context.Context) {
	defer in.unpark()
	for in.awaitStore(ctx) {
		in.givenUp.Store(false)
		in.take(ctx)
		background.Pause(ctx, in.rest(ctx))
	}
}

// rest returns the pause after a take, and gives back what is parked before a long one.
func (in *Intake) rest(ctx context.Context) time.Duration {
	size := 0
	for _, d := range in.parked {
		size += len(d.Body)
	}
	crowded := size > parkedSize || len(in.parked) > parkedMessages
	if crowded || len(in.parked) > 0 && in.parkedFor() <= 0 {
		in.unpark()
	}
	if !crowded && !in.pace.roundIsOver(in.ready(ctx)) {
		return checkEvery
	}
	in.unpark()
	return in.pace.next()
}

// ready is how many submissions wait at the broker; 0 where that does not answer.
func (in *Intake) ready(ctx context.Context) int {
	ctx, cancel := context.WithTimeout(ctx, lookEvery)
	defer cancel()
	depth, err := in.Broker.Depth(ctx, topology.Submissions)
	if err != nil {
		return 0
	}
	return depth.Ready
}

// parkedFor is for how long what is parked may stay so.
func (in *Intake) parkedFor() time.Duration { return holdTime - time.Since(in.parked[0].at) }

// unpark gives back what is parked.
func (in *Intake) unpark() {
	for _, d := range in.parked {
		in.settled(d.Nack(broker.Requeued))
	}
	in.parked = nil
}

// awaitStore waits until the store is there. It returns false when ctx ends.
func (in *Intake) awaitStore(ctx context.Context) bool {
	for ctx.Err() == nil {
		if in.storeIsThere(ctx) {
			return ctx.Err() == nil
		}
		in.givenUp.Store(true)
		background.Pause(ctx, checkEvery)
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

// createAll creates what comes, as many at once as there are, until something has to go back, or nothing of a batch could be done,
// or what is parked was so for long enough. After something was parked another subscription gets others in its place.
func (in *Intake) createAll(ctx context.Context, taken <-chan loan, ended <-chan struct{}) {
	var due <-chan time.Time
	if len(in.parked) > 0 {
		due = time.After(in.parkedFor())
	}
	for {
		var batch []loan
		size := 0
		select {
		case d := <-taken:
			batch, size = append(batch, d), size+len(d.Body)
		case <-ended:
			return
		case <-due:
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
		o := in.create(ctx, batch)
		in.pace.note(o)
		if o.returned > 0 || o.parked > 0 || o.done == 0 {
			return
		}
	}
}

// outcome counts what became of submissions.
type outcome struct {
	done     int // created or set aside
	returned int // given back, to be tried again
	moved    int // sent to the end of their queue, as they can be neither created nor set aside
	parked   int // still on loan, as there is no room for that either
}

func (o *outcome) add(more outcome) {
	o.done, o.returned, o.moved, o.parked = o.done+more.done, o.returned+more.returned, o.moved+more.moved, o.parked+more.parked
}

// create creates the missions of a batch: those that were accepted alone together, each group by itself and before the next
// one is read. What can't be created is set aside at the end, so that it holds up nothing.
func (in *Intake) create(ctx context.Context, batch []loan) outcome {
	var o outcome
	var alone [][]contracts.Mission
	var loans []loan
	var bad []refused
	for _, d := range batch {
		if in.givenUp.Load() || time.Since(d.at) > holdTime {
			in.settled(d.Nack(broker.Requeued))
			o.returned++
			continue
		}
		s, err := contracts.DecodeSubmission(d.Body, in.Key)
		switch {
		case errors.Is(err, contracts.ErrForgedTicket):
			bad = append(bad, refused{d, ReasonForged, err})
		case err != nil:
			bad = append(bad, refused{d, ReasonUnreadable, err})
		case len(s.Missions) == 1:
			alone, loans = append(alone, s.Missions), append(loans, d)
		default:
			failed, became := in.admit(ctx, []loan{d}, [][]contracts.Mission{s.Missions})
			bad = append(bad, failed...)
			o.add(became)
		}
	}
	if len(loans) > 0 {
		failed, became := in.admit(ctx, loans, alone)
		bad = append(bad, failed...)
		o.add(became)
	}
	o.add(in.setAllAside(ctx, bad))
	return o
}

// refused is a submission that can't be created.
type refused struct {
	loan
	reason string
	err    error
}

// admit creates groups of missions and acks their deliveries. Some have to go back where the store is away or too slow. Where
// the store is there, and yet a submission can't be created, that one alone is to be set aside: it must not hold up all others.
func (in *Intake) admit(ctx context.Context, loans []loan, groups [][]contracts.Mission) (bad []refused, became outcome) {
	groupCtx, cancel := context.WithTimeout(ctx, groupTimeout)
	defer cancel()
	err := in.Missions.Admit(groupCtx, groups)
	if err == nil {
		for _, d := range loans {
			in.settled(d.Ack()) // stale: it comes again, and is found created
		}
		return nil, outcome{done: len(loans)}
	}
	if !away(groupCtx, err) && !in.jam.stands() { // else they come again and again
		in.log.Error("submissions not created, trying each alone", zap.Int("submissions", len(loans)), zap.Error(err))
	}
	for i, d := range loans {
		if !away(groupCtx, err) {
			err = in.Missions.Admit(groupCtx, groups[i:i+1])
		}
		switch {
		case err == nil:
			in.settled(d.Ack())
			became.done++
		case away(groupCtx, err):
			in.settled(d.Nack(broker.Requeued))
			became.returned++
		default:
			bad = append(bad, refused{d, ReasonFailed, err})
			err = nil
		}
	}
	if away(groupCtx, err) {
		in.wonder(ctx, len(loans), err)
	}
	return bad, became
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

// setAllAside sets submissions aside, all at once, so that it takes no longer than for one.
func (in *Intake) setAllAside(ctx context.Context, bad []refused) outcome {
	var all sync.WaitGroup
	var mu sync.Mutex // guards o, and parked
	var o outcome
	for _, r := range bad {
		all.Go(func() {
			where, err := in.setAside(ctx, r)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case where == parked:
				in.parked = append(in.parked, r.loan)
				o.parked++
			case err != nil:
				in.log.Warn("submission not set aside, it comes again", zap.Error(err))
				in.settled(r.Nack(broker.Requeued))
				o.returned++
			case where == moved:
				in.settled(r.Ack())
				o.moved++
			default:
				in.Refused(r.reason)
				in.log.Error("submission set aside", zap.String("queue", topology.SubmissionsRefused), zap.String("reason", r.reason), zap.Error(r.err))
				in.settled(r.Ack())
				o.done++
			}
		})
	}
	all.Wait()
	switch {
	case o.moved+o.parked > 0 && in.jam.note():
		in.log.Warn("submissions can be neither created nor set aside, as that queue is full: they wait behind the others",
			zap.String("queue", topology.SubmissionsRefused), zap.Int("submissions", o.moved+o.parked), zap.String("reason", bad[0].reason))
	case o.moved+o.parked == 0 && o.done > 0 && in.jam.clear():
		in.log.Info(roomAgain, zap.String("queue", topology.SubmissionsRefused))
	}
	slices.SortFunc(in.parked, func(a, b loan) int { return a.at.Compare(b.at) })
	return o
}

const roomAgain = "submissions can be set aside again"

// whereabouts is where a submission is that can't be created.
type whereabouts int

const (
	aside whereabouts = iota
	moved
	parked
)

// setAside publishes a submission, as it came, to the queue for those that can't be created. Where that one is full it moves
// to the end of its own: given back it would come again first, and with others like it hold up all that can be created. Where
// that one is full, too, it stays on loan.
func (in *Intake) setAside(ctx context.Context, r refused) (whereabouts, error) {
	detail := r.err.Error()
	detail = strings.ToValidUTF8(detail[:min(len(detail), maxDetail)], "")
	keepCtx, cancel := context.WithTimeout(ctx, keepTimeout)
	defer cancel()
	err := in.Broker.Publish(keepCtx, topology.SubmissionsRefused, broker.Message{
		ID: r.ID, Type: r.Type, Body: r.Body,
		Headers: map[string]string{"reason": r.reason, "detail": detail, "queue": r.Queue},
	})
	if !errors.Is(err, broker.ErrRejected) {
		return aside, err
	}
	err = in.Broker.Publish(keepCtx, r.Queue, broker.Message{ID: r.ID, Type: r.Type, Headers: r.Headers, Body: r.Body})
	if errors.Is(err, broker.ErrRejected) {
		return parked, nil
	}
	return moved, err
}
