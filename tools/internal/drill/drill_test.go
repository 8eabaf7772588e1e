package drill_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/drill"
	"github.com/mission-control-dev/mission-control/tools/internal/drill/verdict"
	"github.com/mission-control-dev/mission-control/tools/internal/journal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a commander and its soldiers in memory, under the test's own time. It does what a test tells it.
type world struct {
	t   *testing.T
	dir string // journals

	mu       sync.Mutex
	byID     map[string]*contracts.Mission
	byKey    map[string]string
	journal  *os.File
	watchers []chan client.Event
	soldiers sync.WaitGroup

	// awayUntil: nobody answers before.
	awayUntil time.Time
	// mute tells no events.
	mute bool
	// forget is the number of a mission that vanishes once it ended; twice of one that runs twice; stuck of one that
	// never starts.
	forget, twice, stuck int
	// loseAnswers drops the answer of each first submission.
	loseAnswers bool
}

func newWorld(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "soldier-1.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return &world{t: t, dir: dir, journal: f, byID: map[string]*contracts.Mission{}, byKey: map[string]string{}}
}

func (w *world) away() error {
	if time.Now().Before(w.awayUntil) {
		return &client.UnreachableError{URL: "http://world", Err: errors.New("away")}
	}
	return nil
}

func (w *world) Submit(_ context.Context, r contracts.MissionRequest, o client.SubmitOptions) (client.Mission, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.away(); err != nil {
		return client.Mission{}, err
	}
	if id, known := w.byKey[o.IdempotencyKey]; known {
		return client.Mission{Mission: *w.byID[id]}, nil
	}
	var n int
	if _, err := fmt.Sscanf(r.Name, "drill %d of", &n); err != nil {
		w.t.Errorf("name %q", r.Name)
	}
	m := &contracts.Mission{
		MissionID: fmt.Sprintf("id-%d", n), Name: r.Name, Status: contracts.StatusQueued, Attempt: 1,
		CreatedAt: contracts.At(time.Now()), Version: 1,
	}
	w.byID[m.MissionID], w.byKey[o.IdempotencyKey] = m, m.MissionID
	w.tell(*m)
	if n != w.stuck {
		w.soldiers.Go(func() { w.carryOut(n, m) })
	}
	if w.loseAnswers {
		return client.Mission{}, &client.UnreachableError{URL: "http://world", Err: io.ErrUnexpectedEOF}
	}
	return client.Mission{Mission: *m}, nil
}

// carryOut is a soldier: 1 s of waiting and n tenths of work.
func (w *world) carryOut(n int, m *contracts.Mission) {
	runs := 1
	if n == w.twice {
		runs = 2
	}
	for run := range runs {
		time.Sleep(time.Second)
		line := journal.Line{
			Event: journal.EventStart, MissionID: m.MissionID, Execution: fmt.Sprintf("%s/%d", m.MissionID, run),
			Run: int64(run + 1), Attempt: 1, SoldierID: "soldier-1", Session: "s", PID: os.Getpid(), At: time.Now(),
		}
		w.write(line)
		if run == 0 {
			w.change(m, func() { m.Status, m.Run, m.StartedAt = contracts.StatusInProgress, 1, contracts.At(time.Now()) })
		}
		time.Sleep(time.Duration(n) * 100 * time.Millisecond)
		line.Event, line.At, line.Outcome = journal.EventEnd, time.Now(), journal.OutcomeCompleted
		w.write(line)
	}
	w.change(m, func() { m.Status, m.FinishedAt = contracts.StatusCompleted, contracts.At(time.Now()) })
	if n == w.forget {
		w.mu.Lock()
		delete(w.byID, m.MissionID)
		w.mu.Unlock()
	}
}

