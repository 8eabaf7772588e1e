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

// ailing is a store that can be away. What goes away takes an answer with it: the first commit afterwards is applied,
// and yet fails.
type ailing struct {
	*memstore.Store
	away    atomic.Bool
	parting atomic.Bool
}

func newAiling() *ailing { return &ailing{Store: memstore.New(memstore.Config{})} }

func (a *ailing) leave()  { a.parting.Store(true); a.away.Store(true) }
func (a *ailing) comeTo() { a.away.Store(false) }

// do makes a call, unless the store is away, or goes while it lasts.
func do[T any](a *ailing, call func() (T, error)) (T, error) {
	var none T
	if a.away.Load() {
		return none, fmt.Errorf("ailing: %w", store.ErrUnavailable)
	}
	out, err := call()
	if a.away.Load() {
		return none, fmt.Errorf("ailing: %w", store.ErrUnavailable)
	}
	return out, err
}

func (a *ailing) Load(ctx context.Context, ids ...string) ([]store.Record, error) {
	return do(a, func() ([]store.Record, error) { return a.Store.Load(ctx, ids...) })
}

func (a *ailing) Commit(ctx context.Context, changes ...store.Change) ([]store.Outcome, error) {
	if a.away.Load() && a.parting.CompareAndSwap(true, false) {
		_, _ = a.Store.Commit(ctx, changes...)
	}
	return do(a, func() ([]store.Outcome, error) { return a.Store.Commit(ctx, changes...) })
}

func (a *ailing) Get(ctx context.Context, id string) (store.Record, store.Source, error) {
	var from store.Source
	rec, err := do(a, func() (rec store.Record, err error) {
		rec, from, err = a.Store.Get(ctx, id)
		return rec, err
	})
	return rec, from, err
}

func (a *ailing) List(ctx context.Context, q store.Query) (store.Page, error) {
	return do(a, func() (store.Page, error) { return a.Store.List(ctx, q) })
}

func (a *ailing) History(ctx context.Context, id string) (store.History, error) {
	return do(a, func() (store.History, error) { return a.Store.History(ctx, id) })
}

func (a *ailing) Counts(ctx context.Context) (store.Counts, error) {
	return do(a, func() (store.Counts, error) { return a.Store.Counts(ctx) })
}

func (a *ailing) TakeDue(ctx context.Context, limit int, hold time.Duration) ([]store.Due, error) {
	return do(a, func() ([]store.Due, error) { return a.Store.TakeDue(ctx, limit, hold) })
}

func (a *ailing) ClearDue(ctx context.Context, entries ...store.Due) error {
	_, err := do(a, func() (struct{}, error) { return struct{}{}, a.Store.ClearDue(ctx, entries...) })
	return err
}

func (a *ailing) Shelved(ctx context.Context, shelf string, before contracts.Time, limit int) ([]string, error) {
	return do(a, func() ([]string, error) { return a.Store.Shelved(ctx, shelf, before, limit) })
}

func (a *ailing) Unshelve(ctx context.Context, shelf string, before contracts.Time, limit int, at contracts.Time) (int, error) {
	return do(a, func() (int, error) { return a.Store.Unshelve(ctx, shelf, before, limit, at) })
}

func (a *ailing) BrokerID(ctx context.Context) (string, error) {
	return do(a, func() (string, error) { return a.Store.BrokerID(ctx) })
}

func (a *ailing) SwapBrokerID(ctx context.Context, old, next string) (bool, error) {
	return do(a, func() (bool, error) { return a.Store.SwapBrokerID(ctx, old, next) })
}

func (a *ailing) Renew(ctx context.Context, s store.Session, lease time.Duration) (store.Session, error) {
	return do(a, func() (store.Session, error) { return a.Store.Renew(ctx, s, lease) })
}

func (a *ailing) Session(ctx context.Context, id string) (store.Session, error) {
	return do(a, func() (store.Session, error) { return a.Store.Session(ctx, id) })
}

func (a *ailing) ListSessions(ctx context.Context) ([]store.Session, store.Source, error) {
	var from store.Source
	list, err := do(a, func() (list []store.Session, err error) {
		list, from, err = a.Store.ListSessions(ctx)
		return list, err
	})
	return list, from, err
}

func (a *ailing) Expired(ctx context.Context, limit int) ([]store.Session, error) {
	return do(a, func() ([]store.Session, error) { return a.Store.Expired(ctx, limit) })
}

func (a *ailing) SessionMissions(ctx context.Context, id string) ([]string, error) {
	return do(a, func() ([]string, error) { return a.Store.SessionMissions(ctx, id) })
}

func (a *ailing) Bury(ctx context.Context, id string, ifRenewedAt contracts.Time, changes ...store.Change) ([]store.Outcome, error) {
	return do(a, func() ([]store.Outcome, error) { return a.Store.Bury(ctx, id, ifRenewedAt, changes...) })
}

func (a *ailing) ReadEvents(ctx context.Context, after string, limit int, wait time.Duration) ([]store.Event, error) {
	return do(a, func() ([]store.Event, error) { return a.Store.ReadEvents(ctx, after, limit, wait) })
}

func (a *ailing) LastEvent(ctx context.Context) (string, error) {
	return do(a, func() (string, error) { return a.Store.LastEvent(ctx) })
}

func (a *ailing) Now(ctx context.Context) (time.Time, error) {
	return do(a, func() (time.Time, error) { return a.Store.Now(ctx) })
}

func (a *ailing) Check(ctx context.Context) (string, error) {
	return do(a, func() (string, error) { return a.Store.Check(ctx) })
}
