package redisstore

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/mission-control-dev/mission-control/store"
	"github.com/redis/rueidis"
)

// noEvent is the id before the first event.
const noEvent = "0-0"

// validEventID tells whether Redis takes it for an id: two numbers of 64 bits.
func validEventID(id string) bool {
	ms, seq, _ := strings.Cut(id, "-")
	_, err1 := strconv.ParseUint(ms, 10, 64)
	_, err2 := strconv.ParseUint(seq, 10, 64)
	return err1 == nil && err2 == nil
}

// maxWait bounds one wait for events.
const maxWait = time.Minute

// LastEvent implements store.Events.
func (s *Store) LastEvent(ctx context.Context) (string, error) {
	id := noEvent
	err := s.do(ctx, "read last event", func(ctx context.Context, client rueidis.Client) error {
		results, err := s.read(ctx, client, client.B().Xrevrange().Key(s.keys.events()).End("+").Start("-").Count(1).Build())
		if err != nil {
			return err
		}
		last, err := results[0].AsXRange()
		if len(last) > 0 {
			id = last[0].ID
		}
		return err
	})
	return id, err
}

// ReadEvents implements store.Events. It waits a minute at most. Eight readers can wait at the same time; more wait for
// their turn, and that is ErrUnavailable where it does not come in time. Share one reader among listeners.
func (s *Store) ReadEvents(ctx context.Context, after string, limit int, wait time.Duration) ([]store.Event, error) {
	if after == "" {
		after = noEvent
	}
	if !validEventID(after) {
		return nil, store.ErrEventsTrimmed
	}
	until := time.Now().Add(min(wait, maxWait))
	for {
		events, err := s.readEvents(ctx, after, limit)
		if err != nil || len(events) > 0 {
			return events, err
		}
		left := time.Until(until).Truncate(time.Millisecond)
		if left <= 0 {
			return nil, nil
		}
		// What the wait brings is read again by the script, which notices what a wait does not: a wiped Redis.
		err = s.wait(ctx, "wait for events", left, func(ctx context.Context, client rueidis.Client) error {
			err := client.Do(ctx, client.B().Xread().Count(1).Block(left.Milliseconds()).Streams().
				Key(s.keys.events()).Id(after).Build()).Error()
			if rueidis.IsRedisNil(err) {
				return nil
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
}

func (s *Store) readEvents(ctx context.Context, after string, limit int) ([]store.Event, error) {
	reply, err := s.run(ctx, "read events", s.scripts.events, []string{s.keys.events()},
		[]string{after, strconv.Itoa(min(max(limit, 1), outboxChunk))})
	if err != nil {
		return nil, err
	}
	if reply[0] == "trimmed" {
		return nil, store.ErrEventsTrimmed
	}
	var events []store.Event
	for f := reply[1:]; len(f) >= 2; f = f[2:] {
		e, err := decodeEvent(f[0], f[1])
		if err != nil {
			return nil, fmt.Errorf("event %s in redis is unreadable: %w", f[0], err)
		}
		events = append(events, e)
	}
	return events, nil
}

func decodeEvent(id, text string) (e store.Event, err error) {
	r := reader{b: text}
	var mission rawID
	copy(mission[:], r.take(uint64(len(mission))))
	e.ID, e.MissionID = id, mission.String()
	e.Version = int64(r.fixed(8))                                 //nolint:gosec // written from an int64
	if e.Status, err = statusOf(byte(r.fixed(1))); r.err != nil { //nolint:gosec // one byte
		err = r.err
	}
	return e, err
}
