package dualstore_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// gate is a primary that can be shut, in the ways in which Redis goes away.
type gate struct {
	mu   sync.Mutex
	to   store.Store
	mode mode
	// asked counts calls that came while the gate was not open; loads counts missions asked for by Load.
	asked, loads int
}

type mode int

const (
	open mode = iota
	// refusing answers ErrUnavailable at once.
	refusing
	// hanging answers nothing until the caller's context ends, or the primary's own patience.
	hanging
	// deaf does not even heed the context, until it is opened again.
	deaf
)

func (g *gate) set(m mode) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.mode, g.asked = m, 0
}

// swap puts another store behind the gate.
func (g *gate) swap(to store.Store) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.to = to
}

func (g *gate) count() (asked, loads int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.asked, g.loads
}

// pass returns the store behind the gate, when it is open.
func (g *gate) pass(ctx context.Context) (store.Store, error) {
	for {
		g.mu.Lock()
		to, m := g.to, g.mode
		if m != open {
			g.asked++
		}
		g.mu.Unlock()
		switch m {
		case open:
			return to, nil
		case refusing:
			return nil, fmt.Errorf("gate: %w", store.ErrUnavailable)
		case hanging:
			bounded, cancel := context.WithTimeout(ctx, 2*time.Second)
			<-bounded.Done()
			cancel()
			return nil, fmt.Errorf("gate: %w: %w", store.ErrUnavailable, bounded.Err())
		}
		time.Sleep(time.Second) // only in fake time
	}
}

func (g *gate) Load(ctx context.Context, ids ...string) ([]store.Record, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	g.loads += len(ids)
	g.mu.Unlock()
	return to.Load(ctx, ids...)
}

func (g *gate) Commit(ctx context.Context, changes ...store.Change) ([]store.Outcome, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return nil, err
	}
	return to.Commit(ctx, changes...)
}

func (g *gate) CreateAll(ctx context.Context, key *store.Idempotency, changes ...store.Change) ([]store.Outcome, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return nil, err
	}
	return to.CreateAll(ctx, key, changes...)
}

func (g *gate) Trim(ctx context.Context, t store.Trim) (store.Trimmed, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return store.Trimmed{}, err
	}
	return to.Trim(ctx, t)
}

func (g *gate) Remove(ctx context.Context, missions ...store.Removal) ([]string, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return nil, err
	}
	return to.Remove(ctx, missions...)
}

func (g *gate) Get(ctx context.Context, id string) (store.Record, store.Source, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return store.Record{}, store.Source{}, err
	}
	return to.Get(ctx, id)
}

func (g *gate) List(ctx context.Context, q store.Query) (store.Page, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return store.Page{}, err
	}
	return to.List(ctx, q)
}

func (g *gate) History(ctx context.Context, id string) (store.History, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return store.History{}, err
	}
	return to.History(ctx, id)
}

func (g *gate) Counts(ctx context.Context) (store.Counts, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return store.Counts{}, err
	}
	return to.Counts(ctx)
}

func (g *gate) SquadCounts(ctx context.Context) (store.SquadCounts, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return store.SquadCounts{}, err
	}
	return to.SquadCounts(ctx)
}

func (g *gate) Recount(ctx context.Context) (bool, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return false, err
	}
	return to.Recount(ctx)
}

func (g *gate) TakeDue(ctx context.Context, limit int, hold time.Duration) ([]store.Due, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return nil, err
	}
	return to.TakeDue(ctx, limit, hold)
}

func (g *gate) TakeDeadlines(ctx context.Context, limit int, hold time.Duration) ([]string, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return nil, err
	}
	return to.TakeDeadlines(ctx, limit, hold)
}

func (g *gate) ClearDue(ctx context.Context, entries ...store.Due) error {
	to, err := g.pass(ctx)
	if err != nil {
		return err
	}
	return to.ClearDue(ctx, entries...)
}

func (g *gate) Shelved(ctx context.Context, shelf string, before contracts.Time, limit int) ([]string, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return nil, err
	}
	return to.Shelved(ctx, shelf, before, limit)
}

func (g *gate) Unshelve(ctx context.Context, shelf string, before contracts.Time, limit int, at contracts.Time) (int, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return 0, err
	}
	return to.Unshelve(ctx, shelf, before, limit, at)
}

func (g *gate) BrokerID(ctx context.Context) (string, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return "", err
	}
	return to.BrokerID(ctx)
}

