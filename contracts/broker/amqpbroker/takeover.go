package amqpbroker

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts/topology"
)

// A queue that RabbitMQ 3 made does not say that it has no limit of deliveries, and RabbitMQ 4 then sets one of 20. Its
// arguments can't change, but a policy can say it. So such a queue is taken as it is, and Health tells what to do about it:
// better than staying away from a broker that has all our messages.

const deliveryLimit = "x-delivery-limit"

// lacksLimit tells whether a declaration was refused because the queue says nothing about a limit of deliveries, where
// RabbitMQ then sets one. Whether it is otherwise as it should be, the next declaration shows.
func lacksLimit(err error, version int) bool {
	var refusal *amqp.Error
	if version < limitedVersion || !errors.As(err, &refusal) || refusal.Code != amqp.PreconditionFailed {
		return false
	}
	parts := inequivalent.FindStringSubmatch(refusal.Reason)
	return parts != nil && parts[1] == deliveryLimit && strings.HasPrefix(parts[3], "none")
}

// withoutLimit returns args without that of the limit of deliveries.
func withoutLimit(args amqp.Table) amqp.Table {
	delete(args, deliveryLimit)
	return args
}

// noteLacking notes that a queue was found to lack its limit of deliveries.
func (b *Broker) noteLacking(vhost string, q topology.Queue) {
	advice := lackingAdvice(vhost, q)
	b.mu.Lock()
	_, known := b.lacking[q.Name]
	b.lacking[q.Name] = advice
	b.mu.Unlock()
	if !known {
		b.cfg.Logger.Warn("a queue comes from RabbitMQ 3", zap.String("queue", q.Name), zap.String("advice", advice))
	}
}

// noteWhole notes that a queue was found as it should be.
func (b *Broker) noteWhole(q topology.Queue) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.lacking, q.Name)
}

// lackingWarning says what to do about the queues that lack their limit, empty where there is none. The caller holds b.mu.
func (b *Broker) lackingWarning() string {
	return strings.Join(slices.Sorted(maps.Values(b.lacking)), "; ")
}

// lackingAdvice is for an operator. Over AMQP nobody sees policies, so it can't tell whether it was followed.
func lackingAdvice(vhost string, q topology.Queue) string {
	return fmt.Sprintf("queue %s comes from RabbitMQ 3, and 4 drops or dead-letters its messages after 20 returns: "+
		"rabbitmqctl set_policy -p %s --apply-to queues %s %s %s prevents that "+
		"(this is said until the queue is made anew, see docs/operations.md, \"From RabbitMQ 3 to 4\")",
		q.Name, shellQuoted(vhost), shellQuoted("delivery-limit-"+q.Name), shellQuoted("^"+regexp.QuoteMeta(q.Name)+"$"),
		shellQuoted(fmt.Sprintf(`{"delivery-limit":%d}`, q.DeliveryLimit)))
}

// shellQuoted returns s as one word for a shell.
func shellQuoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
