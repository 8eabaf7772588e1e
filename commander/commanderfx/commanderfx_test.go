package commanderfx_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/fx"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/commanderfx"
	"github.com/mission-control-dev/mission-control/commander/config"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/broker/membroker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
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

// TestEmbedded runs the whole commander: a mission's order comes out of its queue, health says what is not used, and after
// the stop nobody listens and (goleak) nothing is left.
func TestEmbedded(t *testing.T) {
	on := memory()
	app, err := commanderfx.NewEmbedded(settings(), on, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	url := "http://" + app.Addr().String()
	web := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

	resp, err := web.Post(url+"/missions", "application/json", strings.NewReader(`{"name":"first light"}`))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil || resp.StatusCode != http.StatusAccepted {
		t.Fatalf("%d: %s, error %v", resp.StatusCode, body, err)
	}
	if order := takeOrder(t, on.Broker); !strings.Contains(order, "first light") {
		t.Errorf("order %s", order)
	}

	var health struct {
		Status, Ground string
		Checks         map[string]struct{ Status string }
	}
	for health.Status != "ok" { // the first checks may still be under way
		resp, err := web.Get(url + "/health")
		if err != nil {
			t.Fatal(err)
		}
		if err := json.NewDecoder(resp.Body).Decode(&health); err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	if health.Ground != "embedded" || health.Checks["redis"].Status != "not_used" || health.Checks["rabbitmq"].Status != "not_used" {
		t.Errorf("health %+v", health)
	}

	for range 2 {
		if err := app.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}
	if resp, err := web.Get(url + "/health/live"); err == nil {
		_ = resp.Body.Close()
		t.Error("it still answers after its stop")
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

// takeOrder takes one order, as a soldier would.
func takeOrder(t *testing.T, server *membroker.Server) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	soldier := server.Connect(membroker.Config{})
	orders := make(chan string, 1)
	var done sync.WaitGroup
	done.Go(func() {
		_ = soldier.Consume(ctx, broker.Subscription{Queue: topology.Orders, Prefetch: 1, Handle: func(d broker.Delivery) {
			select {
			case orders <- string(d.Body):
			default:
			}
			_ = d.Ack()
		}})
	})
	defer func() {
		cancel()
		done.Wait()
		_ = soldier.Close(context.Background())
	}()
	select {
	case order := <-orders:
		return order
	case <-ctx.Done():
		t.Fatal("no order came")
		return ""
	}
}
