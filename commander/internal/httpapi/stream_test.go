package httpapi

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/commander/internal/events"
	"github.com/mission-control-dev/mission-control/commander/internal/health"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

// sseEvent is one frame as a client sees it. A frame without data has no type.
type sseEvent struct {
	kind, id, data string
	comment        bool
}

// sseClient is one stream on a real socket.
type sseClient struct {
	t      testing.TB
	events chan sseEvent
	cancel context.CancelFunc
	status int
	lastID string
	ended  chan struct{}
}

// openStream connects. Frames are read in the background, up to room of them ahead of the test.
func (s *testServer) openStream(path string, headers ...with) *sseClient {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, h := range headers {
		req.Header.Set(h.name, h.value)
	}
	transport := newContractTransport(s.t, &http.Transport{DisableKeepAlives: true})
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	const room = 100_000
	c := &sseClient{t: s.t, events: make(chan sseEvent, room), cancel: cancel, status: resp.StatusCode, ended: make(chan struct{})}
	go func() {
		defer close(c.ended)
		defer close(c.events)
		defer func() { _ = resp.Body.Close() }()
		readEvents(resp.Body, c.events)
	}()
	s.t.Cleanup(c.close)
	return c
}

// readEvents parses a stream until it ends.
func readEvents(from io.Reader, to chan<- sseEvent) {
	lines := bufio.NewReader(from)
	var e sseEvent
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		switch name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": "); {
		case line == "\n":
			if e != (sseEvent{}) {
				to <- e
			}
			e = sseEvent{}
		case name == "event":
			e.kind = value
		case name == "id":
			e.id = value
		case name == "data":
			e.data = value
		case name == "":
			e.comment = true
		}
	}
}

func (c *sseClient) close() {
	c.cancel()
	<-c.ended
}

// soon is generous: the machine may be busy.
const soon = 30 * time.Second

// next returns the next frame that fits.
func (c *sseClient) next(what string, fits func(sseEvent) bool) sseEvent {
	c.t.Helper()
	limit := time.After(soon)
	for {
		select {
		case e, ok := <-c.events:
			if !ok {
				c.t.Fatalf("the stream ended before %s", what)
			}
			if e.id != "" {
				c.lastID = e.id
			}
			if fits(e) {
				return e
			}
		case <-limit:
			c.t.Fatalf("no %s", what)
		}
	}
}

func (c *sseClient) nextOf(kind string) sseEvent {
	c.t.Helper()
	return c.next(kind, func(e sseEvent) bool { return e.kind == kind })
}

func (e sseEvent) mission(t testing.TB) contracts.Mission {
	t.Helper()
	var m contracts.Mission
	if err := decodeJSON([]byte(e.data), &m); err != nil {
		t.Fatalf("no mission: %v in %q", err, e.data)
	}
	return m
}

// until returns the first mission event of a mission at a version, or a later one.
func (c *sseClient) until(id string, version int64) sseEvent {
	c.t.Helper()
	return c.next(fmt.Sprintf("mission %s at version %d", id, version), func(e sseEvent) bool {
		if e.kind != "mission" {
			return false
		}
		m := e.mission(c.t)
		return m.MissionID == id && m.Version >= version
	})
}

func (s *testServer) touch(id string) {
	s.t.Helper()
	s.change(id, func(r *store.Record) { r.Mission.Progress++ })
}

func TestStreamShowsTheWholeAndEachChange(t *testing.T) {
	s := newTestServer(t, Config{})
	c := s.openStream("/events")
	doc := loadContract(t)
	begin := c.next("a place to resume from", func(e sseEvent) bool { return e.id != "" && e.kind == "" })
	for kind, schema := range map[string]string{"stats": "Stats", "soldiers": "Soldiers", "health": "Health"} {
		d := s.openStream("/events")
		e := d.nextOf(kind)
		if e.id != "" {
			t.Errorf("%s has an id", kind)
		}
		checkSchema(t, doc, schema, []byte(e.data))
		d.close()
	}
	m := s.create("seen")
	e := c.nextOf("mission")
	checkSchema(t, doc, "Mission", []byte(e.data))
	if got := e.mission(t); got.MissionID != m.MissionID || got.Payload != nil || e.id == "" || e.id == begin.id {
		t.Errorf("event %+v", e)
	}
	c.next("the new count", func(e sseEvent) bool { return e.kind == "stats" && strings.Contains(e.data, `"QUEUED":1`) })
	s.health.set(health.Degraded, health.CheckUp, health.CheckDown)
	c.next("the change of health", func(e sseEvent) bool { return e.kind == "health" && strings.Contains(e.data, `"degraded"`) })
}

