// Package inbox sends answers to soldiers' inboxes.
//
// Answers are hints with a deadline of their own: a lost one is asked for again by a repeated claim, a repeated final or
// a renewal. So they are transient, nobody waits for them, and when too many wait, new ones are dropped and counted.
// Answers to one inbox that gather while a publish is under way travel together.
package inbox

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
)

const (
	maxWaiting = 20_000 // answers over all inboxes
	maxPacked  = 256    // answers in one message
	// publishTimeout is how long an answer is worth waiting for: by then the soldier has asked again.
	publishTimeout = 3 * time.Second
	// expiration drops answers that an alive but stuck soldier never took.
	expiration = 60 * time.Second
)

// Sender sends answers. It is safe for concurrent use.
type Sender struct {
	publisher broker.Publisher
	log       *zap.Logger
	dropped   func()

	mu      sync.Mutex
	waiting map[string][]contracts.Answer // an inbox is in the map while a goroutine serves it
	total   int
	closed  bool
	ctx     context.Context //nolint:containedctx // the life of the serving goroutines, ended by Stop
	stop    context.CancelFunc
	done    sync.WaitGroup
}

// New returns a sender over publisher. dropped is called for each answer that found no room.
func New(publisher broker.Publisher, dropped func(), log *zap.Logger) *Sender {
	ctx, cancel := context.WithCancel(context.Background())
	return &Sender{
		publisher: publisher, dropped: dropped, log: log.Named("inbox"),
		waiting: map[string][]contracts.Answer{}, ctx: ctx, stop: cancel,
	}
}

// Send sends answers to an inbox, in the background.
func (s *Sender) Send(inbox string, answers ...contracts.Answer) {
	if len(answers) == 0 || !contracts.ValidInbox(inbox) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	if s.total+len(answers) > maxWaiting {
		for range answers {
			s.dropped()
		}
		return
	}
	s.total += len(answers)
	queue, served := s.waiting[inbox]
	s.waiting[inbox] = append(queue, answers...)
	if !served {
		s.done.Go(func() { s.serve(inbox) })
	}
}

// Deliverable tells whether the inbox still exists: it sends a ping and waits for the broker's word.
func (s *Sender) Deliverable(ctx context.Context, inbox string) (bool, error) {
	if !contracts.ValidInbox(inbox) {
		return false, nil
	}
	err := s.publish(ctx, inbox, []contracts.Answer{{Type: contracts.AnswerPing}})
	if errors.Is(err, broker.ErrUnroutable) {
		return false, nil
	}
	return err == nil, err
}

// Stop drops what waits.
func (s *Sender) Stop(context.Context) error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stop()
	s.done.Wait()
	return nil
}

func (s *Sender) serve(inbox string) {
	for {
		s.mu.Lock()
		pack := s.waiting[inbox]
		if len(pack) == 0 || s.ctx.Err() != nil {
			s.total -= len(pack)
			delete(s.waiting, inbox)
			s.mu.Unlock()
			return
		}
		rest := []contracts.Answer(nil)
		if len(pack) > maxPacked {
			pack, rest = pack[:maxPacked:maxPacked], pack[maxPacked:]
		}
		s.waiting[inbox] = rest
		s.total -= len(pack)
		s.mu.Unlock()

		ctx, cancel := context.WithTimeout(s.ctx, publishTimeout)
		err := s.publish(ctx, inbox, pack)
		cancel()
		if err != nil && s.ctx.Err() == nil {
			s.log.Debug("answers not delivered", zap.String("queue", inbox), zap.Int("answers", len(pack)), zap.Error(err))
		}
	}
}

func (s *Sender) publish(ctx context.Context, inbox string, answers []contracts.Answer) error {
	body, err := contracts.NewAnswerPack(answers...).Encode()
	if err != nil {
		return err
	}
	return s.publisher.Publish(ctx, inbox, broker.Message{
		Type: string(contracts.TypeAnswers), Body: body, Durability: broker.Transient, Expiration: expiration,
	})
}
