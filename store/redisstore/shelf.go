package redisstore

import (
	"context"
	"fmt"
	"strconv"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/redis/rueidis"
)

// Shelved implements store.Outbox. It returns 1000 missions at most.
func (s *Store) Shelved(ctx context.Context, shelf string, before contracts.Time, limit int) ([]string, error) {
	if limit <= 0 {
		return nil, nil
	}
	return missionIDs(s.run(ctx, "look at a shelf", s.scripts.shelved, []string{s.keys.due(), s.keys.shelves()},
		[]string{shelf, shelfBefore(before), strconv.Itoa(min(limit, outboxChunk))}))
}

// shelfBefore is a moment on a shelf, where times are of 42 bits: the year 2109 is as far as they go.
func shelfBefore(t contracts.Time) string {
	return strconv.FormatInt(min(max(t.Millis(), 0), 1<<42), 10)
}

// Unshelve implements store.Outbox. It takes 1000 missions at most.
func (s *Store) Unshelve(ctx context.Context, shelf string, before contracts.Time, limit int, at contracts.Time) (int, error) {
	if limit <= 0 {
		return 0, nil
	}
	reply, err := s.run(ctx, "take off a shelf", s.scripts.unshelve,
		[]string{s.keys.due(), s.keys.dispatch(), s.keys.shelves()},
		[]string{s.keys.prefix, shelf, shelfBefore(before), strconv.Itoa(min(limit, outboxChunk)), string(putDigits(nil, at))})
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(reply[0])
	if err != nil {
		return 0, fmt.Errorf("redis: take off a shelf: unreadable number: %w", err)
	}
	return n, nil
}

func ms(t contracts.Time) string { return strconv.FormatInt(t.Millis(), 10) }

// BrokerID implements store.Outbox.
func (s *Store) BrokerID(ctx context.Context) (string, error) {
	var id string
	err := s.do(ctx, "read the broker's id", func(ctx context.Context, client rueidis.Client) error {
		results, err := s.read(ctx, client, client.B().Get().Key(s.keys.broker()).Build())
		if err != nil {
			return err
		}
		id, err = results[0].ToString()
		if rueidis.IsRedisNil(err) {
			err = nil
		}
		return err
	})
	return id, err
}

// SwapBrokerID implements store.Outbox.
func (s *Store) SwapBrokerID(ctx context.Context, old, next string) (bool, error) {
	reply, err := s.run(ctx, "set the broker's id", s.scripts.swapBroker, []string{s.keys.broker()}, []string{old, next})
	return err == nil && reply[0] == "1", err
}
