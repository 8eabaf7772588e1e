package events

import (
	"bytes"
	"context"
	"fmt"
	"slices"
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
	// Name is the event's type, and how clients ask for it.
	Name string
	// Every is the time between two looks; Config.TopicEvery where it is 0. A picture that has the mark of the one before is not sent, so a
	// topic that changes seldom may be looked at often, where a look is cheap.
	Every time.Duration
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
	wanted int // by so many clients
}

func newTopic(t Topic) *topic { return &topic{Topic: t, wake: make(chan struct{}, 1)} }

// look takes a picture again and again while anybody wants it.
func (h *Hub) look(ctx context.Context, t *topic) {
	every := t.Every
	if every <= 0 {
		every = h.cfg.TopicEvery
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if h.wanted(t) {
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

func (h *Hub) wanted(t *topic) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return t.wanted > 0
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
			if slices.Contains(s.topics, t) {
				s.nudge()
			}
		}
	}
	t.frame, t.mark = encode(t.Name, "", p.JSON), bytes.Clone(mark)
}

// choose returns the topics of these names, each once.
func (h *Hub) choose(names []string) ([]*topic, error) {
	var out []*topic
	for _, name := range names {
		i := slices.IndexFunc(h.topics, func(t *topic) bool { return t.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no topic %q", name)
		}
		if !slices.Contains(out, h.topics[i]) {
			out = append(out, h.topics[i])
		}
	}
	return out, nil
}

// Topics are the names of all topics.
func (h *Hub) Topics() []string {
	out := make([]string, len(h.topics))
	for i, t := range h.topics {
		out[i] = t.Name
	}
	return out
}

// want counts a client in. A picture from before anybody wanted it is forgotten, and a new one asked for. The caller holds the lock.
func (t *topic) want() {
	t.wanted++
	if t.wanted > 1 {
		return
	}
	t.frame = nil
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// news returns the pictures of a client's topics that it has not seen, and notes them as seen.
func (h *Hub) news(topics []*topic, seen []int64) []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []byte
	for i, t := range topics {
		if t.frame != nil && seen[i] != t.number {
			out = append(out, t.frame...)
			seen[i] = t.number
		}
	}
	return out
}
