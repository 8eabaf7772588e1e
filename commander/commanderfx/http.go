package commanderfx

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/config"
	"github.com/mission-control-dev/mission-control/commander/internal/attention"
	"github.com/mission-control-dev/mission-control/commander/internal/bulk"
	"github.com/mission-control-dev/mission-control/commander/internal/clock"
	"github.com/mission-control-dev/mission-control/commander/internal/custody"
	"github.com/mission-control-dev/mission-control/commander/internal/depths"
	"github.com/mission-control-dev/mission-control/commander/internal/epoch"
	"github.com/mission-control-dev/mission-control/commander/internal/health"
	"github.com/mission-control-dev/mission-control/commander/internal/httpapi"
	"github.com/mission-control-dev/mission-control/commander/internal/ingest"
	"github.com/mission-control-dev/mission-control/commander/internal/limits"
	"github.com/mission-control-dev/mission-control/commander/internal/metrics"
	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/commander/internal/schedule"
	"github.com/mission-control-dev/mission-control/commander/internal/session"
	"github.com/mission-control-dev/mission-control/commander/internal/setaside"
	"github.com/mission-control-dev/mission-control/commander/internal/squads"
	"github.com/mission-control-dev/mission-control/commander/internal/submit"
	"github.com/mission-control-dev/mission-control/commander/internal/trends"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/store"
)

// shownQueues returns those whose depths are shown in the stats and the metrics.
func shownQueues(sq *squads.Registry) func() []string {
	return func() []string {
		return append(slices.Clip(sq.Queues()),
			topology.Status, topology.Telemetry, topology.Submissions, topology.StatusRefused, topology.SubmissionsRefused, topology.OrdersDead)
	}
}

func newDepths(b broker.Broker) *depths.Depths { return depths.New(b) }

func newMetrics(s store.Store, d *depths.Depths, e *epoch.Keeper, sq *squads.Registry) (*metrics.Metrics, error) {
	m := metrics.New()
	if err := m.WatchAdopted(e.Adopted); err != nil {
		return nil, fmt.Errorf("watch adopted missions: %w", err)
	}
	if err := m.WatchMissions(s); err != nil {
		return nil, fmt.Errorf("watch missions: %w", err)
	}
	if err := m.WatchQueues(d, shownQueues(sq)); err != nil {
		return nil, fmt.Errorf("watch queues: %w", err)
	}
	if err := m.WatchSquads(sq.Paused); err != nil {
		return nil, fmt.Errorf("watch squads: %w", err)
	}
	return m, nil
}

// warned adds to the store's warnings that it was wiped.
type warned struct {
	store.Store
	epoch *epoch.Keeper
}

// Check makes a round trip.
func (w warned) Check(ctx context.Context) (string, error) {
	warning, err := w.Store.Check(ctx)
	if wiped := w.epoch.Warning(); wiped != "" && err == nil {
		warning = strings.TrimSuffix(wiped+"; "+warning, "; ")
	}
	return warning, err
}

func newHealth(g Ground, s store.Store, b broker.Broker, in *ingest.Intake, subs *submit.Intake, e *epoch.Keeper,
	cu *custody.Keeper,
) *health.Checker {
	return health.New(health.Config{
		Ground: g.Name, Version: Version(), InProcess: g.Name == Embedded,
		BrokerWarning: func() string { return strings.Trim(cu.Warning()+"; "+subs.Warning(), "; ") },
		Excused: func(queue string) bool {
			return queue == topology.Status && in.GivenUp() || queue == topology.Submissions && subs.GivenUp()
		},
	}, warned{s, e}, b)
}

func newAttention(s store.Store, h *health.Checker, sq *squads.Registry, lim *limits.Keeper, d *depths.Depths, tk *trends.Keeper, sk *schedule.Keeper, bj *bulk.Jobs,
	cl *clock.Clock, log *zap.Logger,
) *attention.Keeper {
	return attention.New(attention.Config{
		Sources: attention.Sources{Health: h, Store: s, Squads: sq, Limits: lim, Depths: d, Failures: tk, Schedules: sk, Bulk: bj}, Now: cl.Now, Logger: log,
	})
}

func newServer(c config.Config, g Ground, s store.Store, d *depths.Depths, desk *submit.Desk, shelf *setaside.Shelf, subs *submit.Intake,
	ms *mission.Service, bj *bulk.Jobs, ss *session.Service, dr *session.Drainer, lim *limits.Keeper, sq *squads.Registry, sk *schedule.Keeper,
	tk *trends.Keeper, h *health.Checker, at *attention.Keeper, m *metrics.Metrics, cl *clock.Clock, log *zap.Logger,
) (*httpapi.Server, error) {
	return httpapi.New(httpapi.Config{
		Addr: c.Addr, Listener: g.Listener, APIKey: c.APIKey, EnrollmentKey: c.EnrollmentKey, AllowedHosts: c.AllowedHosts,
		Queues: shownQueues(sq),
	}, httpapi.Deps{
		Submitter: desk, Submissions: subs, SetAside: shelf, Missions: ms, Bulk: bj, Store: s, Recall: g.Recall, Tokens: ss, Soldiers: dr, Limits: lim, Squads: sq, Schedules: sk, Trends: tk, Depths: d, Health: h, Attention: at,
		Metrics: m, Now: cl.Now, Logger: log,
	})
}
