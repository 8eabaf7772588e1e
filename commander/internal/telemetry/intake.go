// Package telemetry takes what soldiers' handlers report on telemetry_queue, and keeps it in the store.
//
// It is for people, and may be lost: nothing waits for it. A pack is read, and what is said in it of the missions' current
// executions is stored, in two calls for the whole pack: one that looks which those are, one that adds. Then it is acked. A pack
// that can't be read, believed, or stored now is dropped and counted. The queue holds the newest ones while commanders are
// slow, so a flood delays and shortens what is told, and no status message, which have a queue and an intake of their own.
//
// A report counts where it shows a ticket of its speaker's session for the mission's newest run: it goes on counting once that
// has ended, since a handler's last words may come after its result.
package telemetry

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/background"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/tokenauth"
)

const (
	// prefetch is small: what is delivered shares a connection with status messages.
	prefetch = 8
	// patience bounds what the store may take for a pack.
	patience = 2 * time.Second
)

// Store is what an Intake needs of a store.
type Store interface {
	Peek(ctx context.Context, ids ...string) ([]store.Record, error)
	AddReports(ctx context.Context, reports ...store.Report) error
}

// Verifier verifies tokens: a tokenauth.Verifier.
type Verifier interface {
	VerifyAt(raw string, at time.Time) (tokenauth.Claims, error)
}

// Outcome is what became of a pack.
type Outcome string

// The outcomes.
const (
	Kept Outcome = "kept"
	// Refused: it can't be read, or is not to be believed.
	Refused Outcome = "refused"
	// Dropped: the store could not take it.
	Dropped Outcome = "dropped"
)

// Config of an Intake. All fields are required.
type Config struct {
	Broker   broker.Consumer
	Store    Store
	Verifier Verifier
	// TicketKey is the commanders' key for tickets.
	TicketKey []byte
	// Observe counts packs. It must not block.
	Observe func(o Outcome)
	Logger  *zap.Logger
}

// Intake takes packs. Stop waits for the pack that is under way.
type Intake struct {
	*background.Work
	Config
	log        *zap.Logger
	deliveries chan broker.Delivery
}

// New returns an intake.
func New(c Config) *Intake {
	in := &Intake{Config: c, log: c.Logger.Named("telemetry"), deliveries: make(chan broker.Delivery, prefetch)}
	in.Work = background.New(in.consume, in.run)
	return in
}

func (in *Intake) consume(ctx context.Context) {
	_ = in.Broker.Consume(ctx, broker.Subscription{Queue: topology.Telemetry, Prefetch: prefetch, Handle: func(d broker.Delivery) {
		select {
		case in.deliveries <- d:
		case <-ctx.Done(): // it goes back with the subscription
		}
	}})
}

func (in *Intake) run(ctx context.Context) {
	for last := Kept; ; {
		select {
		case <-ctx.Done():
			return
		case d := <-in.deliveries:
			o, err := in.take(ctx, d)
			switch {
			case o == Dropped && last != Dropped:
				in.log.Warn("progress and log lines are dropped: the store does not take them", zap.Error(err))
			case o == Refused && last != Refused: // and no more of a flood of them: they are counted
				in.log.Info("telemetry refused and dropped", zap.Error(err))
			}
			last = o
			in.Observe(o)
			_ = d.Ack() // stale: it comes again, and is known by its numbers
		}
	}
}

// take keeps what a pack says.
func (in *Intake) take(ctx context.Context, d broker.Delivery) (Outcome, error) {
	pack, err := contracts.DecodeTelemetryPack(d.Body)
	if err != nil {
		return Refused, err
	}
	claims, err := in.Verifier.VerifyAt(pack.Token, pack.SentAt.Time)
	if err != nil {
		return Refused, fmt.Errorf("verify the token: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ids := make([]string, len(pack.Reports))
	for i, r := range pack.Reports {
		ids[i] = r.Ticket.MissionID
	}
	records, err := in.Store.Peek(ctx, ids...)
	if err != nil {
		return Dropped, fmt.Errorf("look at %d missions: %w", len(ids), err)
	}
	reports := make([]store.Report, 0, len(pack.Reports))
	for i, r := range pack.Reports {
		if r.Ticket.Session == claims.Subject && current(records[i], r.Ticket) && r.Ticket.Verify(in.TicketKey) == nil {
			reports = append(reports, reportOf(r, pack.SentAt))
		}
	}
	if len(reports) == 0 {
		return Kept, nil
	}
	if err := in.Store.AddReports(ctx, reports...); err != nil {
		return Dropped, fmt.Errorf("add %d reports: %w", len(reports), err)
	}
	return Kept, nil
}

// current tells whether the ticket is that of the mission's newest run.
func current(rec store.Record, t contracts.Ticket) bool {
	return rec.Mission.Run == t.Run && t.Run > 0 && (rec.Execution == t.Execution || rec.Recorded == t.Execution)
}

func reportOf(r contracts.Report, sentAt contracts.Time) store.Report {
	for i := range r.Lines {
		if r.Lines[i].At.IsZero() {
			r.Lines[i].At = sentAt
		}
	}
	return store.Report{
		MissionID: r.Ticket.MissionID, Attempt: r.Ticket.Attempt, Run: r.Ticket.Run, Seq: r.Seq, Progress: r.Progress, Before: r.Before,
		Lines: r.Lines,
	}
}
