package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/mission-control-dev/mission-control/commander/internal/bulk"
	"github.com/mission-control-dev/mission-control/commander/internal/events"
	"github.com/mission-control-dev/mission-control/commander/internal/health"
	"github.com/mission-control-dev/mission-control/commander/internal/limits"
	"github.com/mission-control-dev/mission-control/commander/internal/metrics"
	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/commander/internal/session"
	"github.com/mission-control-dev/mission-control/commander/internal/setaside"
	"github.com/mission-control-dev/mission-control/commander/internal/squads"
	"github.com/mission-control-dev/mission-control/commander/internal/submit"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/broker/membroker"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// fasthttp keeps these for the process: a clock for its Date header, and the cleaner of each server's worker pool,
		// which looks whether it shall end only every ten seconds.
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
		// fiber's middleware clock, started with the first app.
		goleak.IgnoreAnyFunction("github.com/gofiber/fiber/v2/utils.StartTimeStampUpdater.func1.1"),
	)
}

const (
	enrollmentKey = "enrolment-key-of-the-tests"
	apiKey        = "api-key-of-the-tests"
)

var errUnknown = errors.New("what nobody expected, with secret insides")

// knownErrors are all that the routes' dependencies may return.
func knownErrors() []error {
	invalid := &contracts.ValidationError{Fields: []contracts.FieldError{{Field: "name", Code: "required", Message: "is missing"}}}
	return []error{
		invalid, store.ErrNotFound, store.ErrNotInMemory, store.ErrUnavailable, store.ErrCursor,
		&mission.StateError{MissionID: "m", Status: contracts.StatusCompleted, Action: "be cancelled"},
		bulk.ErrNotFound, bulk.ErrTooMany, &mission.AdoptableError{MissionID: "m"}, setaside.ErrNotFound, setaside.ErrNoTarget, setaside.ErrUnavailable, setaside.ErrBusy, submit.ErrFull, submit.ErrNeedsStore, submit.ErrTooLarge, submit.ErrBothAway, mission.ErrIdempotencyMismatch, mission.ErrContended, &mission.TakenError{Holder: "m"}, mission.ErrApart, context.DeadlineExceeded, context.Canceled, events.ErrStopped, errUnknown,
	}
}

// gate is a memstore that can be away, and that can answer from memory.
type gate struct {
	*memstore.Store
	away   atomic.Bool
	source atomic.Pointer[store.Source]
	err    atomic.Pointer[error]
	// uncounted: it does not know how many missions squads have.
	uncounted atomic.Bool
	// sharded says that missions lie in more than one shard.
	sharded bool
}

func newGate() *gate { return &gate{Store: memstore.New(memstore.Config{})} }

func (g *gate) fail() error {
	if err := g.err.Load(); err != nil {
		return *err
	}
	if g.away.Load() {
		return fmt.Errorf("gate: %w", store.ErrUnavailable)
	}
	return nil
}

func (g *gate) from() store.Source {
	if s := g.source.Load(); s != nil {
		return *s
	}
	return store.Source{}
}

func (g *gate) Load(ctx context.Context, ids ...string) ([]store.Record, error) {
	if err := g.fail(); err != nil {
		return nil, err
	}
	return g.Store.Load(ctx, ids...)
}

func (g *gate) Commit(ctx context.Context, changes ...store.Change) ([]store.Outcome, error) {
	if err := g.fail(); err != nil {
		return nil, err
	}
	return g.Store.Commit(ctx, changes...)
}

func (g *gate) CreateAll(ctx context.Context, key *store.Idempotency, changes ...store.Change) ([]store.Outcome, error) {
	if err := g.fail(); err != nil {
		return nil, err
	}
	return g.Store.CreateAll(ctx, key, changes...)
}

func (g *gate) Remove(ctx context.Context, missions ...store.Removal) ([]string, error) {
	if err := g.fail(); err != nil {
		return nil, err
	}
	return g.Store.Remove(ctx, missions...)
}

