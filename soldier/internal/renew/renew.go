// Package renew keeps the soldier's session alive and holds its token.
//
// A renewal is POST /tokens, to one commander after the other until one of them renews the lease: 25 s after the last
// request, at once when the broker connection is lost or comes back, and every 2 s while it is away or no commander
// could renew the lease. One request is in flight at a time; tokenauth.Source sees to that.
//
// While HTTP fails, from the first failed request on, the same list goes to status_queue as a RENEWAL every 5 s, under
// the last token, however old. It keeps the lease and gives no token: updates wait until HTTP works again.
//
// What a reply means is the protocol machine's decision; this package only carries.
package renew

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/soldier/internal/engine"
	"github.com/mission-control-dev/mission-control/soldier/internal/protocol"
	"github.com/mission-control-dev/mission-control/tokenauth"
)

const (
	// postTimeout ends one request to one commander. After it a lease of 35 s, renewed at 25 s, still has time for a
	// RENEWAL over the broker.
	postTimeout = 4 * time.Second
	// deadRounds bounds how often one request starts over because the session changed under it.
	deadRounds = 3
)

// Config is what a renewer needs.
type Config struct {
	// Identity is the soldier: SoldierID, Squads, Kinds, Slots, Version, Packs.
	Identity contracts.Renewal
	// CommanderURLs are asked in turn, the one that answered last first. At least one.
	CommanderURLs []string
	EnrollmentKey string
	HTTP          *http.Client
	// Woken is called when there is a new token. It must not block.
	Woken func()
}

// Renewer renews. It is safe for concurrent use.
type Renewer struct {
	cfg       Config
	engine    *engine.Engine
	publisher broker.Publisher
	log       *zap.Logger
	source    *tokenauth.Source
	kick      chan struct{} // of size 1: renew at once
	failed    chan struct{} // of size 1: HTTP began to fail
	wanted    atomic.Int64  // how often a renewal was asked for by Now
	made      atomic.Int64  // the value of wanted when the last request was made up

	mu        sync.Mutex
	preferred int                  // the commander that renewed the lease last
	token     tokenauth.Credential // the newest, however old
	session   string               // whose token it is
	pending   string               // session of the token that is on its way into the source
	failing   bool                 // the last round had a failed request and no lease
	leaseless bool                 // the last round gave a token without lease
	away      bool                 // no broker connection
	known     condition            // what the log last said
}

// New returns a renewer.
func New(cfg Config, e *engine.Engine, p broker.Publisher, log *zap.Logger) (*Renewer, error) {
	r := &Renewer{
		cfg: cfg, engine: e, publisher: p, log: log, away: true,
		kick: make(chan struct{}, 1), failed: make(chan struct{}, 1),
	}
	var err error
	r.source, err = tokenauth.NewSource(tokenauth.SourceConfig{
		Fetch:        r.fetch,
		RenewAfter:   contracts.RenewAfter,
		FetchTimeout: postTimeout * time.Duration(len(cfg.CommanderURLs)+deadRounds),
		RetryMax:     contracts.RenewWhileDisconnected,
		OnRenewed:    r.renewed,
		OnError:      func(error) { r.pace() },
	})
	if err != nil {
		return nil, fmt.Errorf("making the token source: %w", err)
	}
	return r, nil
}

// Run renews until ctx ends.
func (r *Renewer) Run(ctx context.Context) {
	r.pace()
	if err := r.source.Start(ctx); err != nil {
		return
	}
	var wg sync.WaitGroup
	wg.Go(func() { r.renewOnKick(ctx) })
	wg.Go(func() { r.renewByBroker(ctx) })
	<-ctx.Done()
	_ = r.source.Stop(context.WithoutCancel(ctx)) // waits for the request in flight, which it ends
	wg.Wait()
}

// Now asks for a renewal that is sent after this call. It never blocks.
func (r *Renewer) Now() {
	r.wanted.Add(1)
	signal(r.kick)
}

// Connected says whether the broker connection stands.
func (r *Renewer) Connected(c Connection) {
	r.mu.Lock()
	r.away = c == Away
	r.mu.Unlock()
	r.pace()
	if c == Present {
		r.startRenewalMessages()
	}
}

// Connection says whether there is a broker connection.
type Connection int

// The connections.
const (
	Away Connection = iota
	Present
)

// Current returns the newest token while it lives, and the session it is for.
func (r *Renewer) Current() (tokenauth.Credential, string, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.token, r.session, r.token.Valid(time.Now())
}

// renewOnKick makes sure that each kick is followed by a request that was made up after it: Renew may join a request
// that is under way already, and then one more is asked for. A failed request is repeated by the source itself, soon.
func (r *Renewer) renewOnKick(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.kick:
		}
		want := r.wanted.Load()
		for r.source.Renew(ctx) == nil && r.made.Load() < want {
		}
	}
}

func (r *Renewer) pace() {
	r.mu.Lock()
	hurry := r.away || r.leaseless
	r.mu.Unlock()
	if hurry {
		r.source.SetPace(contracts.RenewWhileDisconnected)
	} else {
		r.source.SetPace(0)
	}
}

// renewed takes the token that the source has now.
func (r *Renewer) renewed(c tokenauth.Credential) {
	r.mu.Lock()
	r.token, r.session = c, r.pending
	r.mu.Unlock()
	r.pace()
	r.cfg.Woken()
}

// fetch is one round of requests.
func (r *Renewer) fetch(ctx context.Context) (tokenauth.Fetched, error) {
	for range deadRounds {
		reply, verdict, err := r.round(ctx)
		switch {
		case err != nil:
			return tokenauth.Fetched{}, err
		case verdict == protocol.Taken:
			r.mu.Lock()
			r.pending = reply.Session
			r.mu.Unlock()
			return tokenauth.Fetched{Raw: reply.Token, ExpiresIn: time.Duration(reply.ExpiresIn) * time.Second}, nil
		}
	}
	return tokenauth.Fetched{}, errors.New("session changed with every reply of the commanders")
}

