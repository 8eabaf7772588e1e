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

// Events of one script call are one entry of the stream, since an entry costs Redis as much as ten events. Events have
// numbers, which follow each other: n-ms is the id of the n-th event of an epoch, written at that ms. An entry has the id of its
// last event, so Redis finds the entry of each, counts events where it drops entries below a number, and a reader can go
// on from any of them. The ms tells an event from another one with its number, which a Redis that lost its last writes gives.

// eventBytes is how long an event is in an entry: mission, version, status.
const eventBytes = 16 + 8 + 1

// noEvent is the id before the first event.
const noEvent = "0-0"

// validEventID tells whether Redis takes it for an id: two numbers of 64 bits.
func validEventID(id string) bool {
	ms, seq, _ := strings.Cut(id, "-")
	_, err1 := strconv.ParseUint(ms, 10, 64)
	_, err2 := strconv.ParseUint(seq, 10, 64)
	return err1 == nil && err2 == nil
}

const (
	// maxWait bounds one wait for events, maxBlock for how long of it Redis is not asked for more.
	maxWait  = time.Minute
	maxBlock = 2 * time.Second
	// quietFor is how long events of this Store's own may follow each other before Redis is asked for those of others. At hundreds of
	// commits a second it is not asked at all.
	quietFor = 10 * time.Millisecond
	// lackedFor is how long the reply of another commit, which is on its way, may take to bring what lacks.
	lackedFor = time.Millisecond
)

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

// ReadEvents implements store.Events. With a wait, what this Store wrote itself is told from memory, and also while Redis is away, and Redis is asked where an
// event lacks that another one wrote, or where this one has written nothing for 10 ms; so who waits hears of others' events
// 10 ms late at most. Without a wait it is all that Redis has. It waits a minute at most. Eight readers can wait at the same time; more wait for their turn, and that is
// ErrUnavailable where it does not come in time. Share one reader among listeners.
func (s *Store) ReadEvents(ctx context.Context, after string, limit int, wait time.Duration) ([]store.Event, error) {
	if after == "" {
		after = noEvent
	}
	if !validEventID(after) {
		return nil, store.ErrEventsTrimmed
	}
	limit = max(limit, 1)
	if wait < time.Millisecond {
		return s.readEvents(ctx, after, limit)
	}
	until := time.Now().Add(min(wait, maxWait))
	for asked := false; ; asked = true {
		l := s.heard(ctx, after, limit, until)
		if len(l.events) > 0 {
			return l.events, nil
		}
		left := time.Until(until).Truncate(time.Millisecond)
		if left > 0 && (asked || l.known && !l.lacks) {
			if err := s.awaitEvent(ctx, after, min(left, maxBlock)); err != nil {
				return nil, err
			}
		}
		// The script notices what a wait does not: a wiped Redis, whose events are numbered anew. So no wait is long.
		if events, err := s.readEvents(ctx, after, limit); err != nil || len(events) > 0 || left <= 0 {
			return events, err
		}
	}
}

// heard looks what this Store knows to follow, and waits for it where it may come, until then at most.
func (s *Store) heard(ctx context.Context, after string, limit int, until time.Time) looked {
	patience := min(quietFor, time.Until(until))
	for began, lacking := time.Now(), false; ; {
		l := s.told.after(after, limit)
		if len(l.events) > 0 || !l.known {
			return l
		}
		if l.lacks && !lacking {
			lacking, patience = true, min(patience, time.Since(began)+lackedFor)
		}
		left := patience - time.Since(began)
		if left <= 0 {
			return l
		}
		t := time.NewTimer(left)
		select {
		case <-l.news:
			t.Stop()
		case <-t.C:
			return l
		case <-ctx.Done():
			t.Stop()
			return l
		}
	}
}

// awaitEvent waits until Redis has an event after one, and for wait at most.
func (s *Store) awaitEvent(ctx context.Context, after string, wait time.Duration) error {
	return s.wait(ctx, "wait for events", wait, func(ctx context.Context, client rueidis.Client) error {
		err := client.Do(ctx, client.B().Xread().Count(1).Block(wait.Milliseconds()).Streams().
			Key(s.keys.events()).Id(after).Build()).Error()
		if rueidis.IsRedisNil(err) {
			return nil
		}
		return err
	})
}

func (s *Store) readEvents(ctx context.Context, after string, limit int) ([]store.Event, error) {
	reply, err := s.run(ctx, "read events", s.scripts.events, []string{s.keys.events()},
		[]string{after, strconv.Itoa(min(limit, outboxChunk))})
	if err != nil {
		return nil, err
	}
	if reply[0] == "trimmed" {
		s.told.gone(after)
		return nil, store.ErrEventsTrimmed
	}
	var events []store.Event
	number, _, _ := strings.Cut(after, "-")
	known, _ := strconv.ParseUint(number, 10, 64)
	for f := reply[1:]; len(f) >= 2; f = f[2:] {
		if events, err = decodeEntry(events, f[0], f[1], known); err != nil {
			return nil, fmt.Errorf("event %s in redis is unreadable: %w", f[0], err)
		}
	}
	events = events[:min(limit, len(events))]
	if len(events) > 0 {
		s.told.hear(after, events)
	} else {
		s.told.heardEnd(after)
	}
	return events, nil
}

// decodeEntry appends the events of an entry, but for those up to the known one.
func decodeEntry(events []store.Event, id, text string, known uint64) ([]store.Event, error) {
	last, ms, _ := strings.Cut(id, "-")
	number, err := strconv.ParseUint(last, 10, 64)
	n := uint64(len(text) / eventBytes) //nolint:gosec // a length
	if err != nil || len(text)%eventBytes != 0 || n > number {
		return nil, errCutShort
	}
	for number -= n; text != ""; text = text[eventBytes:] {
		if number++; number <= known {
			continue
		}
		e, err := decodeEvent(strconv.FormatUint(number, 10)+"-"+ms, text[:eventBytes])
		if err != nil {
			return nil, err
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