// TestTopicsAreSentOnlyWhenChanged: latencies and check times differ at each look, and are no change.
func TestTopicsAreSentOnlyWhenChanged(t *testing.T) {
	s := newTestServer(t, Config{Streams: events.Config{TopicEvery: 5 * time.Millisecond, Heartbeat: 20 * time.Millisecond}})
	c := s.openStream("/events")
	for _, kind := range []string{"stats", "soldiers", "health"} {
		d := s.openStream("/events")
		d.nextOf(kind)
		d.close()
	}
	seen := map[string]int{}
	for beats := 0; beats < 5; {
		e := c.next("anything", func(sseEvent) bool { return true })
		seen[e.kind]++
		if e.comment {
			beats++
			s.health.set(health.OK, health.CheckUp, health.CheckUp) // the same, checked anew
		}
	}
	if seen["stats"] != 1 || seen["soldiers"] != 1 || seen["health"] != 1 {
		t.Errorf("sent %v", seen)
	}
}

func TestStreamResumes(t *testing.T) {
	s := newTestServer(t, Config{})
	a, b := s.create("a"), s.create("b")
	c := s.openStream("/events")
	s.touch(a.MissionID)
	c.until(a.MissionID, 2)
	c.close()
	s.touch(b.MissionID)
	s.touch(a.MissionID)
	s.touch(a.MissionID)
	for name, d := range map[string]*sseClient{
		"header": s.openStream("/events", with{"Last-Event-ID", c.lastID}),
		"query":  s.openStream("/events?last_event_id=" + c.lastID),
		"both":   s.openStream("/events?last_event_id=nonsense", with{"Last-Event-ID", c.lastID}),
	} {
		if e := d.nextOf("mission"); e.mission(t).MissionID != b.MissionID {
			t.Errorf("%s: first comes %+v, not b", name, e)
		}
		d.until(a.MissionID, 4)
		d.close()
	}
	// Where nothing was missed, nothing comes before what is new.
	d := s.openStream("/events", with{"Last-Event-ID", "6"})
	s.touch(b.MissionID)
	if e := d.nextOf("mission"); e.mission(t).MissionID != b.MissionID || e.mission(t).Version != 3 {
		t.Errorf("after the end of the log: %+v", e)
	}
}

// TestNothingIsLostOverReconnects: a client that breaks off again and again, while missions change, sees the last version
// of each in the end.
func TestNothingIsLostOverReconnects(t *testing.T) {
	s := newTestServer(t, Config{})
	const missions, changes = 8, 60
	var ids []string
	for i := range missions {
		ids = append(ids, s.create(fmt.Sprint("m", i)).MissionID)
	}
	newest := map[string]int64{}
	c := s.openStream("/events?last_event_id=0")
	written := make(chan struct{})
	go func() {
		defer close(written)
		for range changes {
			for _, id := range ids {
				s.touch(id)
			}
		}
	}()
	note := func(e sseEvent) bool {
		if e.kind == "reset" {
			t.Errorf("reset: %s", e.data)
		}
		if e.kind != "mission" {
			return false
		}
		m := e.mission(t)
		newest[m.MissionID] = max(newest[m.MissionID], m.Version)
		return true
	}
	complete := func() bool {
		for _, id := range ids {
			if newest[id] != changes+1 {
				return false
			}
		}
		return true
	}
	for i := 0; !complete(); i++ {
		for range 1 + i%7 {
			if !complete() {
				c.next("mission", note)
			}
		}
		if i < 200 {
			c.close()
			last := c.lastID
			c = s.openStream("/events", with{"Last-Event-ID", last})
			c.lastID = last
		}
	}
	<-written
}

