package embedded_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/embedded"
	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// fasthttp and fiber keep these for the process: clocks, and the cleaner of a server's worker pool, which looks
		// whether it shall end only every ten seconds.
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
		goleak.IgnoreAnyFunction("github.com/gofiber/fiber/v2/utils.StartTimeStampUpdater.func1.1"),
	)
}

// config is a stack on free ports, with an environment of its own.
func config(env map[string]string) embedded.Config {
	return embedded.Config{
		CommanderAddr: "127.0.0.1:0", DashboardAddr: "127.0.0.1:0", Soldiers: 2,
		Lookup: func(name string) (string, bool) {
			value, ok := env[name]
			return value, ok
		},
		Logger: func(string, string) *zap.Logger { return zap.NewNop() },
	}
}

func TestMissionRunsAndStopTakesItAway(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	// What means nothing here must not be in the way, and what means something must count.
	s, err := embedded.New(config(map[string]string{
		"RABBITMQ_URL": "nonsense", "COMMANDER_MASTER_SECRET": "short", "COMMANDER_API_KEY": "a-key-for-clients",
	}))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(ctx); err != nil {
		t.Fatal(err)
	}
	if err := s.AwaitOK(ctx); err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	// Through the dashboard, as a browser would; it adds the API key.
	c, err := client.New(client.Config{BaseURL: s.DashboardURL() + "/api", HTTPClient: &http.Client{Transport: transport}})
	if err != nil {
		t.Fatal(err)
	}
	h, err := c.Health(ctx)
	if err != nil || h.Status != client.HealthOK || h.Ground != "embedded" ||
		h.Checks["redis"].Status != client.CheckNotUsed || h.Checks["rabbitmq"].Status != client.CheckNotUsed {
		t.Errorf("health %+v, %v", h, err)
	}
	payload := json.RawMessage(`{"min_seconds":1000,"max_seconds":1000}`)
	m, err := c.Submit(ctx, contracts.MissionRequest{Name: "first light", Payload: payload}, client.SubmitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range c.Events(ctx, client.EventsOptions{MissionID: m.MissionID}) {
		if err != nil {
			t.Fatal(err)
		}
		if now, err := c.Get(ctx, m.MissionID); e.Type == client.EventDisconnected || err != nil {
			t.Fatal(e.Err, err)
		} else if now.Status == contracts.StatusInProgress {
			break
		}
	}
	bare, err := client.New(client.Config{BaseURL: s.CommanderURL(), HTTPClient: &http.Client{Transport: transport}})
	if err != nil {
		t.Fatal(err)
	}
	var refused *client.Problem
	if _, err := bare.Get(ctx, m.MissionID); !errors.As(err, &refused) || refused.Status != http.StatusUnauthorized {
		t.Errorf("reading without the API key: %v", err)
	}
	if err := s.Stop(ctx); err != nil {
		t.Error(err)
	}
	if _, err := c.Health(ctx); err == nil {
		t.Error("somebody answers after Stop")
	}
}

func TestADrainedSoldierEndsAlone(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	drained := localstack.SoldierName(1)
	stopped := make(chan struct{})
	cfg := config(nil)
	cfg.Logger = func(part, _ string) *zap.Logger {
		if part != drained {
			return zap.NewNop()
		}
		core, _ := observer.New(zap.InfoLevel)
		return zap.New(core, zap.Hooks(func(e zapcore.Entry) error {
			if e.Message == "soldier stopped" {
				close(stopped)
			}
			return nil
		}))
	}
	s, err := embedded.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(ctx); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	}()
	if err := s.AwaitOK(ctx); err != nil {
		t.Fatal(err)
	}
	c, err := client.New(client.Config{BaseURL: s.CommanderURL()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseIdleConnections()
	if _, err := c.Drain(ctx, drained); err != nil {
		t.Fatal(err)
	}
	select {
	case <-stopped:
	case <-ctx.Done():
		t.Fatal("the soldier goes on")
	}
	m, err := c.Submit(ctx, contracts.MissionRequest{Name: "for the other", Payload: json.RawMessage(`{"min_seconds":0,"max_seconds":0,"failure_rate":0}`)},
		client.SubmitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if m, err = c.Wait(ctx, m.MissionID); err != nil || m.Status != contracts.StatusCompleted || m.SoldierID != localstack.SoldierName(2) {
		t.Errorf("mission %+v, %v", m.Mission, err)
	}
}

func TestTakenPortNamesItsSetting(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for setting, edit := range map[string]func(*embedded.Config, string){
		"COMMANDER_ADDR": func(c *embedded.Config, addr string) { c.CommanderAddr = addr },
		"DASHBOARD_ADDR": func(c *embedded.Config, addr string) { c.DashboardAddr = addr },
	} {
		cfg := config(nil)
		edit(&cfg, taken.Addr().String())
		s, err := embedded.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		var portTaken *localstack.PortTakenError
		if err := s.Start(t.Context()); !errors.As(err, &portTaken) || portTaken.Setting != setting {
			t.Errorf("%s: got %v", setting, err)
		}
	}
}

func TestWrongSettingIsNamed(t *testing.T) {
	for name, value := range map[string]string{
		"SOLDIER_SLOTS": "many", "COMMANDER_INSECURE": "perhaps", "DASHBOARD_ALLOWED_HOSTS": "http://here", "LOG_LEVEL": "loud",
	} {
		if _, err := embedded.New(config(map[string]string{name: value})); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%s: got %v", name, value, err)
		}
	}
}
