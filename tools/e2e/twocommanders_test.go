package e2e

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/commanderfx"
	commanderconfig "github.com/mission-control-dev/mission-control/commander/config"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker/membroker"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/soldier"
	"github.com/mission-control-dev/mission-control/soldier/simulate"
	"github.com/mission-control-dev/mission-control/store/memstore"
	"github.com/mission-control-dev/mission-control/tools/internal/netfault"
)

// twoCommanders: the one that the dashboard uses dies without a word. The page goes on with the other one behind the last event that
// it saw, so it asks for nothing anew, and nothing is lost or doubled.
func (p *places) twoCommanders(t *testing.T) {
	pair := newPair(t)
	way, err := netfault.Listen("127.0.0.1:0", pair[0].Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := way.Close(); err != nil {
			t.Errorf("close the way to the first commander: %v", err)
		}
	})
	d := another(t, map[string]string{"DASHBOARD_COMMANDER_URL": "http://" + way.Addr() + ",http://" + pair[1].Addr().String()})
	f := before(t, "http://"+d.Addr(), streamsPass)
	through, err := client.New(client.Config{BaseURL: f.URL + "/api"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(through.CloseIdleConnections)

	tab := p.tab(t)
	visit(t, tab, f.URL+"/missions", "live")
	mark(t, tab)
	ran := simulated(t, through, contracts.MissionRequest{Name: "Ran before"}, 0, 0)
	runs := simulated(t, through, contracts.MissionRequest{Name: "Runs on"}, forever, 0)
	row(t, tab, ran, contracts.StatusCompleted)
	row(t, tab, runs, contracts.StatusInProgress)
	asked := f.lists()

	left := make(chan error, 1) // the page had noticed
	watching, cancel := context.WithTimeout(tab, time.Minute)
	defer cancel()
	go func() { left <- chromedp.Run(watching, chromedp.WaitNotPresent(`[data-live="live"]`)) }()
	way.Set(netfault.Cut, 0)
	if err := pair[0].Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-left; err != nil {
		t.Fatalf("the first commander's death went unnoticed, so it was not the one in use: %v", err)
	}
	after := simulated(t, through, contracts.MissionRequest{Name: "Ordered after"}, 0, 0)
	if _, err := through.Cancel(t.Context(), runs); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Run(tab, chromedp.WaitVisible(`[data-live="live"]`)); err != nil {
		t.Fatal(err)
	}
	row(t, tab, after, contracts.StatusCompleted)
	row(t, tab, runs, contracts.StatusCancelled)
	row(t, tab, ran, contracts.StatusCompleted)
	holds(t, tab, `document.querySelectorAll('[data-mission-id]').length === 3`)
	unique(t, tab)
	sameOne(t, tab)
	if more := f.lists() - asked; more > 0 {
		t.Errorf("the list was asked for %d times more", more)
	}
	p.looks(t, tab, "second-commander")
}

// newPair starts two commanders on one store and one broker, and a soldier that knows both.
func newPair(t *testing.T) [2]*commanderfx.App {
	t.Helper()
	const enrolment = "a key for enrolment"
	on := commanderfx.Memory{Store: memstore.New(memstore.Config{}), Broker: membroker.New()}
	var pair [2]*commanderfx.App
	for i := range pair {
		app, err := commanderfx.NewEmbedded(commanderconfig.Config{
			Addr: "127.0.0.1:0", MasterSecret: []byte("a master secret of 32 bytes, yes"), EnrollmentKey: enrolment,
		}, on, zap.NewNop())
		if err != nil {
			t.Fatal(err)
		}
		if err := app.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			if err := app.Stop(ctx); err != nil {
				t.Errorf("stop a commander: %v", err)
			}
		})
		pair[i] = app
	}
	link := on.Broker.Connect(membroker.Config{})
	worker, err := soldier.New(soldier.Config{
		ID: "soldier-1", Slots: 4, Broker: link, EnrollmentKey: enrolment,
		CommanderURLs: []string{"http://" + pair[0].Addr().String(), "http://" + pair[1].Addr().String()},
	})
	if err != nil {
		t.Fatal(err)
	}
	soldier.Handle[json.RawMessage, simulate.Result](worker, contracts.KindSimulate, simulate.Handle)
	if err := worker.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := worker.Stop(ctx); err != nil {
			t.Errorf("stop the soldier: %v", err)
		}
		if err := link.Close(ctx); err != nil {
			t.Errorf("close the soldier's connection: %v", err)
		}
	})
	return pair
}