func TestUnknownIDResets(t *testing.T) {
	s := newTestServer(t, Config{})
	m := s.create("m")
	for _, id := range []string{"nonsense", "999999"} {
		c := s.openStream("/events", with{"Last-Event-ID", id})
		e := c.nextOf("reset")
		if !strings.Contains(e.data, "trimmed") || e.id == "" {
			t.Errorf("reset %+v", e)
		}
		checkSchema(t, loadContract(t), "Reset", []byte(e.data))
		s.touch(m.MissionID)
		c.nextOf("mission")
		c.close()
	}
}

func TestTrimmedLogResets(t *testing.T) {
	g := newGate()
	g.Store = memstore.New(memstore.Config{EventsKept: 5})
	s := newTestServerOver(t, Config{}, g)
	m := s.create("m")
	for range 10 {
		s.touch(m.MissionID)
	}
	c := s.openStream("/events?last_event_id=2")
	c.nextOf("reset")
	c = s.openStream("/events?last_event_id=8")
	if e := c.nextOf("mission"); e.id != "11" {
		t.Errorf("resumed at %+v", e)
	}
}

func TestStreamOfOneMission(t *testing.T) {
	s := newTestServer(t, Config{Streams: events.Config{Heartbeat: 30 * time.Millisecond}})
	mine, other := s.create("mine"), s.create("other")
	c := s.openStream("/events?mission_id=" + mine.MissionID)
	s.touch(other.MissionID)
	// The id moves on with what passed by, so that resuming never goes far back.
	c.next("a heartbeat that moves on", func(e sseEvent) bool {
		if e.kind == "mission" {
			t.Errorf("an event of another mission: %s", e.data)
		}
		return e.comment && e.id == "3"
	})
	s.touch(mine.MissionID)
	if e := c.nextOf("mission"); e.mission(t).MissionID != mine.MissionID {
		t.Errorf("event of %+v", e)
	}
	c.close()
	s.touch(other.MissionID)
	s.touch(mine.MissionID)
	c = s.openStream("/events?mission_id="+mine.MissionID, with{"Last-Event-ID", "1"})
	for version := int64(3); version <= 3; version++ {
		if e := c.nextOf("mission"); e.mission(t).MissionID != mine.MissionID {
			t.Errorf("resumed with %+v", e)
		}
	}
}

func TestTopicsThatAClientChooses(t *testing.T) {
	s := newTestServer(t, Config{Streams: events.Config{TopicEvery: 5 * time.Millisecond, Heartbeat: 20 * time.Millisecond}})
	doc := loadContract(t)
	s.create("m")
	s.do("PUT", "/schedules/nightly", `{"cron":"0 3 * * *","mission":{"name":"n","kind":"noop","payload":{}}}`)
	schemas := map[string]string{"squads": "Squads", "schedules": "Schedules", "bulk": "BulkJobs"}
	c := s.openStream("/events?topics=squads,schedules,bulk")
	got := map[string]int{}
	for beats := 0; beats < 5; {
		e := c.next("anything", func(sseEvent) bool { return true })
		switch schema, chosen := schemas[e.kind]; {
		case chosen:
			got[e.kind]++
			checkSchema(t, doc, schema, []byte(e.data))
			if a := s.do("GET", "/"+e.kind, ""); strings.TrimSpace(string(a.body)) != e.data {
				t.Errorf("GET /%s has\n%s, the topic\n%s", e.kind, a.body, e.data)
			}
		case e.comment:
			beats++
		case e.kind != "":
			t.Errorf("unasked for: %s", e.kind)
		}
	}
	if got["squads"] != 1 || got["schedules"] != 1 || got["bulk"] != 1 {
		t.Errorf("sent %v, though nothing changed", got)
	}
	s.do("POST", "/squads/default/pause", "")
	c.next("the pause", func(e sseEvent) bool { return e.kind == "squads" && strings.Contains(e.data, `"paused":true`) })
}