func (g *gate) Get(ctx context.Context, id string) (store.Record, store.Source, error) {
	if err := g.fail(); err != nil {
		return store.Record{}, store.Source{}, err
	}
	rec, _, err := g.Store.Get(ctx, id)
	if g.from().Degraded && errors.Is(err, store.ErrNotFound) {
		err = store.ErrNotInMemory
	}
	return rec, g.from(), err
}

func (g *gate) List(ctx context.Context, q store.Query) (store.Page, error) {
	if err := g.fail(); err != nil {
		return store.Page{}, err
	}
	p, err := g.Store.List(ctx, q)
	p.Source = g.from()
	p.Complete = !p.Source.Degraded
	return p, err
}

func (g *gate) History(ctx context.Context, id string) (store.History, error) {
	if err := g.fail(); err != nil {
		return store.History{}, err
	}
	h, err := g.Store.History(ctx, id)
	h.Source = g.from()
	return h, err
}

func (g *gate) Progress(ctx context.Context, ids ...string) ([]store.Progress, error) {
	if err := g.fail(); err != nil {
		return nil, err
	}
	return g.Store.Progress(ctx, ids...)
}

func (g *gate) Log(ctx context.Context, id string, after int64) (store.Log, error) {
	if err := g.fail(); err != nil {
		return store.Log{}, err
	}
	return g.Store.Log(ctx, id, after)
}

func (g *gate) Counts(ctx context.Context) (store.Counts, error) {
	if err := g.fail(); err != nil {
		return store.Counts{}, err
	}
	c, err := g.Store.Counts(ctx)
	c.Source = g.from()
	return c, err
}

func (g *gate) SquadCounts(ctx context.Context) (store.SquadCounts, error) {
	if err := g.fail(); err != nil {
		return store.SquadCounts{}, err
	}
	c, err := g.Store.SquadCounts(ctx)
	c.Known, c.Source = !g.uncounted.Load(), g.from()
	return c, err
}

func (g *gate) ListSessions(ctx context.Context) ([]store.Session, store.Source, error) {
	if err := g.fail(); err != nil {
		return nil, store.Source{}, err
	}
	list, _, err := g.Store.ListSessions(ctx)
	return list, g.from(), err
}

func (g *gate) ReadEvents(ctx context.Context, after string, limit int, wait time.Duration) ([]store.Event, error) {
	if err := g.fail(); err != nil {
		return nil, err
	}
	list, err := g.Store.ReadEvents(ctx, after, limit, min(wait, 20*time.Millisecond))
	if g.fail() != nil { // a read that waited for a store that went away
		return nil, g.fail()
	}
	return list, err
}

func (g *gate) LastEvent(ctx context.Context) (string, error) {
	if err := g.fail(); err != nil {
		return "", err
	}
	return g.Store.LastEvent(ctx)
}

type fakeTokens struct{ err atomic.Pointer[error] }

func (f *fakeTokens) Renew(_ context.Context, r contracts.Renewal) (contracts.RenewalReply, error) {
	if err := f.err.Load(); err != nil {
		return contracts.RenewalReply{}, *err
	}
	return contracts.RenewalReply{
		Session: uuid.NewString(), Token: "token-for-" + r.SoldierID, ExpiresIn: 30, Lease: true,
		Stop: []contracts.Stop{{Execution: "e1", Reason: contracts.StopCancelled}}, Recorded: []string{"e2"},
	}, nil
}

func (f *fakeTokens) JWKS() ([]byte, error) {
	return []byte(`{"keys":[{"kty":"OKP","crv":"Ed25519"}]}`), nil
}

type fakeDepths struct{}

func (fakeDepths) Depth(_ context.Context, queue string) (broker.Depth, error) {
	if queue == "missing" {
		return broker.Depth{}, broker.ErrUnroutable
	}
	return broker.Depth{Ready: len(queue), Consumers: 1}, nil
}

// fakeAttention is what a test says; store.ErrUnavailable where it says nothing.
type fakeAttention struct {
	is atomic.Pointer[contracts.Attention]
}

