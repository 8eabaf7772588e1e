package amqpbroker

import "errors"

// hooks tells Config's OnConnected and OnDisconnected, from one goroutine. A loss that was mended before it could be
// told is told all the same: the sessions are others then.
type hooks struct {
	b      *Broker
	signal chan struct{}
	over   chan struct{}

	connected bool
	epochs    [2]uint64
}

func newHooks(b *Broker) *hooks {
	return &hooks{b: b, signal: make(chan struct{}, 1), over: make(chan struct{})}
}

// look says that something changed.
func (h *hooks) look() {
	select {
	case h.signal <- struct{}{}:
	default:
	}
}

// end lets run tell what is left to tell, and return.
func (h *hooks) end() { close(h.over) }

func (h *hooks) run() {
	for {
		select {
		case <-h.signal:
			h.tell()
		case <-h.over:
			h.tell()
			return
		}
	}
}

func (h *hooks) tell() {
	publishing, publishEpoch, publishLost := h.b.publishing.last()
	consuming, consumeEpoch, consumeLost := h.b.consuming.last()
	epochs := [2]uint64{publishEpoch, consumeEpoch}
	both := publishing != nil && consuming != nil
	if h.connected && (!both || epochs != h.epochs) {
		h.connected = false
		if h.b.cfg.OnDisconnected != nil {
			h.b.cfg.OnDisconnected(errors.Join(publishLost, consumeLost))
		}
	}
	if both && !h.connected {
		h.connected, h.epochs = true, epochs
		if h.b.cfg.OnConnected != nil {
			h.b.cfg.OnConnected()
		}
	}
}
