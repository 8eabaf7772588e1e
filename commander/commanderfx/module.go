// Package commanderfx wires the commander together with fx. It holds no logic: what each part does, and what it needs,
// stands in its own package, which knows nothing of fx.
//
// An application supplies a config.Config and a *zap.Logger, and provides the ground: a store.Store, a broker.Broker, and
// a Ground whose Parts give them their life. Servers provides the real one, on Redis and RabbitMQ. A program without fx
// gets a whole commander in memory from NewEmbedded.
package commanderfx

import (
	"cmp"
	"context"
	"fmt"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/config"
	"github.com/mission-control-dev/mission-control/commander/internal/bulk"
	"github.com/mission-control-dev/mission-control/commander/internal/clock"
	"github.com/mission-control-dev/mission-control/commander/internal/custody"
	"github.com/mission-control-dev/mission-control/commander/internal/deadline"
	"github.com/mission-control-dev/mission-control/commander/internal/dispatch"
	"github.com/mission-control-dev/mission-control/commander/internal/epoch"
	"github.com/mission-control-dev/mission-control/commander/internal/inbox"
	"github.com/mission-control-dev/mission-control/commander/internal/ingest"
	"github.com/mission-control-dev/mission-control/commander/internal/limits"
	"github.com/mission-control-dev/mission-control/commander/internal/metrics"
	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/commander/internal/reap"
	"github.com/mission-control-dev/mission-control/commander/internal/retention"
	"github.com/mission-control-dev/mission-control/commander/internal/schedule"
	"github.com/mission-control-dev/mission-control/commander/internal/session"
	"github.com/mission-control-dev/mission-control/commander/internal/setaside"
	"github.com/mission-control-dev/mission-control/commander/internal/squads"
	"github.com/mission-control-dev/mission-control/commander/internal/submit"
	"github.com/mission-control-dev/mission-control/commander/internal/telemetry"
	"github.com/mission-control-dev/mission-control/commander/internal/trends"
	"github.com/mission-control-dev/mission-control/commander/internal/uptime"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/tokenauth"
)

// Module is the commander without its ground.
var Module = fx.Module("commander", //nolint:gochecknoglobals // how fx modules are exported
	fx.Provide(
		newKeys, newIssuer, newVerifier, newClock, newTracker, newEpoch, newDepths, newMetrics,
		newSender, newSquads, newDispatcher, newSuspects, newMissions, newSessions, newDrainer, newIntake, newMarkers, newReaper, newWatch, newCustody,
		newDeadlines, newTrimmer, newSchedules, newTelemetry, newBulkJobs, newBulkRunner,
		trends.NewRecorder, newTrends,
		newDesk, newSubmissions, newShelf, newLimits, newHealth, newAttention, newServer,
	),
	fx.Invoke(order),
)

// keys are what all commanders derive from the master secret.
type keys struct {
	tokens *tokenauth.DerivedKeys
	ticket []byte
	marker []byte
	submit []byte
	order  []byte
}

// Labels under which the keys are derived. Changing one makes what was signed before invalid.
const (
	labelTokens = "mission-control/tokens"
	labelTicket = "mission-control/tickets"
	labelMarker = "mission-control/markers"
	labelSubmit = "mission-control/submissions"
	labelOrder  = "mission-control/orders"
)

func newKeys(c config.Config) (keys, error) {
	if err := c.Check(); err != nil {
		return keys{}, err
	}
	tokens, err := tokenauth.NewDerivedKeys(tokenauth.DerivedConfig{Secret: c.MasterSecret, Label: labelTokens})
	if err != nil {
		return keys{}, fmt.Errorf("derive token keys: %w", err)
	}
	k := keys{tokens: tokens}
	if k.ticket, err = tokenauth.DeriveKey(c.MasterSecret, labelTicket, 32); err != nil {
		return keys{}, fmt.Errorf("derive ticket key: %w", err)
	}
	if k.marker, err = tokenauth.DeriveKey(c.MasterSecret, labelMarker, 32); err != nil {
		return keys{}, fmt.Errorf("derive marker key: %w", err)
	}
	if k.submit, err = tokenauth.DeriveKey(c.MasterSecret, labelSubmit, 32); err != nil {
		return keys{}, fmt.Errorf("derive submission key: %w", err)
	}
	if k.order, err = tokenauth.DeriveKey(c.MasterSecret, labelOrder, 32); err != nil {
		return keys{}, fmt.Errorf("derive order key: %w", err)
	}
	return k, nil
}

func newIssuer(k keys, c *clock.Clock) (*tokenauth.Issuer, error) {
	return tokenauth.NewIssuer(tokenauth.IssuerConfig{
		Keys: k.tokens, Issuer: session.TokenIssuer, Audience: session.TokenAudience, Now: c.Time,
	})
}

