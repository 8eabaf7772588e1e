package membroker

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
)

// Config of a Client. Its zero value works.
type Config struct {
	// Topology, where set, is declared on every new connection before anything else. Only commanders set it. Where that
	// fails the client counts as not connected, and Health says why.
	Topology *topology.Topology
	// OnConnected is called when the connection stands, OnDisconnected when it is gone, with the reason. They alternate,
	// starting with OnConnected (as a rule before Connect returns), and never overlap. Both may be nil.
	OnConnected    func()
	OnDisconnected func(error)
}

// Client is a broker.Broker. It is safe for concurrent use; its server's mutex guards it.
type Client struct {
	server *Server
	cfg    Config
	closed chan struct{} // closed by Close
	idle   chan struct{} // closed when, after that, no Consume call is left

	conn          *connection // nil while there is none
	err           error       // why there is none
	ended         bool
	subscriptions map[*subscription]struct{}
	news          []func() // for the hooks, in order
	telling       bool
}

var _ broker.Broker = (*Client)(nil)

// Connect returns a client. It is connected if the server is up, else as soon as it is.
func (s *Server) Connect(cfg Config) *Client {
	c := &Client{
		server: s, cfg: cfg, closed: make(chan struct{}), idle: make(chan struct{}), err: errAway,
		subscriptions: make(map[*subscription]struct{}),
	}
	defer c.tell()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clients = append(s.clients, c)
	c.connect()
	return c
}

// Cut cuts the client's connection: its unsettled deliveries go back to their queues, its inboxes vanish, what it wrote
// while frozen is lost. It connects again at once where the server is up.
func (c *Client) Cut() {
	defer c.tell()
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.disconnect(errCut)
	c.connect()
}

// Freeze makes the server deaf and dumb towards the client, whose connection stands, until thaw: nothing is delivered,
// and what the client writes (publishes, acks, questions) reaches the server in order with thaw, or never if the
// connection goes first. thaw may be called more than once.
func (c *Client) Freeze() (thaw func()) {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	k := c.conn
	if k == nil {
		return func() {}
	}
	k.frozen = true
	return func() {
		c.server.mu.Lock()
		defer c.server.mu.Unlock()
		k.thaw()
	}
}

// connect makes a connection where there can be one. Callers hold the server's mutex, as of disconnect.
func (c *Client) connect() {
	if c.conn != nil || c.ended || c.server.away {
		return
	}
	if t := c.cfg.Topology; t != nil {
		if c.err = c.server.declare(*t); c.err != nil {
			return
		}
	}
	c.conn, c.err = &connection{lost: make(chan struct{})}, nil
	if told := c.cfg.OnConnected; told != nil {
		c.news = append(c.news, told)
	}
	c.server.broadcast()
}

func (c *Client) disconnect(why error) {
	k := c.conn
	if k == nil {
		return
	}
	c.conn, c.err = nil, why
	k.end(c.server, why)
	if told := c.cfg.OnDisconnected; told != nil {
		c.news = append(c.news, func() { told(why) })
	}
	c.server.broadcast()
}

// tell tells the hooks, one after the other, whoever caused what there is to tell.
func (c *Client) tell() {
	mu := &c.server.mu
	mu.Lock()
	defer mu.Unlock()
	if c.telling {
		return // whoever tells now tells this too
	}
	c.telling = true
	for len(c.news) > 0 {
		told := c.news[0]
		c.news = c.news[1:]
		mu.Unlock()
		told()
		mu.Lock()
	}
	c.telling = false
}

// ask has f talk to the server, and waits for its answer while ctx and the connection last.
func (c *Client) ask(ctx context.Context, f func(*connection) error) error {
	answer := make(chan error, 1)
	k, err := c.write(ctx, answer, f)
	if err != nil {
		return err
	}
	select {
	case err := <-answer:
		return err
	default: // frozen
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-k.lost:
		if c.over() {
			return broker.ErrClosed
		}
		return fmt.Errorf("%w (%w)", broker.ErrUnavailable, k.why)
	}
}

func (c *Client) write(ctx context.Context, answer chan<- error, f func(*connection) error) (*connection, error) {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	k := c.conn
	switch {
	case c.ended:
		return nil, broker.ErrClosed
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case k == nil:
		return nil, fmt.Errorf("%w (%w)", broker.ErrUnavailable, c.err)
	}
	k.send(func() { answer <- f(k) })
	return k, nil
}

