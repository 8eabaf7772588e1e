package amqpbroker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// role says what a connection is for.
type role string

const (
	publishing role = "publish"
	consuming  role = "consume"
)

// session is one AMQP connection's life.
type session struct {
	conn   *amqp.Connection
	socket *socket
	// idle is a channel for the next question: to open one costs the broker ten times what it costs to answer. There is room
	// for one. Who finds none opens one, so nobody waits for another's answer.
	idle chan *amqp.Channel
	done chan struct{}
	err  error // why it is gone; read after done
}

// errNoAnswer replaces what the library makes of a handshake that we gave up.
var errNoAnswer = errors.New("no answer in time")

// connect makes a session, topology included. onBlocked is told when the broker blocks the connection (with its
// reason) and unblocks it (with none), until the session is done.
func (b *Broker) connect(ctx context.Context, r role, onBlocked func(reason string)) (*session, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, b.cfg.ConnectTimeout, errNoAnswer)
	defer cancel()
	s := &session{idle: make(chan *amqp.Channel, 1), done: make(chan struct{})}
	release := func() bool { return true }
	properties := amqp.NewConnectionProperties()
	properties.SetClientConnectionName(b.cfg.Name + " " + string(r))
	conn, err := amqp.DialConfig(b.cfg.URL, amqp.Config{
		Heartbeat:  b.cfg.Heartbeat,
		Properties: properties,
		Dial: func(network, addr string) (net.Conn, error) {
			var dialer net.Dialer
			tcp, err := dialer.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			s.socket = &socket{Conn: tcp}
			release = context.AfterFunc(ctx, func() { _ = tcp.Close() })
			return s.socket, nil
		},
	})
	if err != nil {
		if s.socket != nil {
			_ = s.socket.Close()
		}
		return nil, connectError(ctx, err)
	}
	s.conn = conn
	s.socket.tolerate(conn.Config.Heartbeat * 3 / 2)
	closes := conn.NotifyClose(make(chan *amqp.Error, 1))
	blocks := conn.NotifyBlocked(make(chan amqp.Blocking, 16))
	b.running.Go(func() { s.watch(closes, blocks, onBlocked) })
	if b.cfg.Topology != nil {
		err = b.declareAll(conn, *b.cfg.Topology)
	}
	if !release() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		s.sever()
		return nil, connectError(ctx, err)
	}
	return s, nil
}

// connectError says what happened in the words of someone who has to mend it. An ended handshake is reported by the
// library as a wrong password or vhost, whatever the reason was.
func connectError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("connecting: %w", context.Cause(ctx))
	}
	if errors.Is(err, amqp.ErrCredentials) || errors.Is(err, amqp.ErrVhost) {
		return errors.New("connecting: the broker ended the handshake: it is just starting or stopping, or the URL's user, password or vhost is wrong")
	}
	return fmt.Errorf("connecting: %w", err)
}

func (s *session) watch(closes <-chan *amqp.Error, blocks <-chan amqp.Blocking, onBlocked func(string)) {
	defer close(s.done)
	for {
		select {
		case blocking, open := <-blocks:
			switch {
			case !open:
				blocks = nil
			case blocking.Active:
				onBlocked(blocking.Reason)
			default:
				onBlocked("")
			}
		case reason := <-closes:
			s.err = errors.New("connection closed")
			if reason != nil {
				s.err = reason
			}
			_ = s.socket.Close()
			return
		}
	}
}

// sever ends the session at once, without a word to the broker.
func (s *session) sever() {
	_ = s.socket.Close()
	<-s.done
}

// goodbyeTimeout bounds the closing handshake: a broker that does not answer it gets none.
const goodbyeTimeout = time.Second

// close ends the session politely.
func (s *session) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, goodbyeTimeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = s.socket.Close() })
	defer stop()
	// It fails only if the connection is gone, which is what we want.
	_ = s.conn.Close()
	s.sever()
}

func (s *session) alive() bool {
	select {
	case <-s.done:
		return false
	default:
		return true
	}
}

// borrow returns a channel for a question. One that the broker closed, as it does when it refuses, must not be given back.
func (s *session) borrow() (*amqp.Channel, error) {
	select {
	case channel := <-s.idle:
		if !channel.IsClosed() {
			return channel, nil
		}
	default:
	}
	return s.conn.Channel()
}

func (s *session) giveBack(channel *amqp.Channel) error {
	select {
	case s.idle <- channel:
		return nil
	default:
		return channel.Close()
	}
}
