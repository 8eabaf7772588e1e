package amqpbroker

import (
	"fmt"
	"strconv"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/mission-control-dev/mission-control/contracts/broker"
)

// Limits of AMQP. What exceeds them must be refused here: at the broker, or in the client library, it costs the whole
// connection, and with it everyone's unconfirmed messages.
const (
	maxShortString = 255
	// maxHeaders is what all headers may take: they must fit in one frame of 128 KiB.
	maxHeaders = 64 << 10
	// maxBody is RabbitMQ's smallest default limit (4.x: 16 MiB).
	maxBody = 16 << 20
)

// encode makes the AMQP message. The correlation id is ours: it tells a returned message's publish.
func encode(queue string, m broker.Message, correlation string) (amqp.Publishing, error) {
	if queue == "" {
		return amqp.Publishing{}, fmt.Errorf("the queue has no name")
	}
	for _, s := range []struct{ what, value string }{{"queue", queue}, {"message's ID", m.ID}, {"message's Type", m.Type}} {
		if len(s.value) > maxShortString {
			return amqp.Publishing{}, fmt.Errorf("the %s has %d bytes; AMQP allows %d", s.what, len(s.value), maxShortString)
		}
	}
	if len(m.Body) > maxBody {
		return amqp.Publishing{}, fmt.Errorf("the message has %d bytes; the limit is %d", len(m.Body), maxBody)
	}
	if m.Expiration < 0 {
		return amqp.Publishing{}, fmt.Errorf("the message's Expiration is %v; it must not be negative", m.Expiration)
	}
	p := amqp.Publishing{
		MessageId:     m.ID,
		Type:          m.Type,
		CorrelationId: correlation,
		ContentType:   "application/json",
		DeliveryMode:  amqp.Persistent,
		Body:          m.Body,
	}
	if m.Durability == broker.Transient {
		p.DeliveryMode = amqp.Transient
	}
	if m.Expiration > 0 {
		// Rounded up: an expiration of 0 would drop the message at once.
		p.Expiration = strconv.FormatInt(int64((m.Expiration+time.Millisecond-1)/time.Millisecond), 10)
	}
	if len(m.Headers) > 0 {
		p.Headers = make(amqp.Table, len(m.Headers))
		size := 0
		for name, value := range m.Headers {
			if len(name) > maxShortString {
				return amqp.Publishing{}, fmt.Errorf("a header's name has %d bytes; AMQP allows %d", len(name), maxShortString)
			}
			size += len(name) + len(value) + 8
			p.Headers[name] = value
		}
		if size > maxHeaders {
			return amqp.Publishing{}, fmt.Errorf("the message's headers have %d bytes; the limit is %d", size, maxHeaders)
		}
	}
	return p, nil
}

// decode reads a message, whoever published it. Headers that are no strings (RabbitMQ's own counts) are left out.
func decode(d *amqp.Delivery) broker.Message {
	m := broker.Message{ID: d.MessageId, Type: d.Type, Body: d.Body}
	if d.DeliveryMode != amqp.Persistent {
		m.Durability = broker.Transient
	}
	if ms, err := strconv.ParseInt(d.Expiration, 10, 64); err == nil && ms > 0 && ms <= maxMilliseconds {
		m.Expiration = time.Duration(ms) * time.Millisecond
	}
	for name, value := range d.Headers {
		if s, isString := value.(string); isString {
			if m.Headers == nil {
				m.Headers = make(map[string]string, len(d.Headers))
			}
			m.Headers[name] = s
		}
	}
	return m
}

const maxMilliseconds = int64(1<<63-1) / int64(time.Millisecond)
