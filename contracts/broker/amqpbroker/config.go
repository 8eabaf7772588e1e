package amqpbroker

import (
	"errors"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts/topology"
)

// Config says where the broker is and how to behave towards it. Only URL is required.
type Config struct {
	// URL is amqp://user:password@host:port/vhost, or amqps:// for TLS (the query may name cacertfile, certfile,
	// keyfile and server_name_indication).
	URL string
	// Name is shown at the broker as the connections' name, followed by what each is for. Default "mission-control".
	Name string
	// Logger gets a line for each connection and subscription that comes or goes. Default: none.
	Logger *zap.Logger
	// Topology, where set, is declared on every new connection before anything is published or consumed on it. Only
	// commanders set it.
	Topology *topology.Topology
	// Heartbeat is asked of the broker, which may ask for less; the connection counts as dead after one and a half
	// heartbeats of silence. Default 10 s, at least 1 s, whole seconds.
	Heartbeat time.Duration
	// ConnectTimeout bounds one attempt: TCP, TLS, handshake and topology. Default 10 s.
	ConnectTimeout time.Duration
	// BackoffMin and BackoffMax bound the wait between attempts to connect or to subscribe. It starts at the first,
	// doubles to the second, and is then drawn evenly from zero to that. Defaults 0.1 s and 2 s: after an outage this wait is
	// most of what passes until missions start again, and it is due up to once for each step of a soldier's and a commander's.
	BackoffMin, BackoffMax time.Duration
	// OnConnected is called when both connections stand, OnDisconnected when the first of them is gone, with the
	// reason. They alternate, starting with OnConnected, come from one goroutine, and should return soon. Both may be nil.
	OnConnected    func()
	OnDisconnected func(error)
}

func (c Config) withDefaults() (Config, error) {
	if _, err := amqp.ParseURI(c.URL); err != nil {
		// The library's error may hold the password.
		return c, errors.New("amqpbroker: Config.URL must look like amqp://user:password@host:5672/vhost, or amqps:// the same for TLS")
	}
	if c.Name == "" {
		c.Name = "mission-control"
	}
	if c.Logger == nil {
		c.Logger = zap.NewNop()
	}
	for _, d := range []struct {
		value    *time.Duration
		fallback time.Duration
	}{
		{&c.Heartbeat, 10 * time.Second},
		{&c.ConnectTimeout, 10 * time.Second},
		{&c.BackoffMin, 100 * time.Millisecond},
		{&c.BackoffMax, 2 * time.Second},
	} {
		if *d.value == 0 {
			*d.value = d.fallback
		}
	}
	if c.Heartbeat < time.Second {
		return c, fmt.Errorf("amqpbroker: Config.Heartbeat is %v; it must be at least 1s", c.Heartbeat)
	}
	if c.ConnectTimeout < 0 || c.BackoffMin < 0 || c.BackoffMax < c.BackoffMin {
		return c, errors.New("amqpbroker: Config.ConnectTimeout and BackoffMin must be positive, and BackoffMax at least BackoffMin")
	}
	return c, nil
}