// Publish implements broker.Publisher.
func (c *Client) Publish(ctx context.Context, queue string, m broker.Message) error {
	err := check(queue, m)
	if err == nil {
		m = clone(m)
		err = c.ask(ctx, func(*connection) error { return c.server.route(queue, m) })
	}
	if err != nil {
		return fmt.Errorf("publishing to %s: %w", queue, err)
	}
	return nil
}

// PublishAll implements broker.BatchPublisher.
func (c *Client) PublishAll(ctx context.Context, queue string, messages []broker.Message) []error {
	results := make([]error, len(messages))
	var fit []broker.Message
	var at []int // among messages
	for i, m := range messages {
		if results[i] = check(queue, m); results[i] == nil {
			fit, at = append(fit, clone(m)), append(at, i)
		}
	}
	answers := make(chan []error, 1)
	err := c.ask(ctx, func(*connection) error {
		routed := make([]error, len(fit))
		for i, m := range fit {
			routed[i] = c.server.route(queue, m)
		}
		answers <- routed
		return nil
	})
	var routed []error
	if err == nil {
		routed = <-answers
	}
	for i, of := range at {
		results[of] = err
		if err == nil {
			results[of] = routed[i]
		}
	}
	for i, err := range results {
		if err != nil {
			results[i] = fmt.Errorf("publishing to %s: %w", queue, err)
		}
	}
	return results
}

// Declare implements broker.Broker.
func (c *Client) Declare(ctx context.Context, t topology.Topology) error {
	if err := c.ask(ctx, func(*connection) error { return c.server.declare(t) }); err != nil {
		return fmt.Errorf("declaring the topology: %w", err)
	}
	return nil
}

// Delete implements broker.Broker.
func (c *Client) Delete(ctx context.Context, queue string) error {
	err := c.ask(ctx, func(k *connection) error {
		q, err := c.server.open(queue, k)
		switch {
		case errors.Is(err, broker.ErrUnroutable):
			return nil
		case err != nil:
			return err
		}
		c.server.remove(q)
		return nil
	})
	if err != nil {
		return fmt.Errorf("deleting queue %s: %w", queue, err)
	}
	return nil
}

// Depth implements broker.Broker.
func (c *Client) Depth(ctx context.Context, queue string) (broker.Depth, error) {
	found := make(chan broker.Depth, 1)
	err := c.ask(ctx, func(k *connection) error {
		q, err := c.server.open(queue, k)
		if err != nil {
			return err
		}
		q.expire()
		found <- broker.Depth{Ready: len(q.ready), Consumers: len(q.consumers)}
		return nil
	})
	if err != nil {
		return broker.Depth{}, fmt.Errorf("asking for the depth of %s: %w", queue, err)
	}
	return <-found, nil
}

// Ping implements broker.Broker.
func (c *Client) Ping(ctx context.Context) error {
	if err := c.ask(ctx, func(*connection) error { return nil }); err != nil {
		return fmt.Errorf("pinging the broker: %w", err)
	}
	return nil
}

// Health implements broker.Broker. An inbox subscription is listed as "inbox".
func (c *Client) Health() broker.Health {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	h := broker.Health{Connected: c.conn != nil, Err: c.err}
	for s := range c.subscriptions {
		if !s.stands {
			h.Unsubscribed = append(h.Unsubscribed, s.name())
		}
	}
	slices.Sort(h.Unsubscribed)
	return h
}

// Close ends subscriptions and the connection. Until ctx ends it waits for Handle calls that still run, so none of them
// may call it; then it returns ctx's error. It may be called more than once.
func (c *Client) Close(ctx context.Context) error {
	c.end()
	c.tell()
	select {
	case <-c.idle:
		return nil
	default:
	}
	select {
	case <-c.idle:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("closing the broker: %w", ctx.Err())
	}
}

func (c *Client) end() {
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.ended {
		return
	}
	c.ended = true
	c.disconnect(broker.ErrClosed)
	c.err = broker.ErrClosed
	close(c.closed)
	if len(c.subscriptions) == 0 {
		close(c.idle)
	}
	s.clients = slices.DeleteFunc(s.clients, func(other *Client) bool { return other == c })
}
