package soldierfx_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"go.uber.org/fx"
	"go.uber.org/fx/fxevent"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker/membroker"
	"github.com/mission-control-dev/mission-control/soldier"
	"github.com/mission-control-dev/mission-control/soldier/soldierfx"
	"github.com/mission-control-dev/mission-control/tokenauth"
	"github.com/mission-control-dev/mission-control/tokenauth/tokenauthtest"
)

// TestTheApplicationEndsOnAnOperatorsWord: without any signal.
func TestTheApplicationEndsOnAnOperatorsWord(t *testing.T) {
	issuer := tokenauthtest.NewIssuer(t, time.Now)
	commander := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		token, err := issuer.Issue(tokenauth.IssueRequest{Subject: "s"})
		if err != nil {
			t.Error(err)
		}
		_ = json.NewEncoder(w).Encode(contracts.RenewalReply{Session: "s", Token: token.Raw, ExpiresIn: 30, Lease: true, Drain: true})
	}))
	defer commander.Close()
	link := membroker.New().Connect(membroker.Config{})
	defer func() { _ = link.Close(context.Background()) }()
	app := fx.New(
		fx.Supply(soldier.Config{ID: "s", EnrollmentKey: "k", Broker: link, CommanderURLs: []string{commander.URL}}, zap.NewNop()),
		fx.WithLogger(func() fxevent.Logger { return fxevent.NopLogger }),
		soldierfx.Module(),
		fx.Invoke(func(s *soldier.Soldier) {
			soldier.Handle(s, "nothing", func(context.Context, soldier.Mission[struct{}]) (any, error) { return nil, nil })
		}),
	)
	ended := app.Wait()
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case s := <-ended:
		if s.ExitCode != 0 {
			t.Errorf("exit code %d", s.ExitCode)
		}
	case <-time.After(10 * time.Second):
		t.Error("the application goes on")
	}
	if err := app.Stop(t.Context()); err != nil {
		t.Errorf("stop: %v", err)
	}
}
