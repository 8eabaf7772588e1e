package limit

import (
	"context"
	"encoding/binary"

	amqp "github.com/rabbitmq/amqp091-go"
)

// update is a status update: what happened to which job, and what to do once the broker has taken it.
type update struct {
	id    uint64
	what  byte
	taken func() error // may be nil
}

// What an update says.
const (
	claim byte = 'c'
	final byte = 'f'
)

// encode writes updates after so many bytes of what a message has besides.
func encode(updates []update, besides int) []byte {
	body := make([]byte, besides+len(updates)*updateSize)
	binary.BigEndian.PutUint16(body, uint16(len(updates)))
	for i, u := range updates {
		at := body[besides+i*updateSize:]
		binary.BigEndian.PutUint64(at, u.id)
		at[8] = u.what
	}
	return body
}

func decode(body []byte, besides int) []update {
	updates := make([]update, binary.BigEndian.Uint16(body))
	for i := range updates {
		at := body[besides+i*updateSize:]
		updates[i] = update{id: binary.BigEndian.Uint64(at), what: at[8]}
	}
	return updates
}

// A pack is sent while the one before it waits for its confirm; what gathers meanwhile fills the next.

// pack sends what comes, in packs of at most the given size, and never waits for one to fill.
func (l *Limit) pack(ctx context.Context, from <-chan update, most int, to *outlet) {
	type sent struct {
		confirm *amqp.DeferredConfirmation
		updates []update
	}
	room := 0
	if most == 1 {
		room = cap(from)
	}
	flight := make(chan sent, room)
	go func() {
		for s := range flight {
			err := await(ctx, s.confirm)
			for i := 0; i < len(s.updates) && err == nil; i++ {
				if s.updates[i].taken != nil {
					err = s.updates[i].taken()
				}
			}
			if err != nil && ctx.Err() == nil {
				l.fail(err)
			}
		}
	}()
	defer close(flight)
	for {
		updates, ok := gather(ctx, from, most)
		if !ok {
			return
		}
		confirm, err := to.send(ctx, encode(updates, packSize))
		if err != nil {
			if ctx.Err() == nil {
				l.fail(err)
			}
			return
		}
		flight <- sent{confirm, updates}
	}
}

// gather waits for one, and takes what there is besides.
func gather[T any](ctx context.Context, from <-chan T, most int) ([]T, bool) {
	var out []T
	select {
	case first, open := <-from:
		if !open {
			return nil, false
		}
		out = append(out, first)
	case <-ctx.Done():
		return nil, false
	}
	for len(out) < most {
		select {
		case next, open := <-from:
			if !open {
				return out, true
			}
			out = append(out, next)
		default:
			return out, true
		}
	}
	return out, true
}
