package e2e

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/soldier"
	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
)

// TestWhatHandlersSayIsSeenByAll: progress and lines of a running mission are seen by GET and live, at two commanders. A handler
// that says lines as fast as it can is in nobody's way, and what was dropped is told.
func TestWhatHandlersSayIsSeenByAll(t *testing.T) {
	t.Parallel()
	s := run(t, func(c *localstack.Config) { c.Soldiers = 0 })
	_, second := s.second()
	commanders := []*client.Client{s.Client, second}
	goOn, flooded, enough := make(chan struct{}), make(chan struct{}), make(chan struct{})
	s.serve(map[string]soldier.Handler[json.RawMessage, any]{
		"report": func(ctx context.Context, _ soldier.Mission[json.RawMessage]) (any, error) {
			soldier.Progress(ctx, 40, "2 of 5")
			soldier.Logf(ctx, "first of %d", 3)
			soldier.Logf(ctx, "second")
			<-goOn
			soldier.Progress(ctx, 80, "")
			soldier.Logf(ctx, "last words")
			return nil, nil
		},
		"flood": func(ctx context.Context, _ soldier.Mission[json.RawMessage]) (any, error) {
			text := strings.Repeat("x", 500)
			soldier.Logf(ctx, "%s", text)
			close(flooded)
			for said := 0; ; said++ {
				soldier.Logf(ctx, "%s", text)
				if said < 100_000 {
					continue
				}
				select {
				case <-enough:
					return nil, nil
				default:
				}
			}
		},
		"noop": func(context.Context, soldier.Mission[json.RawMessage]) (any, error) { return nil, nil },
	})

	id := s.order(contracts.MissionRequest{Name: "reports", Kind: "report"}, client.SubmitOptions{}).MissionID
	var watchers []*logWatcher
	for _, c := range commanders {
		watchers = append(watchers, s.watchLog(c, id))
	}
	for i, w := range watchers {
		s.eventually(15*time.Second, "two lines and 40 %, live", func() bool { return w.saw("40 2 of 5", "first of 3", "second") })
		m, err := commanders[i].Get(t.Context(), id)
		if err != nil || m.Progress != 40 || m.ProgressText != "2 of 5" || m.Status != contracts.StatusInProgress {
			t.Errorf("GET: %+v, %v", m, err)
		}
		log, err := commanders[i].Logs(t.Context(), id, client.LogOptions{After: 1})
		if err != nil || len(log.Lines) != 1 || log.Lines[0].Text != "second" || log.Lines[0].Run != 1 || log.Dropped != 0 {
			t.Errorf("logs: %+v, %v", log, err)
		}
	}
	close(goOn)
	if m := s.ends(id, contracts.StatusCompleted); m.Progress != 100 || m.ProgressText != "" {
		t.Errorf("at the end %+v", m)
	}
	for _, w := range watchers {
		s.eventually(15*time.Second, "the last words, live", func() bool { return w.saw("80", "first of 3", "second", "last words") })
	}

	flood := s.order(contracts.MissionRequest{Name: "floods", Kind: "flood"}, client.SubmitOptions{}).MissionID
	<-flooded
	for range 20 {
		m := s.order(contracts.MissionRequest{Name: "meanwhile", Kind: "noop"}, client.SubmitOptions{})
		if m := s.ends(m.MissionID, contracts.StatusCompleted); m.StartedAt.Sub(m.CreatedAt.Time) > 2*time.Second {
			t.Errorf("mission %s started %v after it was ordered", m.MissionID, m.StartedAt.Sub(m.CreatedAt.Time))
		}
	}
	close(enough)
	s.ends(flood, contracts.StatusCompleted)
	var log client.Log
	s.eventually(10*time.Second, "the last lines of the flood", func() bool {
		before := log
		var err error
		log, err = s.Logs(t.Context(), flood, client.LogOptions{})
		return err == nil && len(log.Lines) > 0 && log.Lines[len(log.Lines)-1].Number > 100_000 && log.Dropped == before.Dropped
	})
	if last := log.Lines[len(log.Lines)-1].Number; log.Dropped != last-int64(len(log.Lines)) || len(log.Lines) > contracts.MaxLogLines {
		t.Errorf("%d lines are kept and %d dropped of %d", len(log.Lines), log.Dropped, last)
	}
	if health, err := s.Health(t.Context()); err != nil || health.Status != client.HealthOK {
		t.Errorf("health %+v, %v", health, err)
	}
	s.nothingRefused([]string{id, flood})
}

// serve runs a soldier of these handlers in the test's own process.
func (s *stack) serve(handlers map[string]soldier.Handler[json.RawMessage, any]) {
	s.t.Helper()
	key, err := os.ReadFile(s.Secrets().EnrollmentKey)
	if err != nil {
		s.t.Fatal(err)
	}
	w, err := soldier.New(soldier.Config{
		ID: "talkative", EnrollmentKey: strings.TrimSpace(string(key)), RabbitMQURL: s.RabbitMQURL(), CommanderURLs: []string{s.CommanderURL()},
		Slots: 4,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	for kind, h := range handlers {
		soldier.Handle(w, kind, h)
	}
	if err := w.Start(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := w.Stop(context.Background()); err != nil {
			s.t.Error(err)
		}
	})
}

// logWatcher follows what is told of a mission.
type logWatcher struct {
	mu       sync.Mutex
	last     int64
	lines    []string
	progress string
}

func (s *stack) watchLog(c *client.Client, id string) *logWatcher {
	w := &logWatcher{}
	ctx, cancel := context.WithCancel(s.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for e, err := range c.Events(ctx, client.EventsOptions{MissionID: id}) {
			if err == nil && e.Type == client.EventTelemetry {
				w.take(e)
			}
		}
	}()
	s.t.Cleanup(func() { cancel(); <-done })
	return w
}

func (w *logWatcher) take(e client.Event) {
	t, err := e.Telemetry()
	if err != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range t.Lines {
		if l.Number > w.last {
			w.lines, w.last = append(w.lines, l.Text), l.Number
		}
	}
	text, _ := json.Marshal(t.Progress)
	w.progress = strings.TrimSpace(string(text) + " " + t.ProgressText)
}

func (w *logWatcher) saw(progress string, lines ...string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.progress == progress && strings.Join(w.lines, "\n") == strings.Join(lines, "\n")
}
