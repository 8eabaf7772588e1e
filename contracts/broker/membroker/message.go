package membroker

import (
	"bytes"
	"fmt"
	"maps"
	"time"

	"github.com/mission-control-dev/mission-control/contracts/broker"
)

// Limits of AMQP and RabbitMQ, so that what works here works there.
const (
	maxName     = 255
	maxHeaders  = 64 << 10
	maxBody     = 16 << 20
	maxPrefetch = 1<<16 - 1
)

// message is a message in a queue, or on loan from it.
type message struct {
	broker.Message
	sequence uint64
	// returned is how often it was given back; redelivered also says so after a loss of the connection.
	returned int
	// expires is zero for never.
	expires time.Time
}

// check refuses what RabbitMQ, or the way to it, would not take.
func check(queue string, m broker.Message) error {
	if queue == "" {
		return fmt.Errorf("the queue has no name")
	}
	for _, s := range []struct{ what, value string }{{"queue", queue}, {"message's ID", m.ID}, {"message's Type", m.Type}} {
		if len(s.value) > maxName {
			return fmt.Errorf("the %s has %d bytes; AMQP allows %d", s.what, len(s.value), maxName)
		}
	}
	if len(m.Body) > maxBody {
		return fmt.Errorf("the message has %d bytes; the limit is %d", len(m.Body), maxBody)
	}
	if m.Expiration < 0 {
		return fmt.Errorf("the message's Expiration is %v; it must not be negative", m.Expiration)
	}
	size := 0
	for name, value := range m.Headers {
		if len(name) > maxName {
			return fmt.Errorf("a header's name has %d bytes; AMQP allows %d", len(name), maxName)
		}
		size += len(name) + len(value) + 8
	}
	if size > maxHeaders {
		return fmt.Errorf("the message's headers have %d bytes; the limit is %d", size, maxHeaders)
	}
	return nil
}

// clone returns a copy that shares nothing.
func clone(m broker.Message) broker.Message {
	m.Body = bytes.Clone(m.Body)
	if len(m.Headers) == 0 {
		m.Headers = nil
	} else {
		m.Headers = maps.Clone(m.Headers)
	}
	return m
}

// wholeMilliseconds rounds up, as an expiration of 0 is none.
func wholeMilliseconds(d time.Duration) time.Duration {
	if up := d.Truncate(time.Millisecond); up < d {
		return up + time.Millisecond
	}
	return d
}
