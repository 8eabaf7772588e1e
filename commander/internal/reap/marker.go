package reap

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/background"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
)

// errNoInbox: there is no inbox to send a marker back to.
var errNoInbox = errors.New("no connection to the broker to get a marker back on")

// Broker is what markers need of a broker.
type Broker interface {
	broker.Publisher
	broker.Consumer
}

// Markers sends markers through status_queue, and has an inbox in which they come back.
type Markers struct {
	*background.Work

	broker Broker
	key    []byte
	log    *zap.Logger

	mu      sync.Mutex
	inbox   string
	waiting map[string]chan struct{}
}

// NewMarkers returns markers that are signed with the commanders' key.
func NewMarkers(b Broker, key []byte, log *zap.Logger) *Markers {
	m := &Markers{broker: b, key: key, log: log.Named("marker"), waiting: map[string]chan struct{}{}}
	m.Work = background.New(m.consume)
	return m
}

func (m *Markers) consume(ctx context.Context) {
	_ = m.broker.Consume(ctx, broker.Subscription{
		Prefetch: 64, Handle: m.take,
		Up:   func(queue string) { m.setInbox(queue) },
		Down: func(error) { m.setInbox("") },
	})
}

// Pass publishes a marker and returns once it is back: everything that the broker had taken before is settled, by the
// commander that took the marker.
func (m *Markers) Pass(ctx context.Context) error {
	id := uuid.NewString()
	back := make(chan struct{})
	m.mu.Lock()
	inbox := m.inbox
	m.waiting[id] = back
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		delete(m.waiting, id)
		m.mu.Unlock()
	}()
	if inbox == "" {
		return errNoInbox
	}
	body, err := contracts.NewMarker(m.key, id, inbox).Encode()
	if err != nil {
		return fmt.Errorf("encode marker: %w", err)
	}
	err = m.broker.Publish(ctx, topology.Status, broker.Message{ID: id, Type: string(contracts.TypeMarker), Body: body})
	if err != nil {
		return fmt.Errorf("publish marker: %w", err)
	}
	select {
	case <-back:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for marker: %w", ctx.Err())
	}
}

func (m *Markers) setInbox(queue string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.inbox = queue
}

func (m *Markers) take(d broker.Delivery) {
	defer func() { _ = d.Ack() }()
	pack, err := contracts.DecodeAnswerPack(d.Body)
	if err != nil {
		m.log.Warn("message in the commander's inbox can't be read", zap.Error(err))
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range pack.Answers {
		if back, ok := m.waiting[a.Reason]; ok && a.Type == contracts.AnswerMarker {
			close(back)
			delete(m.waiting, a.Reason)
		}
	}
}
