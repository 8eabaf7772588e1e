package events

import (
	"bytes"
	"context"
	"time"

	"go.uber.org/zap"
)

// Picture is how a topic is at one moment.
type Picture struct {
	// JSON is sent, in one line.
	JSON []byte
	// Mark tells pictures apart: one that has the mark of the one before is not sent again. Nil stands for JSON itself.
	Mark []byte
}

// Topic is something that is watched as a whole, such as the health.
type Topic struct {
	// Name is the event's type.
	Name string
	// Look returns the present picture. After an error clients keep the one that they have.
	Look func(ctx context.Context) (Picture, error)
}

// lookLimit bounds one look.
const lookLimit = 3 * time.Second

// topic is a Topic with its last picture. All but Topic and wake is guarded by the hub's lock.
type topic struct {
	Topic
	wake chan struct{}
	// frame is the last picture, encoded; nil while there is none that is fresh. number grows when mark changes.
	frame  []byte
	mark   []byte
	number int64
}

func newTopic(t Topic) *topic { return &topic{Topic: t, wake: make(chan struct{}, 1)} }

// look takes a picture again and again while anybody listens.
func (h *Hub) look(ctx context.Context, t *topic) {
	tick := time.NewTicker(h.cfg.TopicEvery)
	defer tick.Stop()
	for {
		if h.listeners() {
			h.picture(ctx, t)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.wake:
		case <-tick.C:
		}
	}
}

func (h *Hub) listeners() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.clients) > 0
}

func (h *Hub) picture(ctx context.Context, t *topic) {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	p, err := t.Look(ctx)
	if err != nil {
		h.logger.Debug("topic can't be had now", zap.String("topic", t.Name), zap.Error(err))
		return
	}
	mark := p.Mark
	if mark == nil {
		mark = p.JSON
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if t.frame == nil || !bytes.Equal(mark, t.mark) {
		t.number++
		for s := range h.clients {
			s.nudge()
		}
	}
	t.frame, t.mark = encode(t.Name, "", p.JSON), bytes.Clone(mark)
}

// freshen forgets pictures from before anybody listened, and asks for new ones. The caller holds the lock.
func (h *Hub) freshen() {
	for _, t := range h.topics {
		t.frame = nil
		select {
		case t.wake <- struct{}{}:
		default:
		}
	}
}

// news returns the pictures that a client has not seen, and notes them as seen.
func (h *Hub) news(seen []int64) []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []byte
	for i, t := range h.topics {
		if t.frame != nil && seen[i] != t.number {
			out = append(out, t.frame...)
			seen[i] = t.number
		}
	}
	return out
}
