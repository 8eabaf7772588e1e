package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/inbox"
	"github.com/mission-control-dev/mission-control/commander/internal/ingest"
	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/commander/internal/session"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/broker/membroker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
	"github.com/mission-control-dev/mission-control/tokenauth"
	"github.com/mission-control-dev/mission-control/tokenauth/tokenauthtest"
)

var (
	ticketKey = []byte("a key for tickets, of 32 bytes..")
	markerKey = []byte("a key for markers, of 32 bytes..")
)

var errUnreadable = errors.New("the record is damaged")

// faulty is a store that can be away, and whose commits can be held up.
type faulty struct {
	*memstore.Store
	away atomic.Bool
	gate atomic.Pointer[chan struct{}]
	// unreadable is a mission whose record can't be decoded.
	unreadable atomic.Pointer[string]
}

func (f *faulty) err() error {
	if f.away.Load() {
		return store.ErrUnavailable
	}
	return nil
}

func (f *faulty) check(context.Context) error { return f.err() }

func (f *faulty) Load(ctx context.Context, ids ...string) ([]store.Record, error) {
	if err := f.err(); err != nil {
		return nil, err
	}
	if id := f.unreadable.Load(); id != nil && slices.Contains(ids, *id) {
		return nil, errUnreadable
	}
	return f.Store.Load(ctx, ids...)
}

func (f *faulty) Peek(ctx context.Context, ids ...string) ([]store.Record, error) {
	recs, err := f.Load(ctx, ids...)
	for i := range recs {
		recs[i] = recs[i].Brief()
	}
	return recs, err
}

func (f *faulty) Commit(ctx context.Context, changes ...store.Change) ([]store.Outcome, error) {
	if gate := f.gate.Load(); gate != nil {
		<-*gate
		ctx = context.WithoutCancel(ctx) // it was under way already
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	return f.Store.Commit(ctx, changes...)
}

func (f *faulty) Renew(ctx context.Context, s store.Session, lease time.Duration) (store.Session, error) {
	if err := f.err(); err != nil {
		return store.Session{}, err
	}
	return f.Store.Renew(ctx, s, lease)
}

// hold has commits wait until release.
func (f *faulty) hold() (release func()) {
	gate := make(chan struct{})
	f.gate.Store(&gate)
	return func() { f.gate.Store(nil); close(gate) }
}

// rig is an intake with what it works with, in a bubble.
type rig struct {
	t         *testing.T
	broker    *membroker.Server
	commander *membroker.Client
	observer  *membroker.Client
	store     *faulty
	missions  *mission.Service
	sessions  *session.Service
	issuer    *tokenauth.Issuer
	intake    *ingest.Intake
	made      int

	mu      sync.Mutex
	ups     int
	downs   int
	refused []string // messages
	updates []string // updates that the missions refused
	ended   []contracts.Status
}

// anySquad is how it is where every squad is there.
type anySquad struct{}

func (anySquad) Serve(context.Context, ...string) error { return nil }
func (anySquad) Noted(...string)                        {}

func newRig(t *testing.T) *rig {
	all := topology.Default()
	server := membroker.New()
	r := &rig{
		t: t, broker: server, store: &faulty{Store: memstore.New(memstore.Config{})},
		commander: server.Connect(membroker.Config{Topology: &all}),
		issuer:    tokenauthtest.NewIssuer(t, time.Now),
	}
	r.observer = r.connect()
	t.Cleanup(func() { r.close(r.commander) })
	sender := inbox.New(r.commander, func() { t.Error("an answer was dropped") }, zap.NewNop())
	t.Cleanup(func() { _ = sender.Stop(context.Background()) })
	r.missions = mission.New(mission.Deps{
		Epoch: func(context.Context) (store.Epoch, error) { return store.Epoch{}, nil }, Store: r.store, Dispatcher: r, Inboxes: sender, Suspects: r, Observer: r, TicketKey: ticketKey, Logger: zap.NewNop(),
		Now: func() contracts.Time { return contracts.At(time.Now()) },
	})
	r.sessions = session.New(session.Config{
		Epoch: func(context.Context) (store.Epoch, error) { return store.Epoch{}, nil }, Store: r.store, Issuer: r.issuer, Keys: tokenauthtest.Keys(t), TicketKey: ticketKey, Squads: anySquad{}, Now: time.Now, Issued: func() {},
		Logger: zap.NewNop(),
	})
	r.intake = ingest.New(ingest.Config{
		Broker: r.commander, Missions: r.missions, Leases: r.sessions, Verifier: tokenauthtest.NewVerifier(t, time.Now),
		Inboxes: sender, Check: r.store.check, MarkerKey: markerKey, SoldierClaim: session.SoldierClaim,
		Up:      func() { r.note(func() { r.ups++ }) },
		Down:    func() { r.note(func() { r.downs++ }) },
		Refused: func(reason string) { r.note(func() { r.refused = append(r.refused, reason) }) },
		Logger:  zap.NewNop(),
	})
	for range 2 {
		r.must(r.intake.Start(t.Context()))
	}
	t.Cleanup(r.stop)
	synctest.Wait()
	return r
}

func (r *rig) note(f func()) { r.mu.Lock(); defer r.mu.Unlock(); f() }

func (r *rig) stop() { _ = r.intake.Stop(context.Background()) }

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) close(c *membroker.Client) {
	if err := c.Close(context.Background()); err != nil {
		r.t.Error(err)
	}
}

