package system

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/commanderfx"
	"github.com/mission-control-dev/mission-control/commander/config"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker/membroker"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/soldier"
	"github.com/mission-control-dev/mission-control/soldier/simulate"
	"github.com/mission-control-dev/mission-control/store/dualstore"
)

func TestMain(m *testing.M) {
	warmUp()
	goleak.VerifyTestMain(m,
		// fasthttp and fiber keep these for the process: clocks, and the cleaner of a server's worker pool.
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
		goleak.IgnoreAnyFunction("github.com/gofiber/fiber/v2/utils.StartTimeStampUpdater.func1.1"),
	)
}

// warmUp serves HTTP once outside of any bubble: what the libraries start once for the process must not be started in
// one, where it would never end.
func warmUp() {
	net := &wire{}
	app, err := commanderfx.NewEmbedded(settings(), commanderfx.Memory{
		Store: newAiling(), Broker: membroker.New(), Listener: net.listen(),
	}, zap.NewNop())
	if err != nil {
		panic(err)
	}
	if err := app.Start(context.Background()); err != nil {
		panic(err)
	}
	p := net.phone()
	res, err := (&http.Client{Transport: p}).Get("http://127.0.0.1:8080/health/live")
	if err != nil {
		panic(err)
	}
	_ = res.Body.Close()
	p.cut()
	if err := app.Stop(context.Background()); err != nil {
		panic(err)
	}
}

const enrolment = "a key for enrolment"

func settings() config.Config {
	return config.Config{
		Addr: "127.0.0.1:8080", MasterSecret: []byte("a master secret of 32 bytes, yes"), EnrollmentKey: enrolment,
	}
}

// world is a whole installation.
type world struct {
	*testing.T
	store    *ailing
	broker   *membroker.Server
	net      *wire
	journals string
	client   *client.Client

	commander *commanderfx.App
	twin      *dualstore.Store
}

// inWorld runs a test in a bubble with a commander. What the test recruits is stopped at the end.
func inWorld(t *testing.T, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t, store: newAiling(), broker: membroker.New(), net: &wire{}, journals: t.TempDir()}
		p := w.net.phone()
		var err error
		// One try a call: what a test does next depends on each.
		w.client, err = client.New(client.Config{HTTPClient: &http.Client{Transport: p}, Retry: client.Retry{Attempts: 1}})
		w.must(err)
		w.command()
		t.Cleanup(func() {
			w.retire()
			p.cut()
			time.Sleep(time.Minute) // the pools of connections look after theirs every few seconds
		})
		test(w)
	})
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// command starts a commander on the store and the broker that are there, and waits until all is well.
func (w *world) command() {
	w.Helper()
	w.serve()
	w.until("the commander is well", func() bool {
		h, err := w.client.Health(w.Context())
		return err == nil && h.Status == client.HealthOK
	})
}

// serve starts a commander on the store and the broker, which may be away.
func (w *world) serve() {
	w.Helper()
	var err error
	w.twin, err = dualstore.New(dualstore.Config{Primary: w.store})
	w.must(err)
	w.must(w.twin.Start(w.Context()))
	w.commander, err = commanderfx.NewEmbedded(settings(), commanderfx.Memory{
		Store: w.twin, Broker: w.broker, Listener: w.net.listen(),
	}, zap.NewNop())
	w.must(err)
	w.must(w.commander.Start(w.Context()))
}

// retire stops the commander.
func (w *world) retire() {
	w.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	w.must(w.commander.Stop(ctx))
	w.must(w.twin.Stop(ctx))
}

// until waits in fake time, an hour at most.
func (w *world) until(what string, holds func() bool) {
	w.Helper()
	for end := time.Now().Add(time.Hour); !holds(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			w.Fatalf("waited an hour in vain until %s", what)
		}
	}
}

// unit is a soldier and what it hangs on.
type unit struct {
	w      *world
	id     string
	link   *membroker.Client
	phone  *phone
	worker *soldier.Soldier
	once   sync.Once
}

