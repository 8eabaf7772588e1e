package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"syscall"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/commanderfx"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker/membroker"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/dashboard"
	"github.com/mission-control-dev/mission-control/dashboard/server"
	"github.com/mission-control-dev/mission-control/soldier"
	soldierconfig "github.com/mission-control-dev/mission-control/soldier/config"
	"github.com/mission-control-dev/mission-control/soldier/simulate"
	"github.com/mission-control-dev/mission-control/store/memstore"
	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
)

// Config describes a stack.
type Config struct {
	// CommanderAddr and DashboardAddr are where they listen, host:port; port 0 picks a free one.
	CommanderAddr, DashboardAddr string
	// Soldiers is how many there are. 0 is none.
	Soldiers int
	// Lookup is where all other settings come from: os.LookupEnv.
	Lookup func(string) (string, bool)
	// Logger makes the logger of a part, by the names of package localstack. level is LOG_LEVEL.
	Logger func(part, level string) *zap.Logger
}

// Stack is everything. Start it once, Stop it once.
type Stack struct {
	cfg      Config
	settings settings

	broker    *membroker.Server
	commander *commanderfx.App
	dashboard *server.Server
	soldiers  []*worker

	ending chan struct{} // closed when Stop begins
	end    func()        // closes it, once
}

// worker is a soldier and its connection.
type worker struct {
	*soldier.Soldier
	link *membroker.Client
}

// New reads the settings and puts the commander together. Nothing runs before Start. Its error names what is wrong.
func New(cfg Config) (*Stack, error) {
	s := &Stack{cfg: cfg, broker: membroker.New(), ending: make(chan struct{})}
	s.end = sync.OnceFunc(func() { close(s.ending) })
	var err error
	if s.settings, err = newEnvironment(cfg).settings(cfg.Soldiers); err != nil {
		return nil, err
	}
	memory := commanderfx.Memory{Store: memstore.New(memstore.Config{}), Broker: s.broker}
	s.commander, err = commanderfx.NewEmbedded(s.settings.commander, memory, s.logger(localstack.Commander))
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Stack) logger(part string) *zap.Logger {
	return s.cfg.Logger(part, s.settings.commander.LogLevel)
}

// Start starts commander, soldiers and dashboard, in this order. AwaitOK waits until all is well.
func (s *Stack) Start(ctx context.Context) error {
	err := s.start(ctx)
	if err != nil {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second) // nothing has begun to work
		defer cancel()
		return errors.Join(err, s.Stop(stopping))
	}
	return nil
}

func (s *Stack) start(ctx context.Context) error {
	if err := s.commander.Start(ctx); err != nil {
		return taken(err, localstack.Commander, s.settings.commander.Addr, localstack.EnvCommanderAddr)
	}
	for _, one := range s.settings.soldiers {
		if err := s.recruit(ctx, one); err != nil {
			return err
		}
	}
	files, err := dashboard.App()
	if err != nil && !errors.Is(err, dashboard.ErrNotBuilt) {
		return err
	}
	cfg := s.settings.dashboard
	cfg.CommanderURLs = []*url.URL{s.commanderURL()}
	app := server.App{Files: files, Placeholder: dashboard.Placeholder(), Version: dashboard.Version()}
	if s.dashboard, err = server.New(cfg, app, s.logger(localstack.Dashboard)); err != nil {
		return err
	}
	if err := s.dashboard.Start(ctx); err != nil {
		return taken(err, localstack.Dashboard, cfg.Addr, localstack.EnvDashboardAddr)
	}
	return nil
}