func (r *rig) connect() *membroker.Client {
	c := r.broker.Connect(membroker.Config{})
	r.t.Cleanup(func() { r.close(c) })
	return c
}

// What the mission service asks for. Orders are of no interest here.

func (r *rig) Dispatch(store.Record, int64)    {}
func (r *rig) Suspect(string)                  {}
func (r *rig) Accepted()                       {}
func (r *rig) Retried()                        {}
func (r *rig) Claimed(contracts.AnswerType)    {}
func (r *rig) Recorded(contracts.UpdateStatus) {}
func (r *rig) Refused(reason string)           { r.note(func() { r.updates = append(r.updates, reason) }) }
func (r *rig) Ended(s contracts.Status)        { r.note(func() { r.ended = append(r.ended, s) }) }

func (r *rig) id(prefix byte) string {
	r.made++
	return fmt.Sprintf("%c0000000-0000-7000-8000-%012d", prefix, r.made)
}

func (r *rig) submit() contracts.Mission {
	r.t.Helper()
	request := contracts.MissionRequest{Name: "m"}
	request.Normalize()
	m, err := r.missions.Submit(r.t.Context(), request, nil)
	r.must(err)
	return m
}

func (r *rig) load(id string) store.Record {
	r.t.Helper()
	recs, err := r.store.Store.Load(context.Background(), id)
	r.must(err)
	return recs[0]
}

func (r *rig) wantStatus(id string, want contracts.Status) {
	r.t.Helper()
	if got := r.load(id).Mission.Status; got != want {
		r.t.Fatalf("mission is %s, want %s", got, want)
	}
}

// refusals returns the causes of the history's lines about refused updates.
func (r *rig) refusals(id string) []contracts.Cause {
	r.t.Helper()
	h, err := r.store.History(context.Background(), id)
	r.must(err)
	var causes []contracts.Cause
	for _, l := range h.Lines {
		if l.Refused {
			causes = append(causes, l.Cause)
		}
	}
	return causes
}

// wantDepth checks how many messages wait, and how many consumers there are.
func (r *rig) wantDepth(queue string, want broker.Depth) {
	r.t.Helper()
	synctest.Wait()
	got, err := r.observer.Depth(context.Background(), queue)
	r.must(err)
	if got != want {
		r.t.Fatalf("%s: %+v, want %+v", queue, got, want)
	}
}

// wantTaken checks that all messages were acked: not even a lost connection brings one back.
func (r *rig) wantTaken() {
	r.t.Helper()
	synctest.Wait()
	r.stop()
	r.wantDepth(topology.Status, broker.Depth{})
	r.commander.Cut()
	r.wantDepth(topology.Status, broker.Depth{})
}

// setAside takes what was set aside by now.
func (r *rig) setAside() []broker.Delivery {
	r.t.Helper()
	synctest.Wait()
	return drain(r.t, r.observer, topology.StatusRefused)
}

// drain takes and acks all that a queue has ready.
func drain(t *testing.T, c *membroker.Client, queue string) []broker.Delivery {
	var got []broker.Delivery
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = c.Consume(ctx, broker.Subscription{Queue: queue, Prefetch: 100, Handle: func(d broker.Delivery) {
			got = append(got, d)
			if err := d.Ack(); err != nil {
				t.Error(err)
			}
		}})
	}()
	synctest.Wait()
	cancel()
	<-done
	return got
}

