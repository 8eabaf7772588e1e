package system

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

// ailing is a store that can be away, and be wiped. What goes away takes an answer with it: the first commit afterwards is
// applied, and yet fails.
type ailing struct {
	data    atomic.Pointer[memstore.Store]
	away    atomic.Bool
	parting atomic.Bool
	wiped   atomic.Bool // and not settled since
	wipes   atomic.Int32
}

var _ store.Store = (*ailing)(nil)

func newAiling() *ailing {
	a := &ailing{}
	a.data.Store(memstore.New(memstore.Config{}))
	return a
}

func (a *ailing) leave()  { a.parting.Store(true); a.away.Store(true) }
func (a *ailing) comeTo() { a.away.Store(false) }

func (a *ailing) at() *memstore.Store { return a.data.Load() }

// wipe takes all that the store has.
func (a *ailing) wipe() {
	a.wiped.Store(true)
	a.wipes.Add(1)
	a.data.Store(memstore.New(memstore.Config{}))
}

// do makes a call, unless the store is away or wiped, or that happens while it lasts.
func do[T any](a *ailing, call func() (T, error)) (T, error) {
	var none T
	if err := a.ill(); err != nil {
		return none, err
	}
	data := a.data.Load()
	out, err := call()
	if err := a.ill(); err != nil {
		return none, err
	}
	if a.data.Load() != data {
		return none, fmt.Errorf("ailing: %w", store.ErrUnavailable)
	}
	return out, err
}

func (a *ailing) ill() error {
	switch {
	case a.away.Load():
		return fmt.Errorf("ailing: %w", store.ErrUnavailable)
	case a.wiped.Load():
		return fmt.Errorf("ailing: %w: %w", store.ErrUnavailable, store.ErrWiped)
	}
	return nil
}

func (a *ailing) Settle(ctx context.Context) (store.Epoch, error) {
	if a.away.Load() {
		return store.Epoch{}, fmt.Errorf("ailing: %w", store.ErrUnavailable)
	}
	e, err := a.at().Settle(ctx)
	if a.wipes.Load() > 0 {
		e.Origin = store.EpochWiped
	}
	a.wiped.Store(false)
	return e, err
}

func (a *ailing) Peek(ctx context.Context, ids ...string) ([]store.Record, error) {
	return do(a, func() ([]store.Record, error) { return a.at().Peek(ctx, ids...) })
}

func (a *ailing) CreateAll(ctx context.Context, key *store.Idempotency, changes ...store.Change) ([]store.Outcome, error) {
	return do(a, func() ([]store.Outcome, error) { return a.at().CreateAll(ctx, key, changes...) })
}

func (a *ailing) Trim(ctx context.Context, t store.Trim) (store.Trimmed, error) {
	return do(a, func() (store.Trimmed, error) { return a.at().Trim(ctx, t) })
}

func (a *ailing) Remove(ctx context.Context, missions ...store.Removal) ([]string, error) {
	return do(a, func() ([]string, error) { return a.at().Remove(ctx, missions...) })
}

func (a *ailing) Load(ctx context.Context, ids ...string) ([]store.Record, error) {
	return do(a, func() ([]store.Record, error) { return a.at().Load(ctx, ids...) })
}

func (a *ailing) Commit(ctx context.Context, changes ...store.Change) ([]store.Outcome, error) {
	if a.away.Load() && a.parting.CompareAndSwap(true, false) {
		_, _ = a.at().Commit(ctx, changes...)
	}
	return do(a, func() ([]store.Outcome, error) { return a.at().Commit(ctx, changes...) })
}

func (a *ailing) Get(ctx context.Context, id string) (store.Record, store.Source, error) {
	var from store.Source
	rec, err := do(a, func() (rec store.Record, err error) {
		rec, from, err = a.at().Get(ctx, id)
		return rec, err
	})
	return rec, from, err
}

func (a *ailing) List(ctx context.Context, q store.Query) (store.Page, error) {
	return do(a, func() (store.Page, error) { return a.at().List(ctx, q) })
}

func (a *ailing) History(ctx context.Context, id string) (store.History, error) {
	return do(a, func() (store.History, error) { return a.at().History(ctx, id) })
}

func (a *ailing) Counts(ctx context.Context) (store.Counts, error) {
	return do(a, func() (store.Counts, error) { return a.at().Counts(ctx) })
}

func (a *ailing) SquadCounts(ctx context.Context) (store.SquadCounts, error) {
	return do(a, func() (store.SquadCounts, error) { return a.at().SquadCounts(ctx) })
}

func (a *ailing) Recount(ctx context.Context) (bool, error) {
	return do(a, func() (bool, error) { return a.at().Recount(ctx) })
}

func (a *ailing) TakeDue(ctx context.Context, limit int, hold time.Duration) ([]store.Due, error) {
	return do(a, func() ([]store.Due, error) { return a.at().TakeDue(ctx, limit, hold) })
}

func (a *ailing) TakeDeadlines(ctx context.Context, limit int, hold time.Duration) ([]string, error) {
	return do(a, func() ([]string, error) { return a.at().TakeDeadlines(ctx, limit, hold) })
}

func (a *ailing) ClearDue(ctx context.Context, entries ...store.Due) error {
	_, err := do(a, func() (struct{}, error) { return struct{}{}, a.at().ClearDue(ctx, entries...) })
	return err
}