func (f *fakeAttention) Attention(context.Context) (contracts.Attention, error) {
	if is := f.is.Load(); is != nil {
		return *is, nil
	}
	return contracts.Attention{}, store.ErrUnavailable
}

// fakeHealth is what a test says.
type fakeHealth struct{ report atomic.Pointer[health.Report] }

func (f *fakeHealth) Report() health.Report { return *f.report.Load() }

func (f *fakeHealth) set(status health.Status, redis, rabbit health.CheckStatus) {
	check := func(s health.CheckStatus) health.Check {
		c := health.Check{Status: s, CheckedAt: contracts.At(time.Now())}
		switch s {
		case health.CheckDown:
			c.Error = "connection refused"
		case health.CheckWarn:
			c.Warning, c.LatencyMS = "appendfsync is everysec", 0.2
		default:
			c.LatencyMS = 0.3
		}
		return c
	}
	f.report.Store(&health.Report{
		Status: status, Ground: "local", Version: "v0.1.0", Checks: health.Checks{Redis: check(redis), RabbitMQ: check(rabbit)},
	})
}

type nobody struct{}

func (nobody) Dispatch(store.Record, int64)     {}
func (nobody) Send(string, ...contracts.Answer) {}
func (nobody) Claimed(contracts.AnswerType)     {}
func (nobody) Recorded(contracts.UpdateStatus)  {}
func (nobody) Refused(string)                   {}
func (nobody) Ended(contracts.Status)           {}
func (nobody) Accepted()                        {}
func (nobody) Retried()                         {}

// testServer is a server on a real socket, over a memstore, with a client that checks the contract.
type testServer struct {
	t      testing.TB
	server *Server
	store  *gate
	tokens *fakeTokens
	health *fakeHealth
	// attention is what a test says.
	attention fakeAttention
	metrics   *metrics.Metrics
	trends    fakeTrends
	squads    *squads.Registry
	logs      *observer.ObservedLogs
	client    *http.Client
	url       string
	// broker has what was set aside.
	broker *membroker.Server
	// missions creates what the store takes at once.
	missions *mission.Service
	// runner works on bulk jobs once it is started.
	runner *bulk.Runner
	// published is what the broker took, publish what it says; waiting are ids of missions that may wait there.
	published atomic.Int64
	publish   atomic.Pointer[error]
	waiting   atomic.Pointer[string]
	// asked is called when it is asked for those.
	asked atomic.Pointer[func()]
}

// Publish implements broker.Publisher.
func (s *testServer) Publish(context.Context, string, broker.Message) error {
	if err := s.publish.Load(); err != nil {
		return *err
	}
	s.published.Add(1)
	return nil
}

// Waiting implements Submissions.
func (s *testServer) Waiting(_ context.Context, id string) bool {
	if asked := s.asked.Load(); asked != nil {
		(*asked)()
	}
	waiting := s.waiting.Load()
	return waiting != nil && *waiting == id
}

func newTestServer(t testing.TB, cfg Config) *testServer {
	t.Helper()
	return newTestServerOver(t, cfg, newGate())
}