func TestABoundedStreamOverHTTP(t *testing.T) {
	s := newTestServer(t, Config{})
	watched, others := s.create("watched").MissionID, []string{s.create("a").MissionID, s.create("b").MissionID, s.create("c").MissionID}
	c := s.openStream("/events?per_second=1&topics=health&watch=" + watched + "&watch=" + others[0])
	c.nextOf("health")
	more, newest := false, map[string]int64{}
	note := func(e sseEvent) bool {
		switch e.kind {
		case "more":
			more = true
			checkSchema(t, loadContract(t), "More", []byte(e.data))
		case "mission":
			m := e.mission(t)
			newest[m.MissionID] = max(newest[m.MissionID], m.Version)
		}
		return true
	}
	changes := int64(1)
	for ; !more; changes++ { // one of the two waits, and leaves no room for the other
		s.touch(others[1])
		s.touch(others[2])
		s.touch(watched)
		for newest[watched] < changes+1 {
			c.next("anything", note)
		}
	}
	s.touch(others[0])
	for newest[others[0]] < 2 || max(newest[others[1]], newest[others[2]]) < changes {
		c.next("anything", note)
	}
}

func TestStreamsThatCantBeHad(t *testing.T) {
	s := newTestServer(t, Config{})
	id := "0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b"
	for query, field := range map[string]string{
		"topics=": "topics", "topics=stats,weather": "topics", "topics=stats&topics=health": "topics", "per_second=0": "per_second", "per_second=1001": "per_second",
		"per_second=many": "per_second", "watch=x": "watch", "watch=": "watch", "watch=" + id + "&mission_id=" + id: "watch", "mission_id=x": "mission_id",
		strings.Repeat("watch="+id+"&", 17) + "topics=stats": "watch",
	} {
		a := s.do("GET", "/events?"+query, "")
		if a.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", query, a.status, a.body)
			continue
		}
		if p := a.problem(t); len(p.Errors) != 1 || p.Errors[0].Field != field {
			t.Errorf("%s: %s", query, a.body)
		}
	}
	a := s.do("GET", "/events?topics=weather", "")
	if !strings.Contains(a.problem(t).Errors[0].Message, "stats, soldiers, health, ") {
		t.Errorf("it does not say which there are: %s", a.body)
	}
}

func TestHeartbeat(t *testing.T) {
	s := newTestServer(t, Config{Streams: events.Config{Heartbeat: 20 * time.Millisecond}})
	c := s.openStream("/events")
	for range 3 {
		c.next("a heartbeat", func(e sseEvent) bool { return e.comment })
	}
}

func TestStreamOutlivesTheStoresAbsence(t *testing.T) {
	s := newTestServer(t, Config{Streams: events.Config{Heartbeat: 30 * time.Millisecond}})
	m := s.create("m")
	c := s.openStream("/events")
	c.nextOf("health")
	last := c.lastID
	s.store.away.Store(true)
	s.health.set(health.Degraded, health.CheckDown, health.CheckUp)
	c.next("degraded", func(e sseEvent) bool { return e.kind == "health" && strings.Contains(e.data, "degraded") })
	c.next("a heartbeat", func(e sseEvent) bool { return e.comment })
	resumed := s.openStream("/events", with{"Last-Event-ID", last})
	resumed.next("a heartbeat", func(e sseEvent) bool { return e.comment })
	s.touch(m.MissionID) // by another commander, which reaches the store again before this one
	s.store.away.Store(false)
	c.until(m.MissionID, 2)
	resumed.until(m.MissionID, 2)
}

