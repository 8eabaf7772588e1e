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
	"strconv"
	"strings"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
)

// EventType says what an Event is.
type EventType string

// The event types. All but the last two are the commander's; types that this release doesn't know come as they are.
const (
	// EventMission: a mission was created or changed. Data is the mission without payload and result.
	EventMission EventType = "mission"
	// EventStats, EventSoldiers and EventHealth are pictures of the whole, as Stats, Fleet and Health.
	EventStats    EventType = "stats"
	EventSoldiers EventType = "soldiers"
	EventHealth   EventType = "health"
	// EventSquads, EventSchedules and EventBulk are likewise Squads, Schedules and BulkJobs, where EventsOptions.Topics names them.
	EventSquads    EventType = "squads"
	EventSchedules EventType = "schedules"
	EventBulk      EventType = "bulk"
	// EventAttention is a contracts.Attention, where EventsOptions.Topics names it.
	EventAttention EventType = "attention"
	// EventReset: changes were missed that can't be had any more. Read again what you follow; what comes after is whole.
	EventReset EventType = "reset"

	// EventTelemetry, of EventsOptions.MissionID and Watch alone: the mission's handler reported something. Data is a Telemetry. The first one of a
	// connection has all lines that are kept.
	EventTelemetry EventType = "telemetry"

	// EventMore, only with EventsOptions.PerSecond: missions changed that the stream does not tell of. See Event.More.
	EventMore EventType = "more"

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

// Squads reads an EventSquads.
func (e Event) Squads() (Squads, error) { return read[Squads](e) }

// Schedules reads an EventSchedules.
func (e Event) Schedules() (Schedules, error) { return read[Schedules](e) }

// Bulk reads an EventBulk.
func (e Event) Bulk() (BulkJobs, error) { return read[BulkJobs](e) }

// Attention reads an EventAttention.
func (e Event) Attention() (contracts.Attention, error) { return read[contracts.Attention](e) }

// More reads an EventMore: of how many missions no change is told, since the last one.
func (e Event) More() (int, error) {
	m, err := read[struct{ Missions int }](e)
	return m.Missions, err
}

func read[T any](e Event) (T, error) {
	var v T
	if err := json.Unmarshal(e.Data, &v); err != nil {
		return v, fmt.Errorf("reading a %s event: %w", e.Type, err)
	}
	return v, nil
}

// EventsOptions say which events.
type EventsOptions struct {
	// MissionID narrows the stream to one mission. Not together with Watch.
	MissionID string
	// Watch are up to 16 missions whose telemetry is told, too, and whose changes are told at once, whatever PerSecond says.
	Watch []string
	// Topics are the pictures of the whole that are told; none means EventStats, EventSoldiers and EventHealth. The commander refuses
	// one that it does not have.
	Topics []EventType
	// PerSecond bounds how many changes of missions are told in a second, up to 1000: for who shows missions to people. The stream has the
	// newest picture of each mission that it tells of, and says by EventMore that there are others; after a long break it tells the newest of what was missed.
	// Default: all are told. Leave it so where each change matters.
	PerSecond int
	// LastEventID resumes behind an event that was seen. Default: what happens from now on.
	LastEventID string
}

// query is nil where nothing is chosen.
func (o EventsOptions) query() url.Values {
	if o.MissionID == "" && len(o.Watch) == 0 && len(o.Topics) == 0 && o.PerSecond == 0 {
		return nil
	}
	q := url.Values{}
	if o.MissionID != "" {
		q.Set("mission_id", o.MissionID)
	}
	for _, id := range o.Watch {
		q.Add("watch", id)
	}
	if len(o.Topics) > 0 {
		names := make([]string, len(o.Topics))
		for i, t := range o.Topics {
			names[i] = string(t)
		}
		q.Set("topics", strings.Join(names, ","))
	}
	if o.PerSecond != 0 {
		q.Set("per_second", strconv.Itoa(o.PerSecond))
	}
	return q
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
		s := stream{c: c, query: o.query(), lastID: o.LastEventID, yield: yield}
		s.run(ctx)
	}
}

// stream is one call of Events.
type stream struct {
	c         *Client
	query     url.Values
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
	req, err := s.c.request(ctx, call{method: http.MethodGet, path: "/events", query: s.query})
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
