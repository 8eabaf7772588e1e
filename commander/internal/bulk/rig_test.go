package bulk

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// link is one commander's way to the store that all share. It can be cut, and it can lose answers.
type link struct {
	*memstore.Store
	cut atomic.Bool
	// before is called before a list, if it is set.
	before func()
	// listing fails lists, if it is set.
	listing error
	// unreadable is a mission whose row can't be read.
	unreadable string
}

func (l *link) fail() error {
	if l.cut.Load() {
		return fmt.Errorf("cut: %w", store.ErrUnavailable)
	}
	return nil
}

func via[T any](l *link, call func() (T, error)) (T, error) {
	var none T
	if err := l.fail(); err != nil {
		return none, err
	}
	out, err := call()
	if cut := l.fail(); cut != nil { // the answer is lost
		return none, cut
	}
	return out, err
}

func (l *link) Load(ctx context.Context, ids ...string) ([]store.Record, error) {
	for _, id := range ids {
		if id == l.unreadable {
			return nil, fmt.Errorf("mission %s is unreadable", id)
		}
	}
	return via(l, func() ([]store.Record, error) { return l.Store.Load(ctx, ids...) })
}

func (l *link) Peek(ctx context.Context, ids ...string) ([]store.Record, error) {
	return l.Load(ctx, ids...)
}

func (l *link) Commit(ctx context.Context, changes ...store.Change) ([]store.Outcome, error) {
	return via(l, func() ([]store.Outcome, error) { return l.Store.Commit(ctx, changes...) })
}

func (l *link) Remove(ctx context.Context, missions ...store.Removal) ([]string, error) {
	return via(l, func() ([]string, error) { return l.Store.Remove(ctx, missions...) })
}

func (l *link) History(ctx context.Context, id string) (store.History, error) {
	return via(l, func() (store.History, error) { return l.Store.History(ctx, id) })
}

func (l *link) List(ctx context.Context, q store.Query) (store.Page, error) {
	if l.before != nil {
		l.before()
	}
	if l.listing != nil {
		return store.Page{}, l.listing
	}
	return via(l, func() (store.Page, error) { return l.Store.List(ctx, q) })
}

func (l *link) Document(ctx context.Context, collection, name string) (store.Document, error) {
	return via(l, func() (store.Document, error) { return l.Store.Document(ctx, collection, name) })
}

func (l *link) ListDocuments(ctx context.Context, collection string) ([]store.Document, store.Source, error) {
	list, err := via(l, func() ([]store.Document, error) {
		list, _, err := l.Store.ListDocuments(ctx, collection)
		return list, err
	})
	return list, store.Source{}, err
}

func (l *link) PutDocument(ctx context.Context, collection string, d store.Document) (int64, error) {
	return via(l, func() (int64, error) { return l.Store.PutDocument(ctx, collection, d) })
}

// nobody hears of missions.
type nobody struct{}

func (nobody) Dispatch(store.Record, int64)     {}
func (nobody) Send(string, ...contracts.Answer) {}
func (nobody) Accepted()                        {}
func (nobody) Retried()                         {}
func (nobody) Claimed(contracts.AnswerType)     {}
func (nobody) Recorded(contracts.UpdateStatus)  {}
func (nobody) Refused(string)                   {}
func (nobody) Ended(contracts.Status)           {}

// commander is one of those that work on jobs.
type commander struct {
	to *link
	*Jobs
	runner   *Runner
	missions *mission.Service
	// steps counts steps; each is told to hook, if that is set, before and after it was carried out.
	steps atomic.Int32
	hook  func(n int32, before bool)

	mu     sync.Mutex
	counts map[string]int
}

func (c *commander) step(do func(context.Context, []string, mission.Terms) ([]error, error), ctx context.Context, ids []string, t mission.Terms) ([]error, error) { //nolint:revive // as it is called
	n := c.steps.Add(1)
	if c.hook != nil {
		c.hook(n, true)
		defer c.hook(n, false)
	}
	return do(ctx, ids, t)
}

func (c *commander) CancelAll(ctx context.Context, ids []string, t mission.Terms) ([]error, error) {
	return c.step(c.missions.CancelAll, ctx, ids, t)
}

func (c *commander) RetryAll(ctx context.Context, ids []string, t mission.Terms) ([]error, error) {
	return c.step(c.missions.RetryAll, ctx, ids, t)
}

func (c *commander) PurgeAll(ctx context.Context, ids []string, t mission.Terms) ([]error, error) {
	return c.step(c.missions.PurgeAll, ctx, ids, t)
}

