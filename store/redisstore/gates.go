package redisstore

import (
	"context"

	"github.com/mission-control-dev/mission-control/store"
	"github.com/redis/rueidis"
)

// Gates implements store.Gates.
func (s *Store) Gates(ctx context.Context, keys ...string) ([]store.Gate, error) {
	gates := make([]store.Gate, len(keys))
	err := s.do(ctx, "count missions at gates", func(ctx context.Context, client rueidis.Client) error {
		var commands []rueidis.Completed
		for _, key := range keys {
			commands = append(commands, client.B().Zcount().Key(s.keys.gate(key)).Min("0").Max("0").Build(),
				client.B().Zcard().Key(s.keys.gate(key)).Build())
		}
		results, err := s.read(ctx, client, commands...)
		if err != nil {
			return err
		}
		for i := range gates {
			admitted, err := results[2*i].AsInt64()
			if err != nil {
				return err
			}
			all, err := results[2*i+1].AsInt64()
			if err != nil {
				return err
			}
			gates[i] = store.Gate{Admitted: int(admitted), Waiting: max(0, int(all-admitted))}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return gates, nil
}

// WaitsAtGate implements store.Gates.
func (s *Store) WaitsAtGate(ctx context.Context, key, missionID string) (bool, error) {
	raw, ok := parseID(missionID)
	if !ok {
		return false, nil
	}
	waits := false
	err := s.do(ctx, "look for a mission at its gate", func(ctx context.Context, client rueidis.Client) error {
		results, err := s.read(ctx, client, client.B().Zscore().Key(s.keys.gate(key)).Member(string(raw[:])).Build())
		if err != nil {
			return err
		}
		score, err := results[0].AsFloat64()
		if rueidis.IsRedisNil(err) {
			return nil
		}
		waits = score > 0
		return err
	})
	return waits, err
}

// OpenGate implements store.Gates.
func (s *Store) OpenGate(ctx context.Context, key string) error {
	_, err := s.run(ctx, "open a gate", s.scripts.openGate, []string{s.keys.due(), s.keys.dispatch()}, []string{s.keys.prefix, key})
	return err
}