// TestStreamBeforeTheStore: a commander that starts before the store takes clients, and says once it can that they may
// have missed something.
func TestStreamBeforeTheStore(t *testing.T) {
	s := newTestServer(t, Config{})
	s.store.away.Store(true)
	late, err := New(Config{Addr: "127.0.0.1:0", EnrollmentKey: enrollmentKey, Queues: func() []string { return nil }, Streams: events.Config{Heartbeat: 20 * time.Millisecond}}, s.server.deps)
	if err != nil {
		t.Fatal(err)
	}
	if err := late.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := late.Stop(context.Background()); err != nil {
			t.Errorf("stop: %v", err)
		}
	}()
	s.url = "http://" + late.Addr().String()
	c := s.openStream("/events")
	resumed := s.openStream("/events?last_event_id=0")
	c.next("a heartbeat", func(e sseEvent) bool { return e.comment })
	resumed.next("a heartbeat", func(e sseEvent) bool { return e.comment })
	s.store.away.Store(false)
	if e := c.nextOf("reset"); !strings.Contains(e.data, "late") {
		t.Errorf("reset %+v", e)
	}
	m := s.create("m")
	c.until(m.MissionID, 1)
	e := resumed.next("mission", func(e sseEvent) bool { return e.kind == "mission" || e.kind == "reset" })
	if e.kind == "reset" {
		t.Errorf("a client that could resume was reset: %s", e.data)
	}
	c.close()
	resumed.close()
}

func TestStopEndsStreams(t *testing.T) {
	s := newTestServer(t, Config{})
	var clients []*sseClient
	for range 20 {
		c := s.openStream("/events")
		c.nextOf("health")
		clients = append(clients, c)
	}
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	if err := s.server.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
	for _, c := range clients {
		select {
		case <-c.ended:
		case <-time.After(soon):
			t.Error("a stream did not end")
		}
	}
}

// dialStream asks for a stream and reads nothing. Its buffers are small, so that the commander notices.
func (s *testServer) dialStream() net.Conn {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.server.Addr().String())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	if err := conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		s.t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		s.t.Fatal(err)
	}
	for done, limit := s.counted("commander_sse_clients 1"), time.Now().Add(soon); !done(); {
		if time.Now().After(limit) {
			s.t.Fatal("the stream was not opened")
		}
	}
	return conn
}

// counted tells whether a metric has come to a value.
func (s *testServer) counted(line string) func() bool {
	return func() bool {
		text, err := s.metrics.Text()
		if err != nil {
			s.t.Fatal(err)
		}
		return strings.Contains(string(text), line+"\n")
	}
}

// flood changes a mission until done says so; its events are large.
func (s *testServer) flood(id string, done func() bool) {
	message := strings.Repeat("x", contracts.MaxErrorSize)
	for !done() {
		s.change(id, func(r *store.Record) {
			r.Mission.Error = &contracts.MissionError{Code: "failed", Message: message}
			r.Mission.Progress = (r.Mission.Progress + 1) % 100
		})
	}
}

func TestSlowClientIsReset(t *testing.T) {
	s := newTestServer(t, Config{Streams: events.Config{QueueLength: 4, WriteTimeout: time.Minute}})
	m := s.create("m")
	conn := s.dialStream()
	s.flood(m.MissionID, s.counted(`commander_sse_resets_total{reason="slow"} 1`))
	if err := conn.(*net.TCPConn).SetReadBuffer(4 << 20); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan sseEvent, 100_000)
	ended := make(chan struct{})
	go func() { defer close(ended); readEvents(resp.Body, got) }()
	c := &sseClient{t: t, events: got}
	if e := c.nextOf("reset"); !strings.Contains(e.data, "slow") {
		t.Errorf("reset %+v", e)
	}
	s.touch(m.MissionID)
	c.nextOf("mission")
	_ = conn.Close()
	<-ended
	_ = resp.Body.Close()
}

func TestClientThatReadsNothingIsCutOff(t *testing.T) {
	s := newTestServer(t, Config{Streams: events.Config{WriteTimeout: 100 * time.Millisecond}})
	m := s.create("m")
	s.dialStream()
	s.flood(m.MissionID, s.counted("commander_sse_clients 0"))
}

func TestStopDoesNotWaitForWhoReadsNothing(t *testing.T) {
	s := newTestServer(t, Config{Streams: events.Config{QueueLength: 4, WriteTimeout: time.Minute}})
	m := s.create("m")
	s.dialStream()
	s.flood(m.MissionID, s.counted(`commander_sse_resets_total{reason="slow"} 1`))
	ctx, cancel := context.WithTimeout(context.Background(), soon) // less than WriteTimeout
	defer cancel()
	if err := s.server.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
}
