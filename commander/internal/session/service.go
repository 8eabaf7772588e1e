// Package session gives soldiers their tokens and renews their leases.
//
// A session is one life of a soldier process. Its lease lasts 35 s from its last renewal. While the store is away tokens
// are issued all the same, since they need nothing but a derived key, and the reply says that the lease was not renewed.
// A session that the store does not know is registered again; one that was buried stays dead.
package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/tokenauth"
)

// What the tokens say of themselves.
const (
	TokenIssuer   = "mission-control/commander"
	TokenAudience = "mission-control/status"
	// SoldierClaim is the private claim that names the soldier.
	SoldierClaim = "soldier_id"
)

// Store is what the service needs of a store.
type Store interface {
	Session(ctx context.Context, id string) (store.Session, error)
	Renew(ctx context.Context, s store.Session, lease time.Duration) (store.Session, error)
	SessionMissions(ctx context.Context, id string) ([]string, error)
	Peek(ctx context.Context, ids ...string) ([]store.Record, error)
}

// Squads knows the squads: a squads.Registry.
type Squads interface {
	// Serve makes sure that squads are there, and their queues, as well as can be. store.ErrUnavailable says that it could not
	// now, any other error that a soldier can't serve them.
	Serve(ctx context.Context, squads ...string) error
	// Noted has them registered soon where they are not there.
	Noted(squads ...string)
}

// Config of a Service. All fields are required.
type Config struct {
	Store  Store
	Issuer *tokenauth.Issuer
	// Keys verify the tokens.
	Keys tokenauth.KeySet
	// TicketKey signs tickets; all commanders share it.
	TicketKey []byte
	// Epoch is the store's, at least as new as that of anything that was read from it before the call. It fails with
	// store.ErrUnavailable where that is not known before ctx ends.
	Epoch  func(ctx context.Context) (store.Epoch, error)
	Now    func() time.Time
	Squads Squads
	// Issued is called for each token.
	Issued func()
	Logger *zap.Logger
}

// Service answers renewals.
type Service struct{ cfg Config }

// New returns a service.
func New(c Config) *Service { return &Service{cfg: c} }

// Renew answers POST /tokens: it renews the lease, or starts a session, and issues a token. A session is not started where one
// of its squads can't be there.
func (s *Service) Renew(ctx context.Context, r contracts.Renewal) (contracts.RenewalReply, error) {
	if r.Session != "" {
		s.cfg.Squads.Noted(r.Squads...)
	} else if err := s.cfg.Squads.Serve(ctx, r.Squads...); err != nil && !errors.Is(err, store.ErrUnavailable) {
		return contracts.RenewalReply{}, fmt.Errorf("serve squads: %w", err)
	}
	if r.Session == "" {
		id, err := uuid.NewV7()
		if err != nil {
			return contracts.RenewalReply{}, fmt.Errorf("make session id: %w", err)
		}
		r.Session = id.String()
	}
	reply, err := s.Extend(ctx, r)
	if err != nil || reply.Dead {
		return reply, err
	}
	token, err := s.cfg.Issuer.Issue(tokenauth.IssueRequest{
		Subject: r.Session, Private: map[string]string{SoldierClaim: r.SoldierID},
	})
	if err != nil {
		return contracts.RenewalReply{}, fmt.Errorf("issue token: %w", err)
	}
	s.cfg.Issued()
	reply.Token, reply.ExpiresIn = token.Raw, int(token.TTL/time.Second)
	return reply, nil
}