func newVerifier(k keys, c *clock.Clock) (*tokenauth.Verifier, error) {
	return tokenauth.NewVerifier(tokenauth.VerifierConfig{
		Keys: k.tokens, Issuer: session.TokenIssuer, Audience: session.TokenAudience, Now: c.Time,
	})
}

func newClock(s store.Store, up *uptime.Tracker, log *zap.Logger) *clock.Clock {
	return clock.New(s, up.Reset, log)
}

func newEpoch(s store.Store, c *clock.Clock, log *zap.Logger) *epoch.Keeper {
	return epoch.New(s, c.Now, log)
}

func newTracker() *uptime.Tracker {
	return uptime.New(uptime.Store, uptime.Broker, uptime.Intake, uptime.Listener)
}

func newSender(b broker.Broker, m *metrics.Metrics, log *zap.Logger) *inbox.Sender {
	return inbox.New(b, m.AnswerDropped, log)
}

func newSquads(s store.Store, b broker.Broker, c *clock.Clock, log *zap.Logger) *squads.Registry {
	return squads.New(squads.Config{
		Store: s, Broker: b, Connected: func() bool { return b.Health().Connected }, Now: c.Now, Logger: log,
	})
}

func newDispatcher(cfg config.Config, s store.Store, b broker.Broker, sq *squads.Registry, c *clock.Clock, up *uptime.Tracker, k keys,
	m *metrics.Metrics, log *zap.Logger,
) *dispatch.Dispatcher {
	return dispatch.New(dispatch.Config{
		Store: s, Broker: b, Queues: sq.Queues, Open: sq.Open, Awaited: sq.Awaited, Gone: sq.Gone, Window: cmp.Or(cfg.OrdersWindow, config.DefaultOrdersWindow),
		SealKey: k.order, Connected: func() bool { return b.Health().Connected }, Unbroken: up.Unbroken, Now: c.Now,
		Observe: m.Dispatched, Logger: log,
	})
}

func newCustody(s store.Store, b broker.Broker, sq *squads.Registry, d *dispatch.Dispatcher, ms *mission.Service, mk *reap.Markers, up *uptime.Tracker,
	m *metrics.Metrics, c *clock.Clock, log *zap.Logger,
) *custody.Keeper {
	return custody.New(custody.Config{
		Store: s, Broker: b, Queues: d, Missions: ms, Barrier: mk, Counter: m,
		Connected: func() bool { return b.Health().Connected }, Unbroken: up.Unbroken, Now: c.Now, Wake: d.Wake, Logger: log,
		Topology: func() topology.Topology {
			return topology.Topology{Queues: append(topology.Default().Queues, sq.Topology().Queues...)}
		},
	})
}

func newDeadlines(s store.Store, ms *mission.Service, log *zap.Logger) *deadline.Keeper {
	return deadline.New(s, ms, log)
}

func newTrimmer(cfg config.Config, s store.Store, e *epoch.Keeper, c *clock.Clock, m *metrics.Metrics, log *zap.Logger) *retention.Trimmer {
	return retention.New(retention.Config{
		Store: s, Keep: cfg.Keep, Epoch: e.Current, Now: c.Now, Trimmed: m.Trimmed, Logger: log,
	})
}

func newSchedules(s store.Store, ms *mission.Service, c *clock.Clock, m *metrics.Metrics, log *zap.Logger) *schedule.Keeper {
	return schedule.New(schedule.Config{Store: s, Missions: ms, Now: c.Now, Ran: m.ScheduleRan, Logger: log})
}

func newTrends(s store.Store, r *trends.Recorder, c *clock.Clock, log *zap.Logger) *trends.Keeper {
	return trends.New(trends.Config{Store: s, Recorder: r, Now: c.Now, Logger: log})
}

func newBulkJobs(s store.Store, c *clock.Clock, log *zap.Logger) *bulk.Jobs {
	return bulk.NewJobs(s, c.Now, log)
}

func newBulkRunner(j *bulk.Jobs, ms *mission.Service, m *metrics.Metrics) *bulk.Runner {
	return bulk.NewRunner(j, ms, m.Bulk)
}

// suspects breaks the circle between missions, which name suspects, and the reaper, which asks missions for their end.
type suspects struct{ reaper *reap.Reaper }

func newSuspects() *suspects { return &suspects{} }

// Suspect implements mission.Suspects.
func (s *suspects) Suspect(id string) {
	if s.reaper != nil {
		s.reaper.Suspect(id)
	}
}

