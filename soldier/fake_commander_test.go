package soldier_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/tokenauth"
	"github.com/mission-control-dev/mission-control/tokenauth/tokenauthtest"
)

var macKey = []byte("a key for tests")

const enrolment = "the key"

// fakeCommander decides claims as the design says, in memory, and notes every wrong that a soldier does.
type fakeCommander struct {
	t      testing.TB
	b      *fakeBroker
	link   *link
	issuer *tokenauth.Issuer
	verify *tokenauth.Verifier

	mu       sync.Mutex
	ids      int
	dispatch int64
	missions map[string]*record
	sessions map[string]*session
	// grantedTo is the session of each execution ever granted.
	grantedTo map[string]string
	wrongs    []string
	refused   []string // finals refused
	posts     int
	renewals  int // over the broker
	claims    int
	// Faults.
	storeAway  bool                                    // renewals renew nothing, status messages wait
	httpFault  func(ctx context.Context) error         // asked before each POST
	replyLost  func() bool                             // asked after each POST was applied
	mute       func(contracts.Answer) bool             // true: this answer is lost
	onPost     func(r contracts.Renewal, at time.Time) // sees each renewal by HTTP
	noReaper   bool
	unrecorded bool // finals are recorded but never answered so
	resume     chan struct{}
}

type record struct {
	contracts.Mission
	execution, session string
	cancel             bool
	finals             int
	executions         []string
	noHandler          int
}

func (m *record) ticket() contracts.Ticket {
	return contracts.Ticket{
		MissionID: m.MissionID, Attempt: m.Attempt, Run: m.Run, Execution: m.execution, Session: m.session, Cancel: m.cancel,
	}.Sign(macKey)
}

type session struct {
	renewedAt time.Time
	dead      bool
	drain     bool
	inbox     string
}

func newFakeCommander(t testing.TB, b *fakeBroker) *fakeCommander {
	return &fakeCommander{
		t: t, b: b, link: newLink(b),
		issuer:   tokenauthtest.NewIssuer(t, time.Now),
		verify:   tokenauthtest.NewVerifier(t, time.Now),
		missions: map[string]*record{}, sessions: map[string]*session{}, grantedTo: map[string]string{},
		resume: make(chan struct{}, 1),
	}
}

func (c *fakeCommander) id() string {
	c.ids++
	return fmt.Sprintf("01900000-0000-7000-8000-%012d", c.ids)
}

func (c *fakeCommander) wrong(format string, args ...any) {
	c.wrongs = append(c.wrongs, fmt.Sprintf(format, args...))
}

// run consumes status_queue and reaps until ctx ends.
func (c *fakeCommander) run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			consuming, stop := context.WithCancel(ctx)
			wg.Go(func() {
				_ = c.link.Consume(consuming, broker.Subscription{Queue: topology.Status, Prefetch: 64, Handle: c.status})
			})
			for consuming.Err() == nil {
				select {
				case <-ctx.Done():
					stop()
				case <-time.After(time.Second):
					c.reap()
				}
			}
			stop()
		}
	})
	<-ctx.Done()
	wg.Wait()
}

func (c *fakeCommander) reap() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.storeAway || c.noReaper {
		return
	}
	for id, s := range c.sessions {
		if !s.dead && time.Since(s.renewedAt) > contracts.LeaseDuration {
			c.kill(id)
		}
	}
}

// kill declares a session dead. c.mu is held.
func (c *fakeCommander) kill(id string) {
	c.sessions[id].dead = true
	for _, m := range c.missions {
		if m.Status == contracts.StatusInProgress && m.session == id {
			m.Losses++
			c.queue(m)
		}
	}
}

func (c *fakeCommander) declareDead(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kill(id)
}

// lost tells whether an execution of the mission was given up: its session was declared dead.
func (c *fakeCommander) lost(execution string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sessions[c.grantedTo[execution]].dead
}