func (g *gate) SwapBrokerID(ctx context.Context, old, next string) (bool, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return false, err
	}
	return to.SwapBrokerID(ctx, old, next)
}

func (g *gate) AddReports(ctx context.Context, reports ...store.Report) error {
	to, err := g.pass(ctx)
	if err != nil {
		return err
	}
	return to.AddReports(ctx, reports...)
}

func (g *gate) Progress(ctx context.Context, ids ...string) ([]store.Progress, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return nil, err
	}
	return to.Progress(ctx, ids...)
}

func (g *gate) Log(ctx context.Context, id string, after int64) (store.Log, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return store.Log{}, err
	}
	return to.Log(ctx, id, after)
}

func (g *gate) Document(ctx context.Context, collection, name string) (store.Document, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return store.Document{}, err
	}
	return to.Document(ctx, collection, name)
}

func (g *gate) ListDocuments(ctx context.Context, collection string) ([]store.Document, store.Source, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return nil, store.Source{}, err
	}
	return to.ListDocuments(ctx, collection)
}

func (g *gate) PutDocument(ctx context.Context, collection string, d store.Document) (int64, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return 0, err
	}
	return to.PutDocument(ctx, collection, d)
}

func (g *gate) DeleteDocument(ctx context.Context, collection, name string, ifVersion int64) error {
	to, err := g.pass(ctx)
	if err != nil {
		return err
	}
	return to.DeleteDocument(ctx, collection, name, ifVersion)
}

func (g *gate) Renew(ctx context.Context, s store.Session, lease time.Duration) (store.Session, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return store.Session{}, err
	}
	return to.Renew(ctx, s, lease)
}

func (g *gate) Session(ctx context.Context, id string) (store.Session, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return store.Session{}, err
	}
	return to.Session(ctx, id)
}

func (g *gate) Drain(ctx context.Context, id string) (store.Session, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return store.Session{}, err
	}
	return to.Drain(ctx, id)
}

func (g *gate) ListSessions(ctx context.Context) ([]store.Session, store.Source, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return nil, store.Source{}, err
	}
	return to.ListSessions(ctx)
}

func (g *gate) Expired(ctx context.Context, limit int) ([]store.Session, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return nil, err
	}
	return to.Expired(ctx, limit)
}

func (g *gate) Peek(ctx context.Context, ids ...string) ([]store.Record, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return nil, err
	}
	return to.Peek(ctx, ids...)
}

func (g *gate) SessionMissions(ctx context.Context, id string) ([]string, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return nil, err
	}
	return to.SessionMissions(ctx, id)
}

func (g *gate) Bury(ctx context.Context, id string, ifRenewedAt contracts.Time, changes ...store.Change) ([]store.Outcome, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return nil, err
	}
	return to.Bury(ctx, id, ifRenewedAt, changes...)
}

// ReadEvents waits in steps, so that a gate that is shut meanwhile is noticed.
func (g *gate) ReadEvents(ctx context.Context, after string, limit int, wait time.Duration) ([]store.Event, error) {
	for end := time.Now().Add(wait); ; {
		to, err := g.pass(ctx)
		if err != nil {
			return nil, err
		}
		events, err := to.ReadEvents(ctx, after, limit, min(10*time.Millisecond, wait))
		if err != nil || len(events) > 0 || !time.Now().Before(end) {
			return events, err
		}
	}
}

func (g *gate) LastEvent(ctx context.Context) (string, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return "", err
	}
	return to.LastEvent(ctx)
}

func (g *gate) Now(ctx context.Context) (time.Time, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return time.Time{}, err
	}
	return to.Now(ctx)
}

func (g *gate) Check(ctx context.Context) (string, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return "", err
	}
	return to.Check(ctx)
}

func (g *gate) Settle(ctx context.Context) (store.Epoch, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return store.Epoch{}, err
	}
	return to.Settle(ctx)
}

func (g *gate) Gates(ctx context.Context, keys ...string) ([]store.Gate, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return nil, err
	}
	return to.Gates(ctx, keys...)
}

func (g *gate) WaitsAtGate(ctx context.Context, key, missionID string) (bool, error) {
	to, err := g.pass(ctx)
	if err != nil {
		return false, err
	}
	return to.WaitsAtGate(ctx, key, missionID)
}

func (g *gate) OpenGate(ctx context.Context, key string) error {
	to, err := g.pass(ctx)
	if err != nil {
		return err
	}
	return to.OpenGate(ctx, key)
}
