package commanderfx_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/fx"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/commanderfx"
	"github.com/mission-control-dev/mission-control/commander/config"
	"github.com/mission-control-dev/mission-control/contracts/broker/membroker"
	"github.com/mission-control-dev/mission-control/store/memstore"
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

func settings() config.Config {
	return config.Config{
		Addr: "127.0.0.1:0", RabbitMQURL: "amqp://127.0.0.1:1", RedisURL: "redis://127.0.0.1:1", Ground: "local",
		MasterSecret: []byte("a master secret of 32 bytes, yes"), EnrollmentKey: "a key for enrolment",
	}
}

func memory() commanderfx.Memory {
	return commanderfx.Memory{Store: memstore.New(memstore.Config{}), Broker: membroker.New()}
}

func TestApplicationOnServersIsValid(t *testing.T) {
	err := fx.ValidateApp(fx.Supply(settings(), zap.NewNop()), commanderfx.Quiet, commanderfx.Servers, commanderfx.Module)
	if err != nil {
		t.Error(err)
	}
}

func TestEmbedded(t *testing.T) {
	app, err := commanderfx.NewEmbedded(settings(), memory(), zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	var health struct {
		Status, Ground string
		Checks         map[string]struct{ Status string }
	}
	// The first checks may still be under way.
	for health.Status != "ok" {
		res, err := (&http.Client{Transport: transport}).Get(fmt.Sprintf("http://%s/health", app.Addr()))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.NewDecoder(res.Body).Decode(&health); err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
	}
	if health.Ground != "embedded" || health.Checks["redis"].Status != "not_used" || health.Checks["rabbitmq"].Status != "not_used" {
		t.Errorf("health %+v", health)
	}
	for range 2 {
		if err := app.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

func TestEmbeddedNamesTheSettingOfATakenAddress(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	c := settings()
	c.Addr = taken.Addr().String()
	app, err := commanderfx.NewEmbedded(c, memory(), zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	err = app.Start(t.Context())
	if !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), "COMMANDER_ADDR") {
		t.Errorf("got %v", err)
	}
}

func TestEmbeddedNamesAWrongSetting(t *testing.T) {
	c := settings()
	c.MasterSecret = nil
	if _, err := commanderfx.NewEmbedded(c, memory(), zap.NewNop()); err == nil || !strings.HasPrefix(err.Error(), "COMMANDER_MASTER_SECRET") {
		t.Errorf("got %v", err)
	}
}
