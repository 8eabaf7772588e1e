package limit

import (
	"context"
	"fmt"
	"strconv"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/redis/rueidis"
)

// statusPrefetch is how many status messages the commander takes ahead.
const statusPrefetch = 500

// startCommander takes status messages; grants go to the inbox.
func (l *Limit) startCommander(ctx context.Context, inbox string) error {
	ch, err := l.channel()
	if err != nil {
		return err
	}
	answers, err := l.channel()
	if err != nil {
		return err
	}
	if err := ch.Qos(statusPrefetch, 0, false); err != nil {
		return fmt.Errorf("setting the prefetch: %w", err)
	}
	deliveries, err := ch.ConsumeWithContext(ctx, status, "", false, false, false, false, nil)
	if err != nil {
		return fmt.Errorf("consuming status messages: %w", err)
	}
	go func() {
		for {
			taken, ok := gather(ctx, deliveries, statusPrefetch)
			if !ok {
				return
			}
			if err := l.settle(ctx, taken, answers, inbox); err != nil && ctx.Err() == nil {
				l.fail(err)
				return
			}
		}
	}()
	return nil
}

// settle decides all that was taken in one script, answers, and acks.
func (l *Limit) settle(ctx context.Context, taken []amqp.Delivery, answers *amqp.Channel, inbox string) error {
	var updates, granted []update
	finals := 0
	for _, d := range taken {
		for _, u := range decode(d.Body, packSize) {
			updates = append(updates, u)
			if u.what == final {
				finals++
			} else {
				granted = append(granted, u)
			}
		}
	}
	if l.store != nil {
		if err := l.record(ctx, updates); err != nil {
			return err
		}
		for len(granted) > 0 {
			n := min(packMost, len(granted))
			if err := answers.PublishWithContext(ctx, "", inbox, false, false, amqp.Publishing{Body: encode(granted[:n], grantsSize)}); err != nil {
				return fmt.Errorf("answering: %w", err)
			}
			granted = granted[n:]
		}
	}
	l.seen(updates)
	if err := taken[len(taken)-1].Ack(true); err != nil {
		return fmt.Errorf("acknowledging: %w", err)
	}
	l.done.Add(int64(finals))
	return nil
}

// create writes missions as queued.
func (l *Limit) create(ctx context.Context, first, last int64) error {
	commands := make(rueidis.Commands, 0, last-first+1)
	for id := first; id <= last; id++ {
		commands = append(commands, l.store.B().Hset().Key("m:"+strconv.FormatInt(id, 10)).FieldValue().
			FieldValue("status", "QUEUED").FieldValue("mission", mission).Build())
	}
	for _, answer := range l.store.DoMulti(ctx, commands...) {
		if err := answer.Error(); err != nil {
			return fmt.Errorf("writing a mission: %w", err)
		}
	}
	return nil
}

// mission is about what is kept of one.
const mission = `{"mission_id":"0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b","name":"noop","kind":"noop","payload":{"n":1},"priority":"normal","squad":"default","max_attempts":1,"timeout_seconds":300,"created_at":"2026-01-02T03:04:05.000Z"}`

// decide takes ids and what happened to each, in pairs. A claim of what is not queued decides nothing.
const decide = `
for i = 1, #ARGV, 2 do
  local key = 'm:' .. ARGV[i]
  if ARGV[i+1] == 'f' then
    redis.call('HSET', key, 'status', 'COMPLETED', 'result', '{"ok":true}')
  elseif redis.call('HGET', key, 'status') == 'QUEUED' then
    redis.call('HSET', key, 'status', 'IN_PROGRESS', 'run', 1, 'execution', 'e' .. ARGV[i])
  end -- of one
end
return 1`

func (l *Limit) record(ctx context.Context, updates []update) error {
	arguments := make([]string, 0, 2*len(updates))
	for _, u := range updates {
		arguments = append(arguments, strconv.FormatUint(u.id, 10), string(u.what))
	}
	if err := l.script.Exec(ctx, l.store, nil, arguments).Error(); err != nil {
		return fmt.Errorf("deciding: %w", err)
	}
	return nil
}