// live gives the sessions that are not dead.
func (c *fakeCommander) live() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []string
	for id, s := range c.sessions {
		if !s.dead {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// queue makes the mission QUEUED and orders it. c.mu is held.
func (c *fakeCommander) queue(m *record) {
	m.Status, m.execution, m.session = contracts.StatusQueued, "", ""
	c.order(m)
}

func (c *fakeCommander) order(m *record) {
	c.dispatch++
	body, err := contracts.NewOrder(m.Mission, c.dispatch, contracts.At(time.Now())).Encode()
	if err != nil {
		c.t.Errorf("encoding an order: %v", err)
	}
	_ = c.b.put(topology.OrdersQueue(m.Squad, m.Priority), broker.Message{Type: string(contracts.TypeOrder), Body: body})
}

type ask func(*contracts.Mission)

func (c *fakeCommander) submit(kind, payload string, more ...ask) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := &record{Mission: contracts.Mission{
		MissionID: c.id(), Name: "test", Kind: kind, Payload: json.RawMessage(payload),
		Priority: contracts.PriorityNormal, Squad: contracts.DefaultSquad,
		Attempt: 1, MaxAttempts: 1, TimeoutSeconds: contracts.DefaultTimeoutSeconds, CreatedAt: contracts.At(time.Now()),
	}}
	if payload == "" {
		m.Payload = nil
	}
	for _, f := range more {
		f(&m.Mission)
	}
	c.missions[m.MissionID] = m
	c.queue(m)
	return m.MissionID
}

func (c *fakeCommander) orderAgain(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.order(c.missions[id])
}

func (c *fakeCommander) cancel(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.missions[id]
	m.cancel = true
	if s := c.sessions[m.session]; s != nil {
		c.answer(s.inbox, contracts.Answer{
			Type: contracts.AnswerStop, MissionID: id, Execution: m.execution, Reason: string(contracts.StopCancelled),
		})
	}
}

// drain asks all soldiers to drain.
func (c *fakeCommander) drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.sessions {
		s.drain = true
		c.answer(s.inbox, contracts.Answer{Type: contracts.AnswerDrain})
	}
}

func (c *fakeCommander) mission(id string) record {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := *c.missions[id]
	m.executions = slices.Clone(m.executions)
	return m
}

// RoundTrip is POST /tokens.
func (c *fakeCommander) RoundTrip(req *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(req.Body)
	c.mu.Lock()
	c.posts++
	fault := c.httpFault
	c.mu.Unlock()
	if fault != nil {
		if err := fault(req.Context()); err != nil {
			return nil, err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if req.Header.Get("Authorization") != "Bearer "+enrolment {
		return response(http.StatusUnauthorized, map[string]string{"code": "unauthorized"}), nil
	}
	var r contracts.Renewal
	if err := json.Unmarshal(body, &r); err != nil {
		c.wrong("renewal can't be read: %v", err)
	}
	if err := r.Check(); err != nil {
		c.wrong("renewal is not valid: %v", err)
	}
	if c.onPost != nil {
		c.onPost(r, time.Now())
	}
	reply := c.renew(r)
	if !reply.Dead {
		token, err := c.issuer.Issue(tokenauth.IssueRequest{Subject: reply.Session})
		if err != nil {
			c.t.Errorf("issuing a token: %v", err)
		}
		reply.Token, reply.ExpiresIn = token.Raw, int(token.TTL/time.Second)
	}
	if c.replyLost != nil && c.replyLost() {
		return nil, errors.New("reply lost")
	}
	return response(http.StatusOK, reply), nil
}

func response(status int, v any) *http.Response {
	b, _ := json.Marshal(v)
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(b))}
}

// renew applies a renewal. c.mu is held.
func (c *fakeCommander) renew(r contracts.Renewal) contracts.RenewalReply {
	reply := contracts.RenewalReply{Session: r.Session, Seq: r.Seq, Lease: !c.storeAway}
	if r.Session == "" {
		reply.Session = c.id()
	}
	if c.storeAway {
		return reply
	}
	s := c.sessions[reply.Session]
	if s == nil {
		s = &session{}
		c.sessions[reply.Session] = s
	}
	if s.dead {
		return contracts.RenewalReply{Session: r.Session, Lease: true, Dead: true}
	}
	s.renewedAt, s.inbox = time.Now(), r.Inbox
	reply.Drain = s.drain
	for _, ref := range r.Running {
		m := c.missions[ref.MissionID]
		switch {
		case m.execution != ref.Execution:
			reply.Stop = append(reply.Stop, contracts.Stop{Execution: ref.Execution, Reason: contracts.StopSuperseded})
		case m.cancel:
			reply.Stop = append(reply.Stop, contracts.Stop{Execution: ref.Execution, Reason: contracts.StopCancelled})
		}
	}
	listed := map[string]bool{}
	for _, ref := range slices.Concat(r.Claims, r.Running, r.Unrecorded) {
		listed[ref.Execution] = true
	}
	for _, m := range c.missions {
		if m.Status == contracts.StatusInProgress && m.session == reply.Session && !listed[m.execution] {
			reply.Unlisted = append(reply.Unlisted, m.ticket())
		}
	}
	for _, ref := range r.Unrecorded {
		if m := c.missions[ref.MissionID]; m.execution != ref.Execution && !c.unrecorded {
			reply.Recorded = append(reply.Recorded, ref.Execution)
		}
	}
	return reply
}

