package amqpbroker

import (
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"
)

// returns remembers messages that no queue took. The broker returns such a message and then confirms it; the library's
// reader puts the return into the channel before it resolves the confirm. So whoever saw a confirm finds the return
// either in the channel or among those that others took out before, under the same lock. Nobody else reads the channel;
// its buffer has room for a return of each unsettled message, so the reader never waits.
type returns struct {
	mu       sync.Mutex
	incoming <-chan amqp.Return
	seen     map[string]struct{}
}

func newReturns(incoming <-chan amqp.Return) *returns {
	return &returns{incoming: incoming, seen: make(map[string]struct{})}
}

// take tells, once, whether the confirmed message was returned.
func (r *returns) take(correlation string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for drained := false; !drained; {
		select {
		case m, open := <-r.incoming:
			if open {
				r.seen[m.CorrelationId] = struct{}{}
			} else {
				drained = true
			}
		default:
			drained = true
		}
	}
	_, returned := r.seen[correlation]
	delete(r.seen, correlation)
	return returned
}
