package membroker

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
)

// Why connections are gone.
var (
	errAway = errors.New("the server is away")
	errCut  = errors.New("the connection was cut")
	errGone = errors.New("the server cancelled the consumer: its queue was deleted")
)

// Server is the broker that Clients connect to. It is up from the beginning, and needs no end of its own.
type Server struct {
	mu      sync.Mutex
	queues  map[string]*queue
	clients []*Client // in the order in which they came
	away    bool
	// sequence numbers messages, so that what is given back finds its old place.
	sequence uint64
	// changed is closed and replaced when a subscription that waits should look again.
	changed chan struct{}
}

// New returns a server without queues.
func New() *Server {
	return &Server{queues: make(map[string]*queue), changed: make(chan struct{})}
}

// Down takes the server away: connections are gone, Publish fails with ErrUnavailable. Queues and their persistent
// messages stay; transient messages and inboxes go.
func (s *Server) Down() {
	defer s.tell()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = true
	for _, c := range s.clients {
		c.disconnect(errAway)
	}
	for _, q := range s.queues {
		q.forgetTransient()
	}
}

// Up brings the server back. All clients are connected when it returns.
func (s *Server) Up() {
	defer s.tell()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = false
	for _, c := range s.clients {
		c.connect()
	}
}

// Wipe is Down, with the loss of all that the server had: queues and messages. Up brings back an empty server.
func (s *Server) Wipe() {
	s.Down()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range s.queues {
		q.forget()
	}
}

// Restart is Down and Up.
func (s *Server) Restart() {
	s.Down()
	s.Up()
}

// Queues returns the names of all durable queues, sorted.
func (s *Server) Queues() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for name, q := range s.queues {
		if q.owner == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// tell has all clients tell their hooks what happened.
func (s *Server) tell() {
	s.mu.Lock()
	clients := slices.Clone(s.clients)
	s.mu.Unlock()
	for _, c := range clients {
		c.tell()
	}
}

// broadcast has waiting subscriptions look again. Callers hold mu, as of everything below.
func (s *Server) broadcast() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// declare creates queues that are missing.
func (s *Server) declare(t topology.Topology) error {
	for _, wanted := range t.Queues {
		wanted.MaxLength = max(wanted.MaxLength, 0)
		switch q := s.queues[wanted.Name]; {
		case wanted.Name == "" || len(wanted.Name) > maxName:
			return fmt.Errorf("declaring queue %q: a queue's name has 1 to %d bytes", wanted.Name, maxName)
		case strings.HasPrefix(wanted.Name, "amq."):
			return fmt.Errorf("declaring queue %s: names that begin with amq. are the broker's own", wanted.Name)
		case q == nil:
			s.create(&queue{Queue: wanted, server: s})
		case q.Queue != wanted:
			return fmt.Errorf("queue %s exists with other arguments: wanted %+v, it has %+v; the arguments of a queue "+
				"can't change: use another name, or a new server", wanted.Name, wanted, q.Queue)
		}
	}
	return nil
}

// inbox creates an exclusive queue of a connection.
func (s *Server) inbox(owner *connection) *queue {
	q := &queue{
		Queue:  topology.Queue{Name: "amq.gen-" + rand.Text(), DeliveryLimit: topology.NoDeliveryLimit},
		server: s, owner: owner,
	}
	s.create(q)
	return q
}

func (s *Server) create(q *queue) {
	s.queues[q.Name] = q
	for _, source := range s.queues {
		if source.DeadLetterTo == q.Name {
			source.deadLetterStranded()
		}
	}
	s.broadcast()
}

func (s *Server) drop(q *queue) {
	q.ready = nil
	delete(s.queues, q.Name)
}

// remove deletes a queue. Its consumers are told.
func (s *Server) remove(q *queue) {
	for _, l := range slices.Clone(q.consumers) {
		l.conn.leases = slices.DeleteFunc(l.conn.leases, func(other *lease) bool { return other == l })
		l.fall(errGone)
	}
	q.forget()
}

// open finds a queue for a connection that wants to look into it.
func (s *Server) open(name string, k *connection) (*queue, error) {
	q := s.queues[name]
	if q == nil {
		return nil, broker.ErrUnroutable
	}
	if q.owner != nil && q.owner != k {
		return nil, fmt.Errorf("queue %s is exclusive to another connection", name)
	}
	return q, nil
}

// route puts a message into its queue. The message is the server's own copy.
func (s *Server) route(name string, m broker.Message) error {
	q := s.queues[name]
	if q == nil {
		return broker.ErrUnroutable
	}
	if q.full() {
		return broker.ErrRejected
	}
	q.put(m)
	return nil
}
