package commanderfx

import (
	"context"

	"go.uber.org/fx"

	"github.com/mission-control-dev/mission-control/commander/internal/attention"
	"github.com/mission-control-dev/mission-control/commander/internal/bulk"
	"github.com/mission-control-dev/mission-control/commander/internal/clock"
	"github.com/mission-control-dev/mission-control/commander/internal/custody"
	"github.com/mission-control-dev/mission-control/commander/internal/deadline"
	"github.com/mission-control-dev/mission-control/commander/internal/dispatch"
	"github.com/mission-control-dev/mission-control/commander/internal/epoch"
	"github.com/mission-control-dev/mission-control/commander/internal/health"
	"github.com/mission-control-dev/mission-control/commander/internal/httpapi"
	"github.com/mission-control-dev/mission-control/commander/internal/inbox"
	"github.com/mission-control-dev/mission-control/commander/internal/ingest"
	"github.com/mission-control-dev/mission-control/commander/internal/reap"
	"github.com/mission-control-dev/mission-control/commander/internal/retention"
	"github.com/mission-control-dev/mission-control/commander/internal/schedule"
	"github.com/mission-control-dev/mission-control/commander/internal/squads"
	"github.com/mission-control-dev/mission-control/commander/internal/submit"
	"github.com/mission-control-dev/mission-control/commander/internal/telemetry"
	"github.com/mission-control-dev/mission-control/commander/internal/trends"
	"github.com/mission-control-dev/mission-control/commander/internal/uptime"
)

// order starts the parts in this order and stops them in the opposite one.
//
// The ground comes first, for all else calls on it; none of the parts waits for a server to be there. HTTP comes last:
// what it accepts, the others must be able to carry on. On the way down it therefore goes first, then those that begin
// things (reaper, intakes, dispatcher), then the inboxes, through which they answer, then the trends, which count all of that.
func order(lc fx.Lifecycle, g Ground, e *epoch.Keeper, c *clock.Clock, up *uptime.Tracker, w *uptime.Watch, tk *trends.Keeper, in *inbox.Sender,
	sq *squads.Registry, d *dispatch.Dispatcher, cu *custody.Keeper, it *ingest.Intake, subs *submit.Intake, mk *reap.Markers, r *reap.Reaper,
	dl *deadline.Keeper, tr *retention.Trimmer, sk *schedule.Keeper, te *telemetry.Intake, br *bulk.Runner, h *health.Checker, at *attention.Keeper, s *httpapi.Server,
) {
	parts := append([]Part{}, g.Parts...)
	parts = append(parts, e, c, up, w, tk, sender{in}, sq, d, cu, it, subs, mk, r, dl, tr, sk, te, br, h, at, listener{s, up})
	for _, p := range parts {
		lc.Append(fx.StartStopHook(p.Start, p.Stop))
	}
}

// sender makes a Part of the inboxes, which need no start.
type sender struct{ *inbox.Sender }

// Start does nothing.
func (sender) Start(context.Context) error { return nil }

// listener tells the tracker that HTTP is served: a soldier that could not reach us must not die for it.
type listener struct {
	*httpapi.Server
	up *uptime.Tracker
}

// Start listens.
func (l listener) Start(ctx context.Context) error {
	if err := l.Server.Start(ctx); err != nil {
		return err
	}
	l.up.Up(uptime.Listener)
	return nil
}

// Stop takes no more requests.
func (l listener) Stop(ctx context.Context) error {
	l.up.Down(uptime.Listener)
	return l.Server.Stop(ctx)
}