// Extend renews the lease and nothing else. Lease is false in the reply where the store could not be reached.
func (s *Service) Extend(ctx context.Context, r contracts.Renewal) (contracts.RenewalReply, error) {
	reply := contracts.RenewalReply{Session: r.Session, Seq: r.Seq}
	known, err := s.cfg.Store.Session(ctx, r.Session)
	if err == nil && known.SoldierID != r.SoldierID {
		return reply, &contracts.ValidationError{Fields: []contracts.FieldError{{
			Field: "session", Code: "invalid", Message: "belongs to another soldier; ask for a new session by leaving it out",
		}}}
	}
	renewed, err := s.cfg.Store.Renew(ctx, store.Session{
		ID: r.Session, SoldierID: r.SoldierID, State: store.SessionLive, Squads: r.Squads, Kinds: r.Kinds, Slots: r.Slots,
		Version: r.Version, Inbox: r.Inbox, Running: r.Running, Seq: r.Seq, Packs: r.Packs,
	}, contracts.LeaseDuration)
	switch {
	case errors.Is(err, store.ErrSessionDead):
		reply.Dead, reply.Lease = true, true
		return reply, nil
	case errors.Is(err, store.ErrUnavailable):
		return reply, nil
	case err != nil:
		return reply, fmt.Errorf("renew session %s: %w", r.Session, err)
	}
	reply.Lease, reply.Drain = true, renewed.Draining
	if err := s.settle(ctx, r, &reply); err != nil {
		// The lease stands, and the token must go out; what to stop, a later renewal will tell.
		reply.Stop, reply.Recorded, reply.Unlisted, reply.Show = nil, nil, nil, nil
		if !errors.Is(err, store.ErrUnavailable) {
			s.cfg.Logger.Error("renewal is answered without what to stop", zap.String("session", r.Session), zap.Error(err))
		}
	}
	return reply, nil
}

// settle fills in what the soldier should stop, what it need not send any more, what it holds without knowing, and what it
// runs and the store does not know.
func (s *Service) settle(ctx context.Context, r contracts.Renewal, reply *contracts.RenewalReply) error {
	held, err := s.cfg.Store.SessionMissions(ctx, r.Session)
	if err != nil {
		return fmt.Errorf("read missions of session %s: %w", r.Session, err)
	}
	listed := make(map[string]bool, len(held))
	for _, ref := range slices.Concat(r.Claims, r.Running, r.Unrecorded) {
		listed[ref.Execution] = true
	}
	ids := make([]string, 0, len(r.Running)+len(r.Unrecorded)+len(held))
	for _, ref := range slices.Concat(r.Running, r.Unrecorded) {
		ids = append(ids, ref.MissionID)
	}
	if ids = append(ids, held...); len(ids) == 0 {
		return nil
	}
	recs, err := s.cfg.Store.Peek(ctx, ids...)
	if err != nil {
		return fmt.Errorf("load missions of session %s: %w", r.Session, err)
	}
	for i, ref := range r.Running {
		if stop, ok := mission.StopFor(recs[i], ref); ok {
			reply.Stop = append(reply.Stop, stop)
			continue
		}
		show, err := s.unproven(ctx, recs[i], ref)
		if err != nil {
			return err
		}
		if show {
			reply.Show = append(reply.Show, ref.Execution)
		}
	}
	recs = recs[len(r.Running):]
	for i, ref := range r.Unrecorded {
		if mission.Settled(recs[i], ref) {
			reply.Recorded = append(reply.Recorded, ref.Execution)
		}
	}
	for _, rec := range recs[len(r.Unrecorded):] {
		if t, ok := mission.HeldBy(rec, r.Session); ok && !listed[t.Execution] {
			reply.Unlisted = append(reply.Unlisted, t.Sign(s.cfg.TicketKey))
		}
	}
	return nil
}

// unproven tells whether the soldier is to show the execution's ticket.
func (s *Service) unproven(ctx context.Context, rec store.Record, ref contracts.ExecutionRef) (bool, error) {
	var err error
	show := mission.Unproven(rec, ref, func() bool {
		var e store.Epoch
		e, err = s.cfg.Epoch(ctx)
		return err == nil && mission.Adoptable(e, ref.MissionID, contracts.At(s.cfg.Now()))
	})
	return show, err
}

// JWKS returns the public keys that verify the tokens (RFC 7517).
func (s *Service) JWKS() ([]byte, error) { return tokenauth.JWKS(s.cfg.Keys, s.cfg.Now()) }