func (w *world) write(l journal.Line) {
	b, err := json.Marshal(l)
	if err != nil {
		w.t.Error(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.journal.Write(append(b, '\n')); err != nil {
		w.t.Error(err)
	}
}

func (w *world) change(m *contracts.Mission, f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
	m.Version++
	w.tell(*m)
}

func (w *world) tell(m contracts.Mission) {
	if w.mute || w.away() != nil {
		return
	}
	b, err := json.Marshal(m)
	if err != nil {
		w.t.Error(err)
	}
	for _, c := range w.watchers {
		c <- client.Event{Type: client.EventMission, Data: b}
	}
}

func (w *world) Get(_ context.Context, id string) (client.Mission, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.away(); err != nil {
		return client.Mission{}, err
	}
	if m, ok := w.byID[id]; ok {
		return client.Mission{Mission: *m}, nil
	}
	return client.Mission{}, &client.Problem{Status: 404, Code: "not_found"}
}

func (w *world) Events(ctx context.Context, _ client.EventsOptions) iter.Seq2[client.Event, error] {
	return func(yield func(client.Event, error) bool) {
		c := make(chan client.Event, 10_000)
		w.mu.Lock()
		w.watchers = append(w.watchers, c)
		w.mu.Unlock()
		if !yield(client.Event{Type: client.EventConnected}, nil) {
			return
		}
		for {
			select {
			case e := <-c:
				if !yield(e, nil) {
					return
				}
			case <-ctx.Done():
				yield(client.Event{}, ctx.Err())
				return
			}
		}
	}
}

func (w *world) Health(context.Context) (client.Health, error) {
	return client.Health{Status: client.HealthOK, Ground: "local"}, nil
}

func (w *world) Soldiers(context.Context) (client.Fleet, error) { return client.Fleet{}, nil }

// quiet shows nothing.
type quiet struct{}

func (quiet) Log(string, ...any)      {}
func (quiet) Step(string, ...any)     {}
func (quiet) Progress(drill.Progress) {}

// run drills the world with 10 missions.
func (w *world) run(ctx context.Context, edit ...func(*drill.Config)) drill.Outcome {
	w.t.Helper()
	cfg := drill.Config{Missions: 10, Concurrency: 3, Deadline: 5 * time.Minute, Journals: w.dir}
	for _, e := range edit {
		e(&cfg)
	}
	if err := cfg.Check(); err != nil {
		w.t.Fatal(err)
	}
	out, err := drill.New(cfg, w, quiet{}).Run(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	w.soldiers.Wait()
	return out
}

func expect(t *testing.T, out drill.Outcome, want ...verdict.Code) {
	t.Helper()
	var got []string
	for _, f := range out.Faults {
		got = append(got, string(f.Code))
	}
	var wanted []string
	for _, c := range want {
		wanted = append(wanted, string(c))
	}
	if strings.Join(got, " ") != strings.Join(wanted, " ") {
		t.Errorf("faults %v, want %v", out.Faults, want)
	}
}

func TestDrill(t *testing.T) {
	for name, tc := range map[string]struct {
		prepare func(*world)
		edit    func(*drill.Config)
		faults  []verdict.Code
		check   func(*testing.T, drill.Outcome)
	}{
		"all well": {check: func(t *testing.T, out drill.Outcome) {
			if out.Missions.Completed != 10 || out.Executions.Started != 10 || out.Latency.AcceptedToFinished.P50 != 1500 {
				t.Errorf("%+v", out.Report)
			}
		}},
		"no events": {prepare: func(w *world) { w.mute = true }},
		"commander away at first": {
			prepare: func(w *world) { w.awayUntil = time.Now().Add(20 * time.Second) },
			check: func(t *testing.T, out drill.Outcome) {
				if out.Missions.Retried == 0 || out.Latency.SubmitToAccepted.Max < 20_000 {
					t.Errorf("%+v", out.Report)
				}
			},
		},
		"answers lost": {prepare: func(w *world) { w.loseAnswers = true }},
		"one forgotten": {
			prepare: func(w *world) { w.forget = 3 }, faults: []verdict.Code{verdict.Lost},
		},
		"one twice": {
			prepare: func(w *world) { w.twice = 4 }, faults: []verdict.Code{verdict.Doubled},
		},
		"one stuck": {
			prepare: func(w *world) { w.stuck = 5 }, faults: []verdict.Code{verdict.Lost},
		},
		"reads": {
			edit: func(c *drill.Config) { c.ReadsPerSecond = 20 },
			check: func(t *testing.T, out drill.Outcome) {
				if out.Reads == nil || out.Reads.Made < 20 || out.Reads.Missions != 10 {
					t.Errorf("%+v", out.Reads)
				}
			},
		},
		"reads of one forgotten": {
			prepare: func(w *world) { w.forget, w.stuck = 3, 10 },
			edit:    func(c *drill.Config) { c.ReadsPerSecond, c.Deadline = 20, 20*time.Second },
			faults:  []verdict.Code{verdict.Lost, verdict.Lost, verdict.ReadFailed},
		},
		"no journals": {
			edit: func(c *drill.Config) { c.Journals = filepath.Join(c.Journals, "absent") },
			check: func(t *testing.T, out drill.Outcome) {
				if out.Executions.Known {
					t.Errorf("%+v", out.Executions)
				}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				if tc.prepare != nil {
					tc.prepare(w)
				}
				edit := func(*drill.Config) {}
				if tc.edit != nil {
					edit = tc.edit
				}
				out := w.run(t.Context(), edit)
				expect(t, out, tc.faults...)
				if tc.check != nil {
					tc.check(t, out)
				}
				if err := drill.Print(io.Discard, out); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestDrillInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx, cancel := context.WithTimeout(t.Context(), 1700*time.Millisecond)
		defer cancel()
		out := w.run(ctx)
		if !out.Interrupted || out.Missions.Accepted != 10 || out.Missions.Completed == 0 || out.Missions.Completed == 10 {
			t.Errorf("got %+v", out)
		}
		synctest.Wait()
	})
}

func TestConfigCheck(t *testing.T) {
	minus, two := -1.0, 2.0
	good := drill.Config{Missions: 1, Concurrency: 1, Deadline: time.Second}
	for name, edit := range map[string]func(*drill.Config){
		"missions":     func(c *drill.Config) { c.Missions = 0 },
		"concurrency":  func(c *drill.Config) { c.Concurrency = 0 },
		"deadline":     func(c *drill.Config) { c.Deadline = 0 },
		"reads":        func(c *drill.Config) { c.ReadsPerSecond = -1 },
		"min seconds":  func(c *drill.Config) { c.MinSeconds = &minus },
		"failure rate": func(c *drill.Config) { c.FailureRate = &two },
	} {
		c := good
		edit(&c)
		if c.Check() == nil {
			t.Errorf("%s: nonsense was taken", name)
		}
	}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
}
