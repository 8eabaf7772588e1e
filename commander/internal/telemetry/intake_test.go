package telemetry_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/mission-control-dev/mission-control/commander/internal/telemetry"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/broker/membroker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
	"github.com/mission-control-dev/mission-control/tokenauth/tokenauthtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	missionID = "0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b"
	session   = "s1"
)

var ticketKey = []byte("a key for tickets, of 32 bytes..")

// ailing is a store that can be away.
type ailing struct {
	*memstore.Store
	away atomic.Bool
}

func (a *ailing) AddReports(ctx context.Context, reports ...store.Report) error {
	if a.away.Load() {
		return store.ErrUnavailable
	}
	return a.Store.AddReports(ctx, reports...)
}

// rig is an intake with what it works with, in a bubble.
type rig struct {
	t        *testing.T
	store    *ailing
	soldier  *membroker.Client
	token    string
	outcomes chan telemetry.Outcome
	logs     *observer.ObservedLogs
}

func run(t *testing.T, test func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		all, server := topology.Default(), membroker.New()
		commander, soldier := server.Connect(membroker.Config{Topology: &all}), server.Connect(membroker.Config{})
		r := &rig{t: t, store: &ailing{Store: memstore.New(memstore.Config{})}, soldier: soldier, outcomes: make(chan telemetry.Outcome, 100)}
		r.token = tokenauthtest.Issue(t, tokenauthtest.NewIssuer(t, time.Now), session).Raw
		core, logs := observer.New(zap.InfoLevel)
		r.logs = logs
		in := telemetry.New(telemetry.Config{
			Broker: commander, Store: r.store, Verifier: tokenauthtest.NewVerifier(t, time.Now), TicketKey: ticketKey,
			Observe: func(o telemetry.Outcome) { r.outcomes <- o }, Logger: zap.New(core),
		})
		for range 2 {
			r.must(in.Start(t.Context()))
		}
		test(r)
		for range 2 {
			r.must(in.Stop(context.Background()))
		}
		r.must(commander.Close(context.Background()))
		r.must(soldier.Close(context.Background()))
	})
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// mission puts the mission into the store.
func (r *rig) mission(edit func(*store.Record)) {
	r.t.Helper()
	records, err := r.store.Load(r.t.Context(), missionID)
	r.must(err)
	rec := records[0]
	before := rec.Mission.Version
	rec.Mission.MissionID, rec.Mission.Status, rec.Mission.Run, rec.Session, rec.Execution = missionID, contracts.StatusInProgress, 2, session, "e2"
	edit(&rec)
	out, err := r.store.Commit(r.t.Context(), store.Change{Record: rec, IfVersion: before})
	r.must(err)
	if out[0].Code != store.Applied {
		r.t.Fatal(out)
	}
}

func as(*store.Record) {}

// says has the soldier tell a report, and wants this to become of it.
func (r *rig) says(want telemetry.Outcome, edit func(p *contracts.TelemetryPack)) {
	r.t.Helper()
	ticket := contracts.Ticket{MissionID: missionID, Attempt: 1, Run: 2, Execution: "e2", Session: session}.Sign(ticketKey)
	p := contracts.NewTelemetryPack(r.token, contracts.At(time.Now()), contracts.Report{
		Seq: 1, Ticket: ticket, Progress: &contracts.Progress{Percent: 40}, Lines: []contracts.LogLine{{Level: contracts.LevelInfo, Text: "line"}},
	})
	edit(&p)
	body, err := p.Encode()
	r.must(err)
	r.must(r.soldier.Publish(r.t.Context(), topology.Telemetry, broker.Message{Type: string(contracts.TypeTelemetry), Body: body}))
	if got := <-r.outcomes; got != want {
		r.t.Errorf("the pack was %s, want %s", got, want)
	}
}

func (r *rig) log() store.Log {
	r.t.Helper()
	log, err := r.store.Log(r.t.Context(), missionID, 0)
	r.must(err)
	return log
}

func (r *rig) wantKept(lines int) {
	r.t.Helper()
	if log := r.log(); len(log.Lines) != lines || log.Dropped != 0 || lines > 0 && log.Progress.Percent != 40 {
		r.t.Errorf("kept %+v, want %d lines", log, lines)
	}
}