// wantSetAside checks that exactly one message was set aside, for this reason, and counted.
func (r *rig) wantSetAside(reason string, body []byte) {
	r.t.Helper()
	got := r.setAside()
	if len(got) != 1 {
		r.t.Fatalf("%d messages set aside, want 1", len(got))
	}
	h := got[0].Headers
	if h["reason"] != reason || h["detail"] == "" || h["queue"] != topology.Status || !slices.Equal(got[0].Body, body) {
		r.t.Errorf("set aside with %v and %d bytes, want the reason %s and all %d bytes", h, len(got[0].Body), reason, len(body))
	}
}

// soldier speaks for one session.
type soldier struct {
	*rig
	client        *membroker.Client
	name, session string
	token         string
	issued        time.Time
	inbox         string

	mu      sync.Mutex
	answers []contracts.Answer
}

// join starts a session with an inbox.
func (r *rig) join(name string) *soldier {
	r.t.Helper()
	s := &soldier{rig: r, client: r.connect(), name: name}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.client.Consume(ctx, broker.Subscription{Prefetch: 10, Handle: s.handle, Up: func(queue string) { s.inbox = queue }})
	}()
	r.t.Cleanup(func() { cancel(); <-done })
	synctest.Wait()
	reply, err := r.sessions.Renew(r.t.Context(), s.renewal())
	r.must(err)
	s.session, s.token, s.issued = reply.Session, reply.Token, time.Now()
	return s
}

// bury declares the soldier's session dead.
func (r *rig) bury(s *soldier) {
	r.t.Helper()
	ctx := r.t.Context()
	known, err := r.store.Session(ctx, s.session)
	r.must(err)
	ids, err := r.store.SessionMissions(ctx, s.session)
	r.must(err)
	recs, err := r.store.Load(ctx, ids...)
	r.must(err)
	_, err = r.store.Bury(ctx, s.session, known.RenewedAt, r.missions.Lost(recs)...)
	r.must(err)
}

func (s *soldier) handle(d broker.Delivery) {
	pack, err := contracts.DecodeAnswerPack(d.Body)
	if err != nil {
		s.t.Error(err)
	}
	s.mu.Lock()
	s.answers = append(s.answers, pack.Answers...)
	s.mu.Unlock()
	if err := d.Ack(); err != nil {
		s.t.Error(err)
	}
}

// heard returns the answers since the last call.
func (s *soldier) heard() []contracts.Answer {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	answers := s.answers
	s.answers = nil
	return answers
}

// wantHeard checks the types of the answers since the last call.
func (s *soldier) wantHeard(want ...contracts.AnswerType) []contracts.Answer {
	s.t.Helper()
	answers := s.heard()
	var got []contracts.AnswerType
	for _, a := range answers {
		got = append(got, a.Type)
	}
	if !slices.Equal(got, want) {
		s.t.Fatalf("%s heard %v, want %v", s.name, got, want)
	}
	return answers
}

func (s *soldier) renewal() contracts.Renewal {
	return contracts.Renewal{
		SoldierID: s.name, Session: s.session, Squads: []string{"default"}, Kinds: []string{"simulate"}, Slots: 1, Inbox: s.inbox,
	}
}

func (s *soldier) claim(m contracts.Mission, execution string) contracts.Update {
	return contracts.Update{
		Status: contracts.UpdateInProgress, MissionID: m.MissionID, Attempt: m.Attempt, Execution: execution,
		MadeAt: contracts.At(time.Now()),
	}
}

func (s *soldier) final(status contracts.UpdateStatus, k contracts.Ticket) contracts.Update {
	u := contracts.Update{
		Status: status, MissionID: k.MissionID, Attempt: k.Attempt, Execution: k.Execution, Ticket: &k,
		MadeAt: contracts.At(time.Now()),
	}
	if status == contracts.UpdateCompleted {
		u.Result = []byte(`{"ok":true}`)
	}
	return u
}

// pack encodes updates under the soldier's token, as said now.
func (s *soldier) pack(updates ...contracts.Update) []byte {
	s.t.Helper()
	body, err := contracts.NewStatusPack(s.token, contracts.At(time.Now()), s.inbox, updates...).Encode()
	s.must(err)
	return body
}

// say publishes a message's body on status_queue.
func (s *soldier) say(body []byte) {
	s.t.Helper()
	s.must(s.client.Publish(s.t.Context(), topology.Status, broker.Message{ID: "an id", Type: "a type", Body: body}))
}

// granted claims the mission and returns the ticket.
func (s *soldier) granted(m contracts.Mission) contracts.Ticket {
	s.t.Helper()
	s.say(s.pack(s.claim(m, s.id('e'))))
	return *s.wantHeard(contracts.AnswerGranted)[0].Ticket
}
