package commanderfx

import (
	"context"
	"net"

	"go.uber.org/fx"
	"go.uber.org/fx/fxevent"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/mission-control-dev/mission-control/commander/config"
	"github.com/mission-control-dev/mission-control/commander/internal/httpapi"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/broker/membroker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/store"
)

// Memory is the embedded ground: a store and a broker within this process. All that the commander keeps lives as long as
// they do. Several commanders may share them.
type Memory struct {
	Store  store.Store
	Broker *membroker.Server
	// Listener, where set, is what HTTP is served on, instead of config.Config.Addr. The commander closes it.
	Listener net.Listener
}

// App is a whole commander, for programs that have no fx application of their own.
type App struct {
	app    *fx.App
	server *httpapi.Server
}

// NewEmbedded puts a commander together on the embedded ground. RabbitMQURL, RedisURL, Ground, LogFormat and LogLevel
// of the Config are not used. It fails where the Config does not pass its Check.
func NewEmbedded(c config.Config, on Memory, log *zap.Logger) (*App, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	all := topology.Default()
	client := on.Broker.Connect(membroker.Config{Topology: &all})
	a := &App{}
	a.app = fx.New(
		fx.Supply(c, log, Ground{Name: Embedded, Parts: []Part{connection{client}}, Listener: on.Listener}),
		fx.Provide(func() (store.Store, broker.Broker) { return on.Store, client }),
		Quiet, Module, fx.Populate(&a.server),
	)
	if err := a.app.Err(); err != nil {
		_ = client.Close(context.Background()) // nobody waits for it: nothing runs yet
		return nil, err
	}
	return a, nil
}

// Start starts all parts in their order, and returns when HTTP is served. After an error nothing is left running. A
// taken address is an error that names COMMANDER_ADDR.
func (a *App) Start(ctx context.Context) error { return a.app.Start(ctx) }

// Stop stops all parts in the opposite order, and returns when all have ended; where ctx ends first, its error says so.
func (a *App) Stop(ctx context.Context) error { return a.app.Stop(ctx) }

// Addr is where HTTP is served, nil before Start.
func (a *App) Addr() net.Addr { return a.server.Addr() }

// connection makes a Part of a connection to a broker in memory, which stands from the beginning.
type connection struct{ *membroker.Client }

// Start does nothing.
func (connection) Start(context.Context) error { return nil }

// Stop closes the connection.
func (c connection) Stop(ctx context.Context) error { return c.Close(ctx) }

// Quiet has fx tell what it does at debug level only, errors too: they are returned, and told by whoever gets them.
var Quiet = fx.WithLogger(func(log *zap.Logger) fxevent.Logger { //nolint:gochecknoglobals // how fx options are exported
	quiet := &fxevent.ZapLogger{Logger: log.Named("fx")}
	quiet.UseLogLevel(zapcore.DebugLevel)
	quiet.UseErrorLevel(zapcore.DebugLevel)
	return quiet
})