// recruit starts a soldier for the kind simulate.
func (w *world) recruit(id string, edit ...func(*soldier.Config)) *unit {
	w.Helper()
	u := &unit{w: w, id: id, link: w.broker.Connect(membroker.Config{}), phone: w.net.phone()}
	cfg := soldier.Config{
		ID: id, Slots: 16, Broker: u.link, EnrollmentKey: enrolment, HTTPClient: &http.Client{Transport: u.phone},
		Journal: filepath.Join(w.journals, id+".jsonl"), DrainTimeout: 5 * time.Second,
	}
	for _, e := range edit {
		e(&cfg)
	}
	var err error
	u.worker, err = soldier.New(cfg)
	w.must(err)
	soldier.Handle[json.RawMessage, simulate.Result](u.worker, contracts.KindSimulate, simulate.Handle)
	w.must(u.worker.Start(w.Context()))
	w.Cleanup(u.end)
	return u
}

// fleet recruits n soldiers and waits until the commander knows them.
func (w *world) fleet(n int, edit ...func(*soldier.Config)) []*unit {
	w.Helper()
	var units []*unit
	for i := 1; i <= n; i++ {
		units = append(units, w.recruit(fmt.Sprintf("soldier-%d", i), edit...))
	}
	w.until("the commander knows the fleet", func() bool { return len(w.sessions("live")) == n })
	return units
}

// drain stops the soldier as SIGTERM does.
func (u *unit) drain() error {
	err := u.worker.Stop(context.Background())
	u.end()
	return err
}

func (u *unit) end() {
	u.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_ = u.worker.Stop(ctx) // what is left undone here is the test's to judge
		u.phone.cut()
		if err := u.link.Close(ctx); err != nil {
			u.w.Errorf("closing the connection of %s: %v", u.id, err)
		}
	})
}

// kill ends the soldier without a word, as SIGKILL does. The broker sees its connection close.
func (u *unit) kill() {
	u.phone.cut()
	if err := u.link.Close(context.Background()); err != nil {
		u.w.Errorf("closing the connection of %s: %v", u.id, err)
	}
	u.halt()
}

// unplug ends the soldier without a word, and the broker's connection to it stands until it is plugged in again.
func (u *unit) unplug() {
	u.phone.cut()
	u.link.Freeze()
	u.halt()
}

// halt ends the goroutines of a soldier that nobody hears any more.
func (u *unit) halt() {
	now, cancel := context.WithCancel(context.Background())
	cancel()
	_ = u.worker.Stop(now) // leaves work undone
}

// sessions lists the soldiers' sessions in a state.
func (w *world) sessions(state string) []client.Soldier {
	w.Helper()
	f, err := w.client.Soldiers(w.Context())
	w.must(err)
	var out []client.Soldier
	for _, s := range f.Soldiers {
		if s.State == state {
			out = append(out, s)
		}
	}
	return out
}

// order is a mission of that many seconds that does not fail.
func order(seconds int) contracts.MissionRequest {
	return contracts.MissionRequest{
		Name:           fmt.Sprintf("%d seconds", seconds),
		Payload:        json.RawMessage(fmt.Sprintf(`{"min_seconds":%d,"max_seconds":%d,"failure_rate":0}`, seconds, seconds)),
		TimeoutSeconds: max(contracts.DefaultTimeoutSeconds, 2*seconds),
	}
}

// submit orders a mission and returns its id.
func (w *world) submit(seconds int) string {
	w.Helper()
	m, err := w.client.Submit(w.Context(), order(seconds), client.SubmitOptions{})
	w.must(err)
	return m.MissionID
}

func (w *world) get(id string) contracts.Mission {
	w.Helper()
	m, err := w.client.Get(w.Context(), id)
	w.must(err)
	return m.Mission
}

// await waits until the mission is in the status.
func (w *world) await(id string, status contracts.Status) contracts.Mission {
	w.Helper()
	var m contracts.Mission
	w.until(fmt.Sprintf("mission %s is %s", id, status), func() bool {
		m = w.get(id)
		return m.Status == status
	})
	return m
}
