package mission

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// Store is what the service needs of a store.
type Store interface {
	Load(ctx context.Context, ids ...string) ([]store.Record, error)
	Peek(ctx context.Context, ids ...string) ([]store.Record, error)
	Remove(ctx context.Context, missions ...store.Removal) ([]string, error)
	Commit(ctx context.Context, changes ...store.Change) ([]store.Outcome, error)
	CreateAll(ctx context.Context, key *store.Idempotency, changes ...store.Change) ([]store.Outcome, error)
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

// Squads knows the squads: a squads.Registry.
type Squads interface {
	// Register makes sure that squads are there. store.ErrUnavailable where the store is away; other errors say that they can't be.
	Register(ctx context.Context, squads ...string) error
	// Held says why a mission of a squad is not to be started now; empty where it may. It fails with store.ErrUnavailable where
	// that is not known before ctx ends.
	Held(ctx context.Context, squad string) (why string, err error)
}

// anySquad is how it is without a registry: every squad is there, and none is held.
type anySquad struct{}

func (anySquad) Register(context.Context, ...string) error    { return nil }
func (anySquad) Held(context.Context, string) (string, error) { return "", nil }

// Observer counts what happens. Its methods must not block.
type Observer interface {
	Accepted()
	Retried()
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
	store    Store
	dispatch Dispatcher
	inboxes  Inboxes
	suspects Suspects
	squads   Squads
	observer Observer
	tally    Tally
	epoch    func(context.Context) (store.Epoch, error)
	now      func() contracts.Time
	claimed  func(queue string, dispatched contracts.Time)
	ran      func(squad, kind string, took time.Duration)
	recall   func(id string) (store.Record, bool)
	place    func(id, with string) string
	apart    bool
	creating *together
	admitted func()
	keys     Keys
	log      *zap.Logger
}

// Deps are what a Service works with.
type Deps struct {
	Store      Store
	Dispatcher Dispatcher
	Inboxes    Inboxes
	Suspects   Suspects
	// Squads may be nil: then every squad is there, and none is held.
	Squads   Squads
	Observer Observer
	// Tally may be nil.
	Tally Tally
	// Epoch is the store's, at least as new as that of anything that was read from it before the call. It fails with
	// store.ErrUnavailable where that is not known before ctx ends.
	Epoch func(ctx context.Context) (store.Epoch, error)
	// Now is the clock that all commanders share.
	Now func() contracts.Time
	// Claimed is told, of each claim of an order that was not delivered before, when that order was dispatched, and to which
	// queue. It must not block. It may be nil.
	Claimed func(queue string, dispatched contracts.Time)
	// Ran is told, of each mission that ended with its first run, for how long that was. It must not block. It may be nil.
	Ran func(squad, kind string, took time.Duration)
	// Recall returns what is remembered of a mission, which may be old. It must not block. It may be nil.
	Recall func(id string) (store.Record, bool)
	// Admitted is told that missions became due which had waited at a gate (store.Gates). It must not block. It may be nil.
	Admitted func()
	// Place is a store.Placer's. It may be nil. Apart says that what is placed with two words may lie apart: there is more than one
	// shard.
	Place func(id, with string) string
	Apart bool
	// TicketKey signs tickets, OrderKey seals orders; all commanders share them.
	TicketKey, OrderKey []byte
	Logger              *zap.Logger
}

// New returns a service.
func New(d Deps) *Service {
	if d.Claimed == nil {
		d.Claimed = func(string, contracts.Time) {}
	}
	if d.Ran == nil {
		d.Ran = func(string, string, time.Duration) {}
	}
	if d.Recall == nil {
		d.Recall = func(string) (store.Record, bool) { return store.Record{}, false }
	}
	if d.Squads == nil {
		d.Squads = anySquad{}
	}
	if d.Tally == nil {
		d.Tally = noTally{}
	}
	if d.Place == nil {
		d.Place = func(id, _ string) string { return id }
	}
	if d.Admitted == nil {
		d.Admitted = func() {}
	}
	watched := watched{d.Store, d.Admitted}
	return &Service{
		recall: d.Recall, place: d.Place, apart: d.Apart, creating: &together{commit: watched.Commit}, admitted: d.Admitted,
		store: watched, dispatch: d.Dispatcher, inboxes: d.Inboxes, suspects: d.Suspects, squads: d.Squads, observer: d.Observer, tally: d.Tally,
		epoch: d.Epoch, now: d.Now, claimed: d.Claimed, ran: d.Ran, keys: Keys{Ticket: d.TicketKey, Order: d.OrderKey}, log: d.Logger.Named("mission"),
	}
}

// Submit creates a mission from a validated request. With a key that was used before it returns the mission that the key
// made, ErrIdempotencyMismatch where the body was another, or ErrRemoved where it is kept no more. store.ErrUnavailable leaves open whether it was created; the
// mission then comes with the error, so that it can be kept elsewhere and created later under the same id. A unique key that
// somebody has is a TakenError.
func (s *Service) Submit(ctx context.Context, r contracts.MissionRequest, key *store.Idempotency) (contracts.Mission, error) {
	id, err := s.newID()
	if err != nil {
		return contracts.Mission{}, err
	}
	with := r.UniqueKey
	if with == "" && key != nil {
		with = key.Key // or anywhere
	}
	id = s.place(id, with)
	d := Accept(r, id, key, s.now())
	if err := s.squads.Register(ctx, r.Squad); err != nil {
		return d.created(), fmt.Errorf("register squad %s: %w", r.Squad, err)
	}
	o, err := s.creating.apply(ctx, *d.Change)
	if err != nil {
		return d.created(), fmt.Errorf("create mission: %w", err)
	}
	switch o.Code {
	case store.Applied:
		return s.accepted(d, o), nil
	case store.Duplicate:
		first, err := s.first(ctx, key, o.Existing)
		if err != nil {
			return contracts.Mission{}, err
		}
		return first[0], nil
	case store.Taken:
		return contracts.Mission{}, &TakenError{Key: r.UniqueKey, Holder: o.Holder}
	default:
		return contracts.Mission{}, fmt.Errorf("create mission %s: %w", id, ErrContended)
	}
}

// SubmitAll creates missions from validated requests, all of them or none, and returns them in the order of the requests.
// Otherwise it is as Submit: the key is that of the whole.
func (s *Service) SubmitAll(ctx context.Context, rs []contracts.MissionRequest, key *store.Idempotency) ([]contracts.Mission, error) {
	if err := s.fits(rs); err != nil {
		return nil, err
	}
	with := "" // what all are placed with: one step makes them
	if key != nil {
		with = key.Key
	}
	ids := make([]string, len(rs))
	for i := range ids {
		id, err := s.newID()
		if err != nil {
			return nil, err
		}
		if with == "" {
			with = id
		}
		ids[i] = s.place(id, with)
	}
	slices.Sort(ids) // so that lists have them in the order of the batch
	decisions, changes := make([]Decision, len(rs)), make([]store.Change, len(rs))
	now := s.now()
	for i, r := range rs {
		decisions[i] = Accept(r, ids[i], nil, now)
		changes[i] = *decisions[i].Change
	}
	outcomes, err := s.createAll(ctx, key, changes)
	if err != nil {
		missions := make([]contracts.Mission, len(rs))
		for i, d := range decisions {
			missions[i] = d.created()
		}
		return missions, fmt.Errorf("create %d missions: %w", len(rs), err)
	}
	switch o := outcomes[0]; o.Code {
	case store.Applied:
		missions := make([]contracts.Mission, len(rs))
		for i, d := range decisions {
			missions[i] = s.accepted(d, outcomes[i])
		}
		return missions, nil
	case store.Duplicate:
		return s.first(ctx, key, o.Existing)
	case store.Taken:
		return nil, takenOf(rs, outcomes)
	default:
		return nil, fmt.Errorf("create %d missions: %w", len(rs), ErrContended)
	}
}

// createAll creates missions together, once their squads are there.
func (s *Service) createAll(ctx context.Context, key *store.Idempotency, changes []store.Change) ([]store.Outcome, error) {
	named := make([]string, len(changes))
	for i, c := range changes {
		named[i] = c.Record.Mission.Squad
	}
	if err := s.squads.Register(ctx, named...); err != nil {
		return nil, fmt.Errorf("register squads: %w", err)
	}
	return s.store.CreateAll(ctx, key, changes...)
}

// created is the mission that a creation makes.
func (d Decision) created() contracts.Mission {
	m := d.Change.Record.Mission
	m.Version = 1
	return m
}

// accepted dispatches a mission that was created, and returns it.
func (s *Service) accepted(d Decision, o store.Outcome) contracts.Mission {
	rec := d.Change.Record
	rec.Mission = d.created()
	s.observer.Accepted()
	s.count(d.Change)
	if d.Dispatch == DispatchNow {
		s.send(rec, o)
	}
	return rec.Mission
}

// first answers a repeated request with the missions that its first try made.
func (s *Service) first(ctx context.Context, key *store.Idempotency, e store.Existing) ([]contracts.Mission, error) {
	if e.BodyHash != key.BodyHash {
		return nil, ErrIdempotencyMismatch
	}
	recs, err := s.store.Load(ctx, e.MissionIDs...)
	if err != nil {
		return nil, fmt.Errorf("load %d missions: %w", len(e.MissionIDs), err)
	}
	missions := make([]contracts.Mission, len(recs))
	for i, rec := range recs {
		if missions[i] = rec.Mission; rec.Mission.Version == 0 {
			return nil, fmt.Errorf("mission %s: %w", e.MissionIDs[i], ErrRemoved)
		}
	}
	return missions, nil
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
	rec, d, err := s.change(ctx, id, Cancel)
	if err != nil {
		return contracts.Mission{}, fmt.Errorf("cancel mission %s: %w", id, err)
	}
	if d.Answer.Type != "" {
		s.tell(ctx, rec.Session, d.Answer)
	}
	return rec.Mission, nil
}

// Retry sends a mission out again that FAILED or was CANCELLED: store.ErrNotFound, a StateError where its status is another, or its
// deadline has passed, or a TakenError where another one has its unique key meanwhile. After store.ErrUnavailable it is unknown whether it was; its attempt tells.
func (s *Service) Retry(ctx context.Context, id string) (contracts.Mission, error) {
	rec, _, err := s.change(ctx, id, Retry)
	if err != nil {
		return contracts.Mission{}, fmt.Errorf("retry mission %s: %w", id, err)
	}
	s.observer.Retried()
	return rec.Mission, nil
}

// change applies a rule to the truth about one mission, again where others came first. It returns the mission as it then
// is, and what the rule decided.
func (s *Service) change(ctx context.Context, id string, rule func(store.Record, contracts.Time) (Decision, error)) (store.Record, Decision, error) {
	for range maxRounds {
		recs, err := s.store.Load(ctx, id)
		if err != nil {
			return store.Record{}, Decision{}, fmt.Errorf("load: %w", err)
		}
		rec := recs[0]
		if rec.Mission.Version == 0 {
			return store.Record{}, Decision{}, store.ErrNotFound
		}
		d, err := rule(rec, s.now())
		if err != nil || d.Change == nil {
			return rec, d, err
		}
		outcomes, err := s.store.Commit(ctx, *d.Change)
		if err != nil {
			return store.Record{}, Decision{}, fmt.Errorf("commit: %w", err)
		}
		if o := outcomes[0]; o.Code == store.Applied {
			rec = s.applied(d.Change)
			if d.Dispatch == DispatchNow {
				s.send(rec, o)
			}
			return rec, d, nil
		} else if o.Code == store.Taken {
			return rec, Decision{}, &TakenError{Key: rec.Mission.UniqueKey, Holder: o.Holder}
		}
	}
	return store.Record{}, Decision{}, ErrContended
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

// applied returns the record that a change made, and counts it.
func (s *Service) applied(c *store.Change) store.Record {
	rec := c.Record
	rec.Mission.Version = c.Version()
	s.count(c)
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

// Resend sends the orders of missions again that are judged lost, and returns how many of the missions it changed.
func (s *Service) Resend(ctx context.Context, ids ...string) (int, error) {
	recs, err := s.store.Load(ctx, ids...)
	if err != nil {
		return 0, fmt.Errorf("load %d missions: %w", len(ids), err)
	}
	var changes []store.Change
	for _, rec := range recs {
		if d := Resend(rec, s.now()); d.Change != nil {
			changes = append(changes, *d.Change)
		}
	}
	if len(changes) == 0 {
		return 0, nil
	}
	outcomes, err := s.store.Commit(ctx, changes...)
	if err != nil {
		return 0, fmt.Errorf("commit %d changes: %w", len(changes), err)
	}
	resent := 0
	for i, o := range outcomes {
		if o.Code != store.Applied {
			continue // it was claimed meanwhile, or another commander was first
		}
		resent++
		rec := s.applied(&changes[i])
		if rec.Mission.Status == contracts.StatusQueued {
			s.send(rec, o)
		}
	}
	return resent, nil
}

// Redispatch publishes the orders of those changes that made a mission QUEUED.
func (s *Service) Redispatch(changes []store.Change, outcomes []store.Outcome) {
	tellAdmitted(outcomes, s.admitted)
	for i := range changes {
		rec := s.applied(&changes[i])
		if rec.Mission.Status == contracts.StatusQueued {
			s.send(rec, outcomes[i])
		}
	}
}
