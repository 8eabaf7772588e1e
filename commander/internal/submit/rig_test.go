package submit_test

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

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/commander/internal/submit"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/broker/membroker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var key = []byte("a key for submissions, 32 bytes.")

var errDamaged = errors.New("the record is damaged")

// faulty is a store that can be away, after it did what it was asked for or before.
type faulty struct {
	*memstore.Store
	away, deaf atomic.Bool
	// damaged names a mission that can't be created.
	damaged atomic.Pointer[string]
	// slow names a mission that is never created in time.
	slow atomic.Pointer[string]
}

func (f *faulty) do(ctx context.Context, changes []store.Change, commit func() ([]store.Outcome, error)) ([]store.Outcome, error) {
	for _, c := range changes {
		if bad := f.damaged.Load(); bad != nil && c.Record.Mission.Name == *bad {
			return nil, errDamaged
		}
		if slow := f.slow.Load(); slow != nil && c.Record.Mission.Name == *slow {
			<-ctx.Done()
			return nil, fmt.Errorf("%w: %w", store.ErrUnavailable, ctx.Err())
		}
	}
	if f.away.Load() {
		return nil, store.ErrUnavailable
	}
	out, err := commit()
	if f.deaf.Load() {
		return nil, store.ErrUnavailable
	}
	return out, err
}

func (f *faulty) Commit(ctx context.Context, changes ...store.Change) ([]store.Outcome, error) {
	return f.do(ctx, changes, func() ([]store.Outcome, error) { return f.Store.Commit(ctx, changes...) })
}

func (f *faulty) CreateAll(ctx context.Context, k *store.Idempotency, changes ...store.Change) ([]store.Outcome, error) {
	return f.do(ctx, changes, func() ([]store.Outcome, error) { return f.Store.CreateAll(ctx, k, changes...) })
}

func (f *faulty) check(context.Context) error {
	if f.away.Load() {
		return store.ErrUnavailable
	}
	return nil
}

// rig is a desk and an intake, in a bubble.
type rig struct {
	t        *testing.T
	broker   *membroker.Server
	client   *membroker.Client
	store    *faulty
	missions *mission.Service
	desk     *submit.Desk
	intake   *submit.Intake

	mu         sync.Mutex
	dispatched []string
	refused    []string
	kept       int
}

func now() contracts.Time { return contracts.At(time.Now()) }

func newRig(t *testing.T) *rig {
	r := &rig{t: t, broker: membroker.New(), store: &faulty{Store: memstore.New(memstore.Config{})}}
	all := topology.Default()
	r.client = r.broker.Connect(membroker.Config{Topology: &all})
	t.Cleanup(func() {
		if err := r.client.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	r.missions = mission.New(mission.Deps{
		Store: r.store, Dispatcher: r, Observer: r, TicketKey: key, Logger: zap.NewNop(), Now: now,
	})
	r.desk = submit.NewDesk(r.missions, r.client, key, func() { r.intake.Accepted(); r.note(func() { r.kept++ }) }, zap.NewNop())
	r.newIntake(r.missions)
	return r
}

func (r *rig) newIntake(c submit.Creator) {
	r.intake = submit.NewIntake(submit.Config{
		Broker: r.client, Missions: c, Key: key, Check: r.store.check, Now: now, Logger: zap.NewNop(),
		Refused: func(reason string) { r.note(func() { r.refused = append(r.refused, reason) }) },
	})
}

// start starts the intake.
func (r *rig) start() {
	for range 2 {
		r.must(r.intake.Start(r.t.Context()))
	}
	r.t.Cleanup(func() { r.must(r.intake.Stop(context.Background())) })
	synctest.Wait()
}

func (r *rig) note(f func()) { r.mu.Lock(); defer r.mu.Unlock(); f() }

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// What the mission service asks for.
func (r *rig) Dispatch(rec store.Record, _ int64) {
	r.note(func() { r.dispatched = append(r.dispatched, rec.Mission.MissionID) })
}
func (r *rig) Accepted()                       {}
func (r *rig) Retried()                        {}
func (r *rig) Claimed(contracts.AnswerType)    {}
func (r *rig) Recorded(contracts.UpdateStatus) {}
func (r *rig) Refused(string)                  {}
func (r *rig) Ended(contracts.Status)          {}

func request(name string) contracts.MissionRequest {
	q := contracts.MissionRequest{Name: name}
	q.Normalize()
	return q
}

// submit has a mission accepted by the broker.
func (r *rig) submit(name string) contracts.Mission {
	r.t.Helper()
	m, durable, err := r.desk.Submit(r.t.Context(), request(name), nil)
	r.must(err)
	if durable != submit.OnBroker {
		r.t.Fatalf("kept by %q", durable)
	}
	return m
}

// submitDirectly has a mission accepted by the broker while the store is there, as a commander does whose store is away; it
// returns the id.
func (r *rig) submitDirectly(name string) string {
	r.t.Helper()
	other := &faulty{Store: r.store.Store}
	other.away.Store(true)
	missions := mission.New(mission.Deps{Store: other, Dispatcher: r, Observer: r, TicketKey: key, Logger: zap.NewNop(), Now: now})
	desk := submit.NewDesk(missions, r.client, key, func() {}, zap.NewNop())
	m, _, err := desk.Submit(r.t.Context(), request(name), nil)
	r.must(err)
	return m.MissionID
}

func (r *rig) load(id string) contracts.Mission {
	r.t.Helper()
	recs, err := r.store.Load(context.Background(), id)
	r.must(err)
	return recs[0].Mission
}

// wantDispatched checks that each of these missions was dispatched once, and no other.
func (r *rig) wantDispatched(want ...string) {
	r.t.Helper()
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	got := slices.Sorted(slices.Values(r.dispatched))
	if slices.Sort(want); !slices.Equal(got, want) {
		r.t.Errorf("dispatched %v, want %v", got, want)
	}
}

func (r *rig) wantDepth(queue string, want broker.Depth) {
	r.t.Helper()
	synctest.Wait()
	got, err := r.client.Depth(context.Background(), queue)
	r.must(err)
	if got != want {
		r.t.Fatalf("%s: %+v, want %+v", queue, got, want)
	}
}
