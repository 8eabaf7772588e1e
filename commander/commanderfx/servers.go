package commanderfx

import (
	"context"
	"net"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/config"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/broker/amqpbroker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/dualstore"
	"github.com/mission-control-dev/mission-control/store/redisstore"
	"github.com/mission-control-dev/mission-control/store/shardstore"
)

// Servers is the ground of real servers: Redis with its twin in memory, and RabbitMQ.
var Servers = fx.Module("servers", fx.Provide(newRedis, newTwin, newRabbit)) //nolint:gochecknoglobals // how fx modules are exported

// Embedded is the Ground.Name of a commander whose store and broker are in its own process. Its health says that Redis
// and RabbitMQ are not used.
const Embedded = "embedded"

// Ground is what the commander stands on.
type Ground struct {
	// Name is shown by GET /health: compose, local or Embedded.
	Name string
	// Parts are started before all others and stopped after them.
	Parts []Part
	// Listener, where set, is what HTTP is served on, instead of config.Config.Addr. The commander closes it.
	Listener net.Listener
	// Recall, where set, returns what the store's twin remembers of a mission, which may be old.
	Recall func(id string) (store.Record, bool)
	// Place, where set, is a store.Placer's.
	Place func(id, with string) string
}

// Part is anything that is started and stopped.
type Part interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
}

// redis is one Redis, or several shards of it.
type redis struct {
	store.Store
	// parts are what it consists of; place is nil for one shard.
	parts []Part
	place func(id, with string) string
}

func newRedis(c config.Config, log *zap.Logger) (*redis, error) {
	r := &redis{}
	var shards []store.Store
	n := max(1, c.RedisShards)
	for i := range n {
		shard, err := redisstore.New(redisstore.Config{URL: c.RedisURL, Shard: i, Shards: n, Logger: log})
		if err != nil {
			return nil, err
		}
		r.parts, shards = append(r.parts, shard), append(shards, shard)
	}
	if n == 1 {
		r.Store = shards[0]
		return r, nil
	}
	all, err := shardstore.New(shardstore.Config{Shards: shards})
	if err != nil {
		return nil, err
	}
	r.Store, r.place, r.parts = all, all.Place, append(r.parts, waiting{all})
	return r, nil
}

// waiting makes a Part of what needs no start.
type waiting struct{ *shardstore.Store }

// Start does nothing.
func (waiting) Start(context.Context) error { return nil }

func newTwin(r *redis, log *zap.Logger) (*dualstore.Store, store.Store, error) {
	s, err := dualstore.New(dualstore.Config{Primary: r.Store, Logger: log})
	if err != nil {
		return nil, nil, err
	}
	return s, s, nil
}

func newRabbit(c config.Config, r *redis, twin *dualstore.Store, log *zap.Logger) (broker.Broker, Ground, error) {
	t := topology.Default()
	b, err := amqpbroker.New(amqpbroker.Config{URL: c.RabbitMQURL, Name: "commander", Logger: log, Topology: &t})
	if err != nil {
		return nil, Ground{}, err
	}
	return b, Ground{Name: c.Ground, Parts: append(r.parts, twin, closer{b}), Recall: twin.Recall, Place: r.place}, nil
}

// closer makes a Part of a broker client.
type closer struct{ *amqpbroker.Broker }

// Stop closes the client.
func (c closer) Stop(ctx context.Context) error { return c.Close(ctx) }
