package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"net/http"
	"net/url"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
)

// EventType says what an Event is.
type EventType string

// The event types. The first six are the commander's; types that this release doesn't know come as they are.
const (
	// EventMission: a mission was created or changed. Data is the mission without payload and result.
	EventMission EventType = "mission"
	// EventStats, EventSoldiers and EventHealth are pictures of the whole, as Stats, Fleet and Health.
	EventStats    EventType = "stats"
	EventSoldiers EventType = "soldiers"
	EventHealth   EventType = "health"
	// EventReset: changes were missed that can't be had any more. Read again what you follow; what comes after is whole.
	EventReset EventType = "reset"

	// EventTelemetry, in a stream of one mission alone: its handler reported something. Data is a Telemetry. The first one of a
	// connection has all lines that are kept.
	EventTelemetry EventType = "telemetry"

	// EventConnected and EventDisconnected are the client's own: the stream stands (changes made from now on will be
	// seen), or it broke, for the reason in Err, and is being connected again.
	EventConnected    EventType = "connected"
	EventDisconnected EventType = "disconnected"
)

// Event is one event of the stream.
type Event struct {
	Type EventType
	// ID is where a later stream may resume from. It stays what it was through events that have none of their own.
	ID string
	// Data is JSON; empty in the client's own events.
	Data json.RawMessage
	// Err of EventDisconnected.
	Err error
}

// Mission reads the mission of an EventMission.
func (e Event) Mission() (contracts.Mission, error) { return read[contracts.Mission](e) }

// Stats reads an EventStats.
func (e Event) Stats() (Stats, error) { return read[Stats](e) }

// Soldiers reads an EventSoldiers.
func (e Event) Soldiers() (Fleet, error) { return read[Fleet](e) }

// Health reads an EventHealth.
func (e Event) Health() (Health, error) { return read[Health](e) }

func read[T any](e Event) (T, error) {
	var v T
	if err := json.Unmarshal(e.Data, &v); err != nil {
		return v, fmt.Errorf("reading a %s event: %w", e.Type, err)
	}
	return v, nil
}

// EventsOptions say which events.
type EventsOptions struct {
	// MissionID narrows the stream to one mission.
	MissionID string
	// LastEventID resumes behind an event that was seen. Default: what happens from now on.
	LastEventID string
}

// silenceLimit is how long a stream may say nothing before it is taken for dead. The commander sends a heartbeat at
// least every 15 s.
const silenceLimit = 40 * time.Second

// Events ranges over the stream of events until ctx ends or the commander refuses for good (a wrong API key); that error
// is the last thing that it yields. In between it reconnects, without limit, with the delays of Retry, and resumes
// behind the last event, so that nothing is missed or an EventReset says so. An event may come twice: of two pictures of
// a mission the one with the higher Version is newer.
func (c *Client) Events(ctx context.Context, o EventsOptions) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		s := stream{c: c, missionID: o.MissionID, lastID: o.LastEventID, yield: yield}
		s.run(ctx)
	}
}

// stream is one call of Events.
type stream struct {
	c         *Client
	missionID string
	lastID    string
	retry     time.Duration // asked for by the commander
	connected bool          // it stood at least once
	stopped   bool          // yield said so
	yield     func(Event, error) bool
}

func (s *stream) run(ctx context.Context) {
	for failures := 1; ; failures++ {
		stood, err := s.once(ctx)
		if s.stopped {
			return
		}
		if ctx.Err() != nil {
			s.yield(Event{}, fmt.Errorf("following events: %w", context.Cause(ctx)))
			return
		}
		if !Temporary(err) {
			s.yield(Event{}, fmt.Errorf("following events: %w", err))
			return
		}
		if stood {
			failures = 1
		}
		if !s.emit(Event{Type: EventDisconnected, ID: s.lastID, Err: err}) {
			return
		}
		if !sleep(ctx, max(s.retry, s.c.retry.delay(failures, err))) {
			s.yield(Event{}, fmt.Errorf("following events: %w", context.Cause(ctx)))
			return
		}
	}
}

func (s *stream) emit(e Event) bool {
	s.stopped = s.stopped || !s.yield(e, nil)
	return !s.stopped
}

// once makes one connection and reads it to its end. It tells whether the stream stood, and always returns an error but
// when the caller stopped ranging.
func (s *stream) once(ctx context.Context) (stood bool, err error) {
	connCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	watchdog := time.AfterFunc(min(silenceLimit, s.c.timeout), cancel)
	defer watchdog.Stop()

	req, err := s.request(connCtx)
	if err != nil {
		return false, err
	}
	res, err := s.c.http.Do(req)
	if err != nil {
		return false, s.c.unreachable(ctx, silent(connCtx, err))
	}
	defer res.Body.Close()
	media, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if res.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(res.Body, 1<<20)) // a cut problem is still a refusal
		return false, s.c.refusal(res, media, body)
	}
	if media != "text/event-stream" {
		return false, &UnexpectedError{URL: s.c.shown, Status: res.StatusCode, ContentType: media}
	}
	watchdog.Reset(silenceLimit)

	resumed := s.lastID != ""
	if !s.emit(Event{Type: EventConnected, ID: s.lastID}) {
		return true, nil
	}
	if s.connected && !resumed && !s.emit(Event{Type: EventReset}) {
		return true, nil
	}
	s.connected = true

	in := newFrames(watched{res.Body, watchdog}, s.lastID)
	for {
		f, err := in.next()
		s.lastID, s.retry = in.lastID, min(in.retry, s.c.retry.MaxDelay)
		if errors.Is(err, errEventTooLarge) {
			return true, &UnexpectedError{URL: s.c.shown, Status: res.StatusCode, ContentType: media, Err: err}
		}
		if err != nil {
			return true, s.c.unreachable(ctx, fmt.Errorf("the stream of events broke off: %w", silent(connCtx, err)))
		}
		if !s.emit(Event{Type: EventType(f.event), ID: s.lastID, Data: f.data}) {
			return true, nil
		}
	}
}

func (s *stream) request(ctx context.Context) (*http.Request, error) {
	if !headerValue(s.lastID) {
		return nil, fmt.Errorf("%q is no id of an event", s.lastID)
	}
	k := call{method: http.MethodGet, path: "/events"}
	if s.missionID != "" {
		k.query = url.Values{"mission_id": {s.missionID}}
	}
	req, err := s.c.request(ctx, k)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "text/event-stream, application/problem+json")
	req.Header.Set("Cache-Control", "no-cache")
	if s.lastID != "" {
		req.Header.Set("Last-Event-ID", s.lastID)
	}
	return req, nil
}

// errSilent stands for the watchdog, whose act looks like a cancel of the caller's.
var errSilent = errors.New("the commander fell silent")

func silent(conn context.Context, err error) error {
	if conn.Err() != nil {
		return errSilent
	}
	return err
}

// watched puts the watchdog off with every byte, heartbeats included.
type watched struct {
	io.Reader
	watchdog *time.Timer
}

func (w watched) Read(b []byte) (int, error) {
	n, err := w.Reader.Read(b)
	if n > 0 {
		w.watchdog.Reset(silenceLimit)
	}
	return n, err
}
