package mission

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// Store is what the service needs of a store.
type Store interface {
	Load(ctx context.Context, ids ...string) ([]store.Record, error)
	Commit(ctx context.Context, changes ...store.Change) ([]store.Outcome, error)
	Session(ctx context.Context, id string) (store.Session, error)
}

// Dispatcher publishes the order of a QUEUED mission, soon and in the background. If it can't, the due entry stays and
// somebody else will.
type Dispatcher interface {
	Dispatch(rec store.Record, dispatch int64)
}

// Inboxes sends answers to soldiers, in the background. Any answer may be lost.
type Inboxes interface {
	Send(inbox string, answers ...contracts.Answer)
}

// Suspects is told of sessions that may be gone. It must not block.
type Suspects interface {
	Suspect(session string)
}

// Observer counts what happens. Its methods must not block.
type Observer interface {
	Accepted()
	Claimed(answer contracts.AnswerType)
	Recorded(update contracts.UpdateStatus)
	Refused(reason string)
	Ended(status contracts.Status)
}

// maxRounds bounds how often a change is decided anew because others came first. Each time somebody's change came
// through, so this many in a row is a storm, not a lock.
const maxRounds = 20

// Service runs the rules against the store.
type Service struct {
	store     Store
	dispatch  Dispatcher
	inboxes   Inboxes
	suspects  Suspects
	observer  Observer
	now       func() contracts.Time
	ticketKey []byte
	log       *zap.Logger
}

// Deps are what a Service works with.
type Deps struct {
	Store      Store
	Dispatcher Dispatcher
	Inboxes    Inboxes
	Suspects   Suspects
	Observer   Observer
	// Now is the clock that all commanders share.
	Now func() contracts.Time
	// TicketKey signs tickets; all commanders share it.
	TicketKey []byte
	Logger    *zap.Logger
}

// New returns a service.
func New(d Deps) *Service {
	return &Service{
		store: d.Store, dispatch: d.Dispatcher, inboxes: d.Inboxes, suspects: d.Suspects,
		observer: d.Observer, now: d.Now, ticketKey: d.TicketKey, log: d.Logger.Named("mission"),
	}
}

// Submit creates a mission from a validated request. With a key that was used before it returns the mission that the key
// made, or ErrIdempotencyMismatch where the body was another. store.ErrUnavailable leaves open whether it was created.
func (s *Service) Submit(ctx context.Context, r contracts.MissionRequest, key *store.Idempotency) (contracts.Mission, error) {
	id, err := s.newID()
	if err != nil {
		return contracts.Mission{}, err
	}
	d := Accept(r, id, key, s.now())
	outcomes, err := s.store.Commit(ctx, *d.Change)
	if err != nil {
		return contracts.Mission{}, fmt.Errorf("create mission: %w", err)
	}
	switch o := outcomes[0]; o.Code {
	case store.Applied:
		rec := d.Change.Record
		rec.Mission.Version = 1
		s.observer.Accepted()
		if d.Dispatch == DispatchNow {
			s.dispatch.Dispatch(rec, o.Dispatch)
		}
		return rec.Mission, nil
	case store.Duplicate:
		return s.first(ctx, key, o.Existing)
	default:
		return contracts.Mission{}, fmt.Errorf("create mission %s: %w", id, ErrContended)
	}
}

// first answers a repeated request with the mission that its first try made.
func (s *Service) first(ctx context.Context, key *store.Idempotency, e store.Existing) (contracts.Mission, error) {
	if e.BodyHash != key.BodyHash {
		return contracts.Mission{}, ErrIdempotencyMismatch
	}
	recs, err := s.store.Load(ctx, e.MissionID)
	if err != nil {
		return contracts.Mission{}, fmt.Errorf("load mission %s: %w", e.MissionID, err)
	}
	if recs[0].Mission.Version == 0 {
		return contracts.Mission{}, fmt.Errorf("mission %s of that idempotency key: %w", e.MissionID, store.ErrNotFound)
	}
	return recs[0].Mission, nil
}

// newID returns a UUIDv7 whose time is the shared clock's, so that ids of all commanders sort by creation.
func (s *Service) newID() (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("make mission id: %w", err)
	}
	ms := uint64(s.now().Millis())
	for i := range 6 {
		id[i] = byte(ms >> (8 * (5 - i)))
	}
	return id.String(), nil
}

// Cancel asks for the end of a mission: store.ErrNotFound, or a StateError where it has ended.
func (s *Service) Cancel(ctx context.Context, id string) (contracts.Mission, error) {
	for range maxRounds {
		recs, err := s.store.Load(ctx, id)
		if err != nil {
			return contracts.Mission{}, fmt.Errorf("load mission %s: %w", id, err)
		}
		rec := recs[0]
		if rec.Mission.Version == 0 {
			return contracts.Mission{}, fmt.Errorf("mission %s: %w", id, store.ErrNotFound)
		}
		d, err := Cancel(rec, s.now())
		if err != nil {
			return contracts.Mission{}, err
		}
		applied := rec
		if d.Change != nil {
			outcomes, err := s.store.Commit(ctx, *d.Change)
			if err != nil {
				return contracts.Mission{}, fmt.Errorf("cancel mission %s: %w", id, err)
			}
			if outcomes[0].Code != store.Applied {
				continue
			}
			applied = s.applied(d.Change)
		}
		if d.Answer.Type != "" {
			s.tell(ctx, rec.Session, d.Answer)
		}
		return applied.Mission, nil
	}
	return contracts.Mission{}, fmt.Errorf("cancel mission %s: %w", id, ErrContended)
}

// tell sends an answer to a session's inbox. Where that can't be had, the session's next renewal tells it.
func (s *Service) tell(ctx context.Context, session string, a contracts.Answer) {
	got, err := s.store.Session(ctx, session)
	if err != nil {
		s.log.Debug("session can't be told at once", zap.String("session", session), zap.Error(err))
		return
	}
	if got.Inbox != "" {
		s.inboxes.Send(got.Inbox, a)
	}
}

// applied returns the record that a change made, and counts its end.
func (s *Service) applied(c *store.Change) store.Record {
	rec := c.Record
	rec.Mission.Version = c.IfVersion + 1
	ended := rec.Mission.Status.Terminal() && !slices.ContainsFunc(c.History, func(l contracts.HistoryLine) bool { return l.Refused })
	if ended {
		s.observer.Ended(rec.Mission.Status)
	}
	return rec
}

// Lost is what a death does to the missions of a session, as changes for store.Sessions.Bury. Each is dispatched by
// Redispatch once they are applied.
func (s *Service) Lost(recs []store.Record) []store.Change {
	changes := make([]store.Change, len(recs))
	for i, rec := range recs {
		changes[i] = *Lose(rec, s.now()).Change
	}
	return changes
}

// Redispatch publishes the orders of those changes that made a mission QUEUED.
func (s *Service) Redispatch(changes []store.Change, outcomes []store.Outcome) {
	for i := range changes {
		rec := s.applied(&changes[i])
		if rec.Mission.Status == contracts.StatusQueued {
			s.dispatch.Dispatch(rec, outcomes[i].Dispatch)
		}
	}
}
