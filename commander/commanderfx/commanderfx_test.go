package commanderfx_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/fx"
	"go.uber.org/fx/fxtest"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/commanderfx"
	"github.com/mission-control-dev/mission-control/commander/internal/config"
	"github.com/mission-control-dev/mission-control/commander/internal/httpapi"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/broker/membroker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// fasthttp and fiber keep these for the process; see httpapi's tests.
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
		goleak.IgnoreAnyFunction("github.com/gofiber/fiber/v2/utils.StartTimeStampUpdater.func1.1"),
	)
}

func settings() config.Config {
	return config.Config{
		Addr: "127.0.0.1:0", MasterSecret: []byte(strings.Repeat("m", 32)), EnrollmentKey: strings.Repeat("e", 16), Ground: "embedded",
	}
}

func TestApplicationIsValidOnServers(t *testing.T) {
	err := fx.ValidateApp(fx.Supply(settings(), zap.NewNop()), commanderfx.Servers, commanderfx.Module)
	if err != nil {
		t.Error(err)
	}
}

// client is a Part made of the broker in memory.
type client struct{ *membroker.Client }

func (client) Start(context.Context) error      { return nil }
func (c client) Stop(ctx context.Context) error { return c.Close(ctx) }

// TestInMemory runs the whole commander: a mission's order comes out of its queue, and after the stop nobody listens and
// (goleak) nothing is left.
func TestInMemory(t *testing.T) {
	all := topology.Default()
	server := membroker.New()
	own := server.Connect(membroker.Config{Topology: &all})
	var api *httpapi.Server
	app := fxtest.New(t,
		fx.Supply(settings(), zap.NewNop(), commanderfx.Ground{Name: "embedded", Parts: []commanderfx.Part{client{own}}}),
		fx.Provide(func() broker.Broker { return own }, func() store.Store { return memstore.New(memstore.Config{}) }),
		commanderfx.Module, fx.Populate(&api),
	)
	app.RequireStart()
	url := "http://" + api.Addr().String()
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
	if order := takeOrder(t, server); !strings.Contains(order, "first light") {
		t.Errorf("order %s", order)
	}

	app.RequireStop()
	if resp, err := web.Get(url + "/health/live"); err == nil {
		_ = resp.Body.Close()
		t.Error("it still answers after its stop")
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
