package squads_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/squads"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker/membroker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

// installation is a store and a broker that commanders share.
type installation struct {
	t      *testing.T
	broker *membroker.Server
	data   atomic.Pointer[memstore.Store]
	away   atomic.Bool // the store
	cut    atomic.Bool // the broker
	// meanwhile is called before a document is deleted, where it is set.
	meanwhile func()
	recount   func(context.Context) (bool, error)
}

func newInstallation(t *testing.T) *installation {
	all := topology.Default()
	i := &installation{t: t, broker: membroker.New(), recount: func(context.Context) (bool, error) { return true, nil }}
	i.wipe()
	first := i.broker.Connect(membroker.Config{Topology: &all})
	t.Cleanup(func() { _ = first.Close(context.Background()) })
	return i
}

// within is when all commanders know what one of them did.
const within = 1100 * time.Millisecond

// wipe has the store lose all it has.
func (i *installation) wipe() { i.data.Store(memstore.New(memstore.Config{})) }

func now() contracts.Time { return contracts.At(time.Now()) }

// seen is the store as one commander sees it.
type seen struct{ i *installation }

func (s seen) fail() error {
	if s.i.away.Load() {
		return store.ErrUnavailable
	}
	return nil
}

func (s seen) ListDocuments(ctx context.Context, c string) ([]store.Document, store.Source, error) {
	if err := s.fail(); err != nil {
		return nil, store.Source{}, err
	}
	return s.i.data.Load().ListDocuments(ctx, c)
}

func (s seen) Document(ctx context.Context, c, name string) (store.Document, error) {
	if err := s.fail(); err != nil {
		return store.Document{}, err
	}
	return s.i.data.Load().Document(ctx, c, name)
}

func (s seen) PutDocument(ctx context.Context, c string, d store.Document) (int64, error) {
	if err := s.fail(); err != nil {
		return 0, err
	}
	return s.i.data.Load().PutDocument(ctx, c, d)
}

func (s seen) DeleteDocument(ctx context.Context, c, name string, version int64) error {
	if s.i.meanwhile != nil {
		s.i.meanwhile()
	}
	return s.i.data.Load().DeleteDocument(ctx, c, name, version)
}

func (s seen) List(ctx context.Context, q store.Query) (store.Page, error) {
	return s.i.data.Load().List(ctx, q)
}

func (s seen) Recount(ctx context.Context) (bool, error) {
	if err := s.fail(); err != nil {
		return false, err
	}
	return s.i.recount(ctx)
}

func (s seen) ListSessions(ctx context.Context) ([]store.Session, store.Source, error) {
	if err := s.fail(); err != nil {
		return nil, store.Source{}, err
	}
	return s.i.data.Load().ListSessions(ctx)
}

// commander starts a registry of its own.
func (i *installation) commander() *squads.Registry {
	client := i.broker.Connect(membroker.Config{})
	r := squads.New(squads.Config{
		Store: seen{i}, Broker: client, Now: now, Logger: zap.NewNop(),
		Connected: func() bool { return !i.cut.Load() && client.Health().Connected },
	})
	i.t.Cleanup(func() {
		for range 2 {
			if err := r.Stop(context.Background()); err != nil {
				i.t.Error(err)
			}
		}
		_ = client.Close(context.Background())
	})
	for range 2 {
		if err := r.Start(i.t.Context()); err != nil {
			i.t.Fatal(err)
		}
	}
	synctest.Wait()
	return r
}

func (i *installation) must(err error) {
	i.t.Helper()
	if err != nil {
		i.t.Fatal(err)
	}
}

func names(r *squads.Registry) []string {
	list, _ := r.List()
	var out []string
	for _, s := range list {
		out = append(out, s.Name)
	}
	return out
}

func (i *installation) wantNames(r *squads.Registry, want ...string) {
	i.t.Helper()
	if got := names(r); !slices.Equal(got, want) {
		i.t.Errorf("squads %v, want %v", got, want)
	}
}

func queue(squad string) string { return topology.OrdersQueue(squad, contracts.PriorityHigh) }

func (i *installation) wantOpen(r *squads.Registry, squad string, want bool) {
	i.t.Helper()
	if got := r.Open(queue(squad)); got != want {
		i.t.Errorf("%s is open: %v, want %v", squad, got, want)
	}
}

// declared tells whether the broker has a squad's queues.
func (i *installation) declared(squad string) bool {
	i.t.Helper()
	client := i.broker.Connect(membroker.Config{})
	defer client.Close(context.Background()) //nolint:errcheck // a look
	_, err := client.Depth(context.Background(), queue(squad))
	return err == nil
}

// held is what a claim of a squad's mission would be told.
func (i *installation) held(r *squads.Registry, squad string) string {
	i.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	why, err := r.Held(ctx, squad)
	if errors.Is(err, store.ErrUnavailable) {
		return "unknown"
	}
	i.must(err)
	return why
}