// status takes one message of status_queue.
func (c *fakeCommander) status(d broker.Delivery) {
	c.mu.Lock()
	away := c.storeAway
	c.mu.Unlock()
	for away { // the message waits
		time.Sleep(500 * time.Millisecond)
		c.mu.Lock()
		away = c.storeAway
		c.mu.Unlock()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	defer func() { _ = d.Ack() }()
	if d.Type == string(contracts.TypeRenewal) {
		m, err := contracts.DecodeRenewalMessage(d.Body)
		if err != nil {
			c.wrong("renewal message: %v", err)
			return
		}
		c.renewals++
		claims, err := c.verify.VerifySignature(m.Token)
		if err != nil || claims.Subject != m.Renewal.Session {
			c.wrong("renewal message under a token of %q for %q: %v", claims.Subject, m.Renewal.Session, err)
			return
		}
		reply := c.renew(m.Renewal)
		c.answer(m.Renewal.Inbox, contracts.Answer{Type: contracts.AnswerRenewed, Renewal: &reply})
		return
	}
	p, err := contracts.DecodeStatusPack(d.Body)
	if err != nil {
		c.wrong("status pack: %v", err)
		return
	}
	claims, err := c.verify.VerifyAt(p.Token, p.SentAt.Time)
	if err != nil {
		c.wrong("token of a pack: %v", err)
		return
	}
	if p.SentAt.After(claims.ExpiresAt) {
		c.wrong("pack sent at %v under a token that ended at %v", p.SentAt, claims.ExpiresAt)
	}
	for _, u := range p.Updates {
		if d := time.Since(u.MadeAt.Time); d < -time.Second {
			c.wrong("update made %v in the future", -d)
		}
		c.update(claims.Subject, p.Inbox, u)
	}
}

func (c *fakeCommander) update(subject, inbox string, u contracts.Update) {
	m := c.missions[u.MissionID]
	switch {
	case u.Status == contracts.UpdateInProgress:
		c.claims++
		a := contracts.Answer{MissionID: u.MissionID, Execution: u.Execution, Type: contracts.AnswerRefused}
		s := c.sessions[subject]
		switch {
		case s == nil || s.dead:
			a.Type = contracts.AnswerSessionDead
		case m.Status == contracts.StatusQueued && m.Attempt == u.Attempt:
			m.Run++
			m.Status, m.execution, m.session = contracts.StatusInProgress, u.Execution, subject
			m.executions = append(m.executions, u.Execution)
			c.grantedTo[u.Execution] = subject
			fallthrough
		case m.Status == contracts.StatusInProgress && m.execution == u.Execution:
			t := m.ticket()
			a.Type, a.Ticket = contracts.AnswerGranted, &t
			if !m.DeadlineAt.IsZero() {
				a.Left = max(1, time.Until(m.DeadlineAt.Time).Milliseconds())
			}
		}
		c.answer(inbox, a)
	case u.Status == contracts.UpdateNoHandler:
		m.noHandler++
	case u.Status.Final():
		if err := u.Ticket.Verify(macKey); err != nil {
			c.wrong("final: %v", err)
		}
		if u.Ticket.Session != subject {
			c.wrong("final of session %s under a token of %s", u.Ticket.Session, subject)
		}
		if m.Status == contracts.StatusInProgress && m.execution == u.Execution {
			m.finals++
			m.Result, m.Error, m.FinishedAt = u.Result, u.Error, u.MadeAt
			switch {
			case u.Status == contracts.UpdateReleased:
				c.queue(m)
			case m.cancel && u.Status != contracts.UpdateCompleted:
				m.Status = contracts.StatusCancelled
			default:
				m.Status = contracts.Status(u.Status)
			}
			m.execution = ""
		} else if !slices.Contains(m.executions, u.Execution) {
			c.wrong("final of an execution that was never granted")
		} else if m.finals == 0 {
			c.refused = append(c.refused, u.MissionID)
		}
		if !c.unrecorded {
			c.answer(inbox, contracts.Answer{Type: contracts.AnswerRecorded, Execution: u.Execution})
		}
	}
}

// answer sends to an inbox; c.mu is held.
func (c *fakeCommander) answer(inbox string, a contracts.Answer) {
	if c.mute != nil && c.mute(a) {
		return
	}
	body, err := contracts.NewAnswerPack(a).Encode()
	if err != nil {
		c.t.Errorf("encoding an answer: %v", err)
	}
	_ = c.b.put(inbox, broker.Message{Type: string(contracts.TypeAnswers), Body: body}) // the inbox may be gone
}