// round asks the commanders in turn until one renews the lease. A reply without lease is the second best: its token is
// good.
func (r *Renewer) round(ctx context.Context) (contracts.RenewalReply, protocol.Verdict, error) {
	var (
		spare   contracts.RenewalReply
		got     bool
		errs    []error
		n       = len(r.cfg.CommanderURLs)
		start   = r.first()
		renewal contracts.Renewal
	)
	for i := range n {
		at := (start + i) % n
		r.made.Store(r.wanted.Load())
		sentAt := time.Now()
		renewal = r.renewal()
		reply, err := r.post(ctx, r.cfg.CommanderURLs[at], renewal)
		if err == nil {
			err = usable(reply)
		}
		if err != nil {
			if ctx.Err() != nil && errors.Is(context.Cause(ctx), context.Canceled) {
				return reply, protocol.Stale, err // stopped
			}
			errs = append(errs, err)
			r.fail()
			continue
		}
		verdict := protocol.Stale
		r.engine.Do(func(m *protocol.Machine, now time.Time) { verdict = m.Renewed(now, renewal.Session, reply, sentAt) })
		switch {
		case verdict != protocol.Taken:
			return reply, verdict, nil
		case reply.Lease:
			r.mu.Lock()
			r.preferred = at
			r.mu.Unlock()
			r.note(condition{leased: true}, nil)
			return reply, verdict, nil
		}
		spare, got = reply, true
	}
	if got {
		r.note(condition{httpFails: len(errs) > 0, leaseless: true}, errors.Join(errs...))
		// Another commander, which is not in our list, may have its store: it takes from status_queue.
		r.startRenewalMessages()
		return spare, protocol.Taken, nil
	}
	err := errors.Join(errs...)
	r.note(condition{httpFails: true}, err)
	return spare, protocol.Stale, err
}

// usable tells whether a reply says what a reply must.
func usable(r contracts.RenewalReply) error {
	if !r.Dead && (r.Token == "" || r.Session == "" || r.ExpiresIn <= 0) {
		return errors.New("reply to a renewal lacks token, session or expires_in: soldier and commander are of different releases")
	}
	return nil
}

func (r *Renewer) first() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.preferred
}

// renewal is the soldier and what it works on now.
func (r *Renewer) renewal() contracts.Renewal {
	var out contracts.Renewal
	r.engine.Do(func(m *protocol.Machine, _ time.Time) { out = m.Renewal() })
	id := r.cfg.Identity
	out.SoldierID, out.Squads, out.Kinds, out.Slots, out.Version, out.Packs = id.SoldierID, id.Squads, id.Kinds, id.Slots, id.Version, id.Packs
	return out
}

// condition is how renewing goes, for the log and for the way over the broker.
type condition struct{ leased, httpFails, leaseless bool }

// note keeps how the last request went and says it where it is news.
func (r *Renewer) note(c condition, err error) {
	r.mu.Lock()
	before := r.known
	r.known = c
	r.failing, r.leaseless = c.httpFails, c.leaseless
	r.mu.Unlock()
	switch {
	case c.httpFails && !before.httpFails && !before.leaseless:
		r.log.Warn("commander can't be reached, trying on", zap.Error(err))
	case c.leaseless && !before.leaseless:
		r.log.Warn("no commander can renew the lease: its store is away, trying on")
	case c.leased && !before.leased:
		r.log.Info("lease renewed by the commander")
	}
}

// fail notes that a request has failed, before the round is over: the way over the broker doesn't wait for the others.
func (r *Renewer) fail() {
	r.mu.Lock()
	r.failing = true
	r.mu.Unlock()
	r.startRenewalMessages()
}

func (r *Renewer) startRenewalMessages() { signal(r.failed) }

// renewByBroker sends a RENEWAL every 5 s while HTTP fails, or renews no lease.
func (r *Renewer) renewByBroker(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	<-timer.C
	var last time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.failed:
		case <-timer.C:
		}
		if !r.unleased() {
			continue
		}
		if wait := contracts.RenewalMessageEvery - time.Since(last); !last.IsZero() && wait > 0 {
			timer.Reset(wait)
			continue
		}
		if r.sendRenewal(ctx) {
			last = time.Now()
		}
		timer.Reset(contracts.RenewalMessageEvery)
	}
}

func (r *Renewer) unleased() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failing || r.leaseless
}

// sendRenewal publishes one RENEWAL. It can't without a session, a token of it, and an inbox for the answer.
func (r *Renewer) sendRenewal(ctx context.Context) bool {
	renewal := r.renewal()
	r.mu.Lock()
	token, ok := r.token.Raw, r.token.Raw != "" && r.session == renewal.Session
	r.mu.Unlock()
	if !ok || renewal.Session == "" || renewal.Inbox == "" {
		return false
	}
	r.engine.Do(func(m *protocol.Machine, now time.Time) { m.RenewalSent(now, renewal.Seq) })
	body, err := contracts.NewRenewalMessage(token, renewal).Encode()
	if err != nil {
		r.log.Error("renewal could not be encoded", zap.Error(err))
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, postTimeout)
	defer cancel()
	// A failure is the broker's, and its state is logged elsewhere; the next one follows in 5 s. One that waited longer
	// than a lease is of no use to anybody.
	_ = r.publisher.Publish(ctx, topology.Status, broker.Message{
		Type: string(contracts.TypeRenewal), Body: body,
		Durability: broker.Persistent, Expiration: contracts.LeaseDuration,
	})
	return true
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