func newMissions(s store.Store, g Ground, sq *squads.Registry, d *dispatch.Dispatcher, in *inbox.Sender, sus *suspects, m *metrics.Metrics, r *trends.Recorder,
	c *clock.Clock, e *epoch.Keeper, k keys, log *zap.Logger,
) *mission.Service {
	return mission.New(mission.Deps{
		Store: s, Dispatcher: d, Inboxes: in, Suspects: sus, Squads: sq, Observer: m, Tally: r, Epoch: e.Current, Now: c.Now, Claimed: d.Claimed, Ran: d.Ran,
		Recall: g.Recall, Place: g.Place, Apart: g.Place != nil, Admitted: d.Wake, TicketKey: k.ticket, OrderKey: k.order, Logger: log,
	})
}

func newLimits(s store.Store, g Ground, d *dispatch.Dispatcher) *limits.Keeper {
	return limits.New(s, d.Wake, g.Place != nil)
}

func newDesk(ms *mission.Service, b broker.Broker, in *submit.Intake, k keys, m *metrics.Metrics, log *zap.Logger) *submit.Desk {
	kept := func() { in.Accepted(); m.AcceptedByBroker() }
	return submit.NewDesk(ms, b, k.submit, kept, log)
}

func newSubmissions(s store.Store, b broker.Broker, ms *mission.Service, c *clock.Clock, k keys, m *metrics.Metrics, log *zap.Logger) *submit.Intake {
	return submit.NewIntake(submit.Config{
		Broker: b, Missions: ms, Key: k.submit, Now: c.Now, Refused: m.Refused, Logger: log,
		Check: func(ctx context.Context) error {
			_, err := s.Check(ctx)
			return err
		},
	})
}

func newShelf(b broker.Broker, m *metrics.Metrics, log *zap.Logger) *setaside.Shelf {
	return setaside.New(b, func(a setaside.Action, messages int) { m.SetAsideActedUpon(string(a), messages) }, log)
}

func newSessions(s store.Store, sq *squads.Registry, i *tokenauth.Issuer, k keys, e *epoch.Keeper, c *clock.Clock, m *metrics.Metrics, log *zap.Logger,
) *session.Service {
	return session.New(session.Config{
		Store: s, Squads: sq, Issuer: i, Keys: k.tokens, TicketKey: k.ticket, Epoch: e.Current, Now: c.Time, Issued: m.TokenIssued,
		Logger: log.Named("session"),
	})
}

func newDrainer(s store.Store, in *inbox.Sender, log *zap.Logger) *session.Drainer {
	return session.NewDrainer(s, in, log.Named("session"))
}

func newIntake(b broker.Broker, ms *mission.Service, ss *session.Service, v *tokenauth.Verifier, in *inbox.Sender,
	s store.Store, k keys, up *uptime.Tracker, m *metrics.Metrics, log *zap.Logger,
) *ingest.Intake {
	return ingest.New(ingest.Config{
		Broker: b, Missions: ms, Leases: ss, Verifier: v, Inboxes: in, MarkerKey: k.marker, SoldierClaim: session.SoldierClaim,
		Check: func(ctx context.Context) error {
			_, err := s.Check(ctx)
			return err
		},
		Up: func() { up.Up(uptime.Intake) }, Down: func() { up.Down(uptime.Intake) }, Refused: m.Refused, Logger: log,
	})
}

func newTelemetry(b broker.Broker, s store.Store, v *tokenauth.Verifier, k keys, m *metrics.Metrics, log *zap.Logger) *telemetry.Intake {
	return telemetry.New(telemetry.Config{
		Broker: b, Store: s, Verifier: v, TicketKey: k.ticket, Observe: func(o telemetry.Outcome) { m.Reported(string(o)) }, Logger: log,
	})
}

func newMarkers(b broker.Broker, k keys, log *zap.Logger) *reap.Markers {
	return reap.NewMarkers(b, k.marker, log)
}

func newReaper(s store.Store, ms *mission.Service, mk *reap.Markers, in *inbox.Sender, up *uptime.Tracker, sus *suspects,
	m *metrics.Metrics, c *clock.Clock, log *zap.Logger,
) *reap.Reaper {
	r := reap.New(reap.Config{
		Store: s, Missions: ms, Barrier: mk, Inboxes: in, Uptime: up, Now: c.Now, Buried: m.SessionBuried, Logger: log,
	})
	sus.reaper = r
	return r
}

func newWatch(s store.Store, b broker.Broker, up *uptime.Tracker, d *dispatch.Dispatcher) *uptime.Watch {
	return uptime.NewWatch(up, func(ctx context.Context) error {
		_, err := s.Check(ctx)
		return err
	}, func() bool { return b.Health().Connected }, d.Wake)
}