func (a *ailing) Shelved(ctx context.Context, shelf string, before contracts.Time, limit int) ([]string, error) {
	return do(a, func() ([]string, error) { return a.at().Shelved(ctx, shelf, before, limit) })
}

func (a *ailing) Unshelve(ctx context.Context, shelf string, before contracts.Time, limit int, at contracts.Time) (int, error) {
	return do(a, func() (int, error) { return a.at().Unshelve(ctx, shelf, before, limit, at) })
}

func (a *ailing) BrokerID(ctx context.Context) (string, error) {
	return do(a, func() (string, error) { return a.at().BrokerID(ctx) })
}

func (a *ailing) SwapBrokerID(ctx context.Context, old, next string) (bool, error) {
	return do(a, func() (bool, error) { return a.at().SwapBrokerID(ctx, old, next) })
}

func (a *ailing) AddReports(ctx context.Context, reports ...store.Report) error {
	_, err := do(a, func() (struct{}, error) { return struct{}{}, a.at().AddReports(ctx, reports...) })
	return err
}

func (a *ailing) Progress(ctx context.Context, ids ...string) ([]store.Progress, error) {
	return do(a, func() ([]store.Progress, error) { return a.at().Progress(ctx, ids...) })
}

func (a *ailing) Log(ctx context.Context, id string, after int64) (store.Log, error) {
	return do(a, func() (store.Log, error) { return a.at().Log(ctx, id, after) })
}

func (a *ailing) Document(ctx context.Context, collection, name string) (store.Document, error) {
	return do(a, func() (store.Document, error) { return a.at().Document(ctx, collection, name) })
}

func (a *ailing) ListDocuments(ctx context.Context, collection string) ([]store.Document, store.Source, error) {
	var source store.Source
	list, err := do(a, func() (list []store.Document, err error) {
		list, source, err = a.at().ListDocuments(ctx, collection)
		return list, err
	})
	return list, source, err
}

func (a *ailing) PutDocument(ctx context.Context, collection string, d store.Document) (int64, error) {
	return do(a, func() (int64, error) { return a.at().PutDocument(ctx, collection, d) })
}

func (a *ailing) DeleteDocument(ctx context.Context, collection, name string, ifVersion int64) error {
	_, err := do(a, func() (struct{}, error) { return struct{}{}, a.at().DeleteDocument(ctx, collection, name, ifVersion) })
	return err
}

func (a *ailing) Renew(ctx context.Context, s store.Session, lease time.Duration) (store.Session, error) {
	return do(a, func() (store.Session, error) { return a.at().Renew(ctx, s, lease) })
}

func (a *ailing) Session(ctx context.Context, id string) (store.Session, error) {
	return do(a, func() (store.Session, error) { return a.at().Session(ctx, id) })
}

func (a *ailing) Drain(ctx context.Context, id string) (store.Session, error) {
	return do(a, func() (store.Session, error) { return a.at().Drain(ctx, id) })
}

func (a *ailing) ListSessions(ctx context.Context) ([]store.Session, store.Source, error) {
	var from store.Source
	list, err := do(a, func() (list []store.Session, err error) {
		list, from, err = a.at().ListSessions(ctx)
		return list, err
	})
	return list, from, err
}

func (a *ailing) Expired(ctx context.Context, limit int) ([]store.Session, error) {
	return do(a, func() ([]store.Session, error) { return a.at().Expired(ctx, limit) })
}

func (a *ailing) SessionMissions(ctx context.Context, id string) ([]string, error) {
	return do(a, func() ([]string, error) { return a.at().SessionMissions(ctx, id) })
}

func (a *ailing) Bury(ctx context.Context, id string, ifRenewedAt contracts.Time, changes ...store.Change) ([]store.Outcome, error) {
	return do(a, func() ([]store.Outcome, error) { return a.at().Bury(ctx, id, ifRenewedAt, changes...) })
}

func (a *ailing) ReadEvents(ctx context.Context, after string, limit int, wait time.Duration) ([]store.Event, error) {
	return do(a, func() ([]store.Event, error) { return a.at().ReadEvents(ctx, after, limit, wait) })
}

func (a *ailing) LastEvent(ctx context.Context) (string, error) {
	return do(a, func() (string, error) { return a.at().LastEvent(ctx) })
}

func (a *ailing) Now(ctx context.Context) (time.Time, error) {
	return do(a, func() (time.Time, error) { return a.at().Now(ctx) })
}

func (a *ailing) Check(ctx context.Context) (string, error) {
	return do(a, func() (string, error) { return a.at().Check(ctx) })
}

func (a *ailing) Gates(ctx context.Context, keys ...string) ([]store.Gate, error) {
	return do(a, func() ([]store.Gate, error) { return a.at().Gates(ctx, keys...) })
}

func (a *ailing) WaitsAtGate(ctx context.Context, key, missionID string) (bool, error) {
	return do(a, func() (bool, error) { return a.at().WaitsAtGate(ctx, key, missionID) })
}

func (a *ailing) OpenGate(ctx context.Context, key string) error {
	_, err := do(a, func() (struct{}, error) { return struct{}{}, a.at().OpenGate(ctx, key) })
	return err
}