func TestTheNewestRunsWordsAreKept(t *testing.T) {
	run(t, func(r *rig) {
		r.mission(as)
		r.says(telemetry.Kept, func(*contracts.TelemetryPack) {})
		r.wantKept(1)
		if l := r.log().Lines[0]; l.Run != 2 || l.Attempt != 1 || !l.At.Equal(contracts.At(time.Now()).Time) {
			t.Errorf("kept %+v", l)
		}
		r.says(telemetry.Kept, func(*contracts.TelemetryPack) {}) // again
		r.wantKept(1)
		// Its last words come after its result.
		r.mission(func(rec *store.Record) {
			rec.Mission.Status, rec.Session, rec.Execution, rec.Recorded = contracts.StatusFailed, "", "", "e2"
		})
		r.says(telemetry.Kept, func(p *contracts.TelemetryPack) { p.Reports[0].Seq, p.Reports[0].Before = 2, 1 })
		r.wantKept(2)
	})
}

func TestOtherWordsAreNot(t *testing.T) {
	ticket := func(edit func(t *contracts.Ticket)) func(p *contracts.TelemetryPack) {
		return func(p *contracts.TelemetryPack) {
			edit(&p.Reports[0].Ticket)
			p.Reports[0].Ticket = p.Reports[0].Ticket.Sign(ticketKey)
		}
	}
	for name, c := range map[string]struct {
		edit func(p *contracts.TelemetryPack)
		want telemetry.Outcome
	}{
		"another run's":                     {ticket(func(t *contracts.Ticket) { t.Run = 1 }), telemetry.Kept},
		"another execution's":               {ticket(func(t *contracts.Ticket) { t.Execution = "e1" }), telemetry.Kept},
		"another session's":                 {ticket(func(t *contracts.Ticket) { t.Session = "s2" }), telemetry.Kept},
		"an unknown mission's":              {ticket(func(t *contracts.Ticket) { t.MissionID = "0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5c" }), telemetry.Kept},
		"under a forged ticket":             {func(p *contracts.TelemetryPack) { p.Reports[0].Ticket.MAC = "forged" }, telemetry.Kept},
		"under a forged token":              {func(p *contracts.TelemetryPack) { p.Token += "x" }, telemetry.Refused},
		"under a token of another time":     {func(p *contracts.TelemetryPack) { p.SentAt = contracts.At(time.Now().Add(time.Hour)) }, telemetry.Refused},
		"what can't be read, for its level": {func(p *contracts.TelemetryPack) { p.Reports[0].Lines[0].Level = "loud" }, telemetry.Refused},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(r *rig) {
				r.mission(as)
				r.says(c.want, c.edit)
				r.wantKept(0)
				r.says(telemetry.Kept, func(*contracts.TelemetryPack) {})
				r.wantKept(1)
			})
		})
	}
}

func TestWhatCanNotBeStoredIsDroppedAndNothingWaits(t *testing.T) {
	run(t, func(r *rig) {
		r.mission(as)
		r.store.away.Store(true)
		r.says(telemetry.Dropped, func(*contracts.TelemetryPack) {})
		r.store.away.Store(false)
		r.says(telemetry.Kept, func(p *contracts.TelemetryPack) { p.Reports[0].Seq, p.Reports[0].Before = 2, 1 })
		if log := r.log(); len(log.Lines) != 1 || log.Dropped != 1 {
			t.Errorf("kept %+v, want the second line alone", log)
		}
		if d, err := r.soldier.Depth(t.Context(), topology.Telemetry); err != nil || d.Ready != 0 {
			t.Errorf("%+v wait, %v", d, err)
		}
	})
}

// TestAFloodOfWhatIsRefusedIsNoFloodOfLogLines.
func TestAFloodOfWhatIsRefusedIsNoFloodOfLogLines(t *testing.T) {
	run(t, func(r *rig) {
		for range 50 {
			r.says(telemetry.Refused, func(p *contracts.TelemetryPack) { p.Token += "x" })
		}
		if n := r.logs.Len(); n != 1 {
			t.Errorf("%d log lines", n)
		}
	})
}