// recruit makes and starts a soldier.
func (s *Stack) recruit(ctx context.Context, settings soldierconfig.Settings) error {
	w := &worker{link: s.broker.Connect(membroker.Config{})}
	s.soldiers = append(s.soldiers, w)
	cfg := settings.Soldier
	cfg.Broker, cfg.CommanderURLs, cfg.Logger = w.link, []string{s.CommanderURL()}, s.logger(cfg.ID)
	var err error
	if w.Soldier, err = soldier.New(cfg); err == nil {
		soldier.Handle[json.RawMessage, simulate.Result](w.Soldier, contracts.KindSimulate, simulate.Handle)
		err = w.Start(ctx)
	}
	if wrong, ok := errors.AsType[*soldier.ConfigError](err); ok {
		return soldierconfig.Named(wrong)
	}
	if err == nil {
		go s.awaitDrain(context.WithoutCancel(ctx), w)
	}
	return err
}

// awaitDrain stops a soldier that an operator asks to drain, as its process would end. The others go on. It returns
// when the stack ends, at the latest.
func (s *Stack) awaitDrain(ctx context.Context, w *worker) {
	select {
	case <-w.DrainAsked():
		_ = w.Stop(ctx) // bounds its own time, and says in its log what it left behind
	case <-s.ending:
	}
}

func (w *worker) stop(ctx context.Context) error {
	var err error
	if w.Soldier != nil {
		err = w.Stop(ctx)
	}
	return errors.Join(err, w.link.Close(ctx))
}

// taken says in our words that an address is in use.
func taken(err error, part, addr, setting string) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return &localstack.PortTakenError{Part: part, Addr: addr, Setting: setting}
	}
	return err
}

// Stop stops everything in the opposite order; where ctx ends first, its error says what had not ended.
func (s *Stack) Stop(ctx context.Context) error {
	s.end()
	var (
		all  sync.WaitGroup
		errs = make([]error, len(s.soldiers)+1)
	)
	for i, w := range s.soldiers {
		all.Go(func() { errs[i] = w.stop(ctx) })
	}
	if s.dashboard != nil {
		all.Go(func() { errs[len(s.soldiers)] = s.stopDashboard(ctx) })
	}
	all.Wait()
	return errors.Join(append(errs, s.commander.Stop(ctx))...)
}

// dashboardGrace is how long the dashboard waits for requests under way. Connections that browsers open ahead and never
// use are cut then; that is no failure.
const dashboardGrace = time.Second

func (s *Stack) stopDashboard(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, dashboardGrace)
	defer cancel()
	if err := s.dashboard.Stop(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// Failed carries the error that ended the dashboard's serving, if one did.
func (s *Stack) Failed() <-chan error { return s.dashboard.Failed() }

// CommanderURL is where the commander's API is, once started.
func (s *Stack) CommanderURL() string { return s.commanderURL().String() }

func (s *Stack) commanderURL() *url.URL {
	return &url.URL{Scheme: "http", Host: reachable(s.commander.Addr().String())}
}

// DashboardURL is where the dashboard is, once started.
func (s *Stack) DashboardURL() string { return "http://" + reachable(s.dashboard.Addr()) }

// reachable is an address to call where one to listen on may be all of the machine's.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return addr
}

// AwaitOK waits until the commander says that all is well and knows every soldier. When the context ends first, the
// error says what was still missing.
func (s *Stack) AwaitOK(ctx context.Context) error {
	c, err := client.New(client.Config{
		BaseURL: s.CommanderURL(), APIKey: s.settings.commander.APIKey, Retry: client.Retry{Attempts: 1},
	})
	if err != nil {
		return err
	}
	defer c.CloseIdleConnections()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		missing := s.missing(ctx, c)
		if missing == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not everything is well yet: %w", missing)
		case <-tick.C:
		}
	}
}

func (s *Stack) missing(ctx context.Context, c *client.Client) error {
	h, err := c.Health(ctx)
	if err != nil {
		return err
	}
	if h.Status != client.HealthOK {
		return fmt.Errorf("the commander's health is %q", h.Status)
	}
	fleet, err := c.Soldiers(ctx)
	if err != nil {
		return err
	}
	if n := len(fleet.Soldiers); n < len(s.soldiers) {
		return fmt.Errorf("the commander knows %d of %d soldiers", n, len(s.soldiers))
	}
	return nil
}