// rig is a store and the commanders over it, in fake time.
type rig struct {
	*testing.T
	*commander
	data *memstore.Store
}

// inTime runs a test in fake time.
func inTime(t *testing.T, test func(r *rig)) {
	synctest.Test(t, func(t *testing.T) {
		r := &rig{T: t, data: memstore.New(memstore.Config{})}
		r.commander = r.another()
		test(r)
	})
}

func now() contracts.Time { return contracts.At(time.Now()) }

// another is one more commander, which does not work yet.
func (r *rig) another() *commander {
	c := &commander{to: &link{Store: r.data}, counts: map[string]int{}}
	c.Jobs = NewJobs(c.to, now, zap.NewNop())
	c.missions = mission.New(mission.Deps{
		Store: c.to, Dispatcher: nobody{}, Inboxes: nobody{}, Observer: nobody{}, Now: now, TicketKey: []byte("k"), OrderKey: []byte("k"), Logger: zap.NewNop(),
		Epoch: func(context.Context) (store.Epoch, error) { return store.Epoch{}, nil },
	})
	c.runner = NewRunner(c.Jobs, c, func(a contracts.BulkAction, outcome string, n int) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.counts[string(a)+" "+outcome] += n
	})
	return c
}

func (r *rig) works(c *commander) {
	r.Helper()
	if err := c.runner.Start(r.Context()); err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { _ = c.runner.Stop(context.Background()) })
}

// create makes missions in a status, and returns their ids.
func (r *rig) create(n int, status contracts.Status, edit func(i int, m *contracts.MissionRequest)) []string {
	r.Helper()
	ids := make([]string, n)
	for i := range ids {
		q := contracts.DefaultMissionRequest()
		q.Name = fmt.Sprint("mission ", i)
		if edit != nil {
			edit(i, &q)
		}
		m, err := r.missions.Submit(r.Context(), q, nil)
		if err != nil {
			r.Fatal(err)
		}
		if ids[i] = m.MissionID; status != contracts.StatusQueued {
			r.put(m.MissionID, status)
		}
	}
	time.Sleep(time.Millisecond)
	return ids
}

// put puts a mission into a status.
func (r *rig) put(id string, status contracts.Status) {
	r.Helper()
	rec := r.record(id)
	c := store.Change{Record: rec, IfVersion: rec.Mission.Version}
	c.Record.Mission.Status, c.Record.Mission.FinishedAt = status, contracts.Time{}
	if status.Terminal() {
		c.Record.Mission.FinishedAt = now()
	}
	if outcomes, err := r.data.Commit(r.Context(), c); err != nil || outcomes[0].Code != store.Applied {
		r.Fatal(outcomes, err)
	}
}

func (r *rig) record(id string) store.Record {
	r.Helper()
	recs, err := r.data.Load(r.Context(), id)
	if err != nil {
		r.Fatal(err)
	}
	return recs[0]
}

// changes counts how often a job changed a mission, as its history says.
func (r *rig) changes(j contracts.BulkJob, id string) (n int) {
	r.Helper()
	h, err := r.data.History(r.Context(), id)
	if err != nil {
		r.Fatal(err)
	}
	for _, l := range h.Lines {
		if made := (&job{BulkJob: j}).terms().Why; len(l.Message) >= len(made) && l.Message[len(l.Message)-len(made):] == made {
			n++
		}
	}
	return n
}

func (r *rig) order(q contracts.BulkRequest) contracts.BulkJob {
	r.Helper()
	if err := q.Validate(); err != nil {
		r.Fatal(err)
	}
	j, err := r.Order(r.Context(), q)
	if err != nil {
		r.Fatal(err)
	}
	return j
}

// ends waits for a job's end.
func (r *rig) ends(id string, want contracts.BulkState) contracts.BulkJob {
	r.Helper()
	for range 600 {
		synctest.Wait()
		if j := r.read(id); j.State != contracts.BulkRunning {
			if j.State != want || j.FinishedAt.IsZero() {
				r.Fatalf("it ended %+v, want it %s", j, want)
			}
			return j.BulkJob
		}
		time.Sleep(100 * time.Millisecond)
	}
	r.Fatalf("it does not end: %+v", r.read(id))
	return contracts.BulkJob{}
}

// read reads a job from its document.
func (r *rig) read(id string) job {
	r.Helper()
	d, err := r.data.Document(r.Context(), collection, id)
	if err != nil {
		r.Fatal(err)
	}
	j, err := readJob(d)
	if err != nil {
		r.Fatal(err)
	}
	return j
}