func newTestServerOver(t testing.TB, cfg Config, g *gate) *testServer {
	t.Helper()
	s := &testServer{t: t, store: g, tokens: &fakeTokens{}, health: &fakeHealth{}, metrics: metrics.New(), broker: membroker.New()}
	s.health.set(health.OK, health.CheckUp, health.CheckUp)
	core, logs := observer.New(zap.InfoLevel)
	s.logs = logs
	log := zap.New(core)
	now := func() contracts.Time { return contracts.At(time.Now()) }
	if cfg.Addr == "" {
		cfg.Addr = "127.0.0.1:0"
	}
	cfg.EnrollmentKey = enrollmentKey
	if cfg.Queues == nil {
		cfg.Queues = func() []string { return []string{"orders_queue", "missing", "status_queue"} }
	}
	s.squads = squads.New(squads.Config{
		Store: s.store, Broker: s.broker.Connect(membroker.Config{}), Connected: func() bool { return true }, Now: now, Logger: log,
	})
	if err := s.squads.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.squads.Stop(context.Background()) })
	if !g.away.Load() && g.err.Load() == nil {
		if _, err := s.squads.Held(t.Context(), "default"); err != nil { // waits until the squads are known
			t.Fatal(err)
		}
	}
	missions := mission.New(mission.Deps{
		Epoch: func(context.Context) (store.Epoch, error) { return store.Epoch{}, nil }, Store: s.store, Squads: s.squads, Dispatcher: nobody{}, Inboxes: nobody{}, Observer: nobody{}, Now: now, TicketKey: []byte("k"), Logger: log,
	})
	s.missions = missions
	jobs := bulk.NewJobs(s.store, now, log)
	s.runner = bulk.NewRunner(jobs, missions, func(contracts.BulkAction, string, int) {})
	server, err := New(cfg, Deps{
		Submitter: submit.NewDesk(missions, s, []byte("k"), func() {}, log), Submissions: s, SetAside: setaside.New(s.broker.Connect(membroker.Config{}), func(setaside.Action, int) {}, log), Missions: missions, Bulk: jobs,
		Store: s.store, Tokens: s.tokens, Soldiers: session.NewDrainer(s.store, nobody{}, log), Limits: limits.New(s.store, func() {}, g.sharded), Squads: s.squads, Schedules: s.schedules(log), Trends: &s.trends, Depths: fakeDepths{}, Health: s.health, Attention: &s.attention, Metrics: s.metrics, Now: now, Logger: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.server = server
	if err := server.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	plain := &http.Transport{}
	s.client = &http.Client{Transport: newContractTransport(t, plain)}
	s.url = "http://" + server.Addr().String()
	t.Cleanup(func() {
		plain.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), soon)
		defer cancel()
		if err := server.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return s
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) problem(t testing.TB) Problem {
	t.Helper()
	var p Problem
	if err := decodeJSON(a.body, &p); err != nil {
		t.Fatalf("no problem: %v\n%s", err, a.body)
	}
	if p.Status != a.status || p.Instance != "urn:uuid:"+a.header.Get("X-Request-Id") {
		t.Errorf("problem %+v does not fit its answer: %d, request %q", p, a.status, a.header.Get("X-Request-Id"))
	}
	return p
}

func (a answer) mission(t testing.TB) contracts.Mission {
	t.Helper()
	var m contracts.Mission
	if err := decodeJSON(a.body, &m); err != nil {
		t.Fatalf("no mission: %v\n%s", err, a.body)
	}
	return m
}

// with sets a header of a request.
type with struct{ name, value string }

func (s *testServer) do(method, path, body string, headers ...with) answer {
	s.t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, reader)
	if err != nil {
		s.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		switch {
		case h.name == "Host":
			req.Host = h.value
		case h.value == "":
			req.Header.Del(h.name)
		default:
			req.Header.Add(h.name, h.value)
		}
	}
	resp, err := s.client.Do(req)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{status: resp.StatusCode, header: resp.Header, body: got}
}

// create orders a mission and returns it.
func (s *testServer) create(name string) contracts.Mission {
	s.t.Helper()
	a := s.do("POST", "/missions", `{"name":"`+name+`"}`)
	if a.status != http.StatusAccepted {
		s.t.Fatalf("create: %d %s", a.status, a.body)
	}
	return a.mission(s.t)
}

// change commits a new picture of a mission, as a soldier's update would.
func (s *testServer) change(id string, edit func(*store.Record)) {
	s.t.Helper()
	recs, err := s.store.Store.Load(context.Background(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	rec := recs[0]
	before := rec.Mission.Version
	edit(&rec)
	out, err := s.store.Store.Commit(context.Background(), store.Change{Record: rec, IfVersion: before})
	if err != nil || out[0].Code != store.Applied {
		s.t.Fatalf("commit: %v %v", out, err)
	}
}

func decodeJSON(body []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	return d.Decode(v)
}
