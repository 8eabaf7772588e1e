package redisstore

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/redis/rueidis"
	"go.uber.org/zap"
)

// Config of a Store.
type Config struct {
	// URL says where Redis is: redis:// or rediss:// (TLS), such as redis://user:password@host:6379/0. More nodes of a
	// Cluster are named by ?addr=host:port, repeated; a Sentinel's master by ?master_set=name.
	URL string
	// Shard says which of an installation's shards this is, of how many; by default 0 of 1, the only one of most. The number of
	// all is fixed by the first Store on the data: another one is a ShardsError. See store/shardstore.
	Shard, Shards int
	// Timeout bounds every call, beside its context; 2 s by default. ReadEvents may take its wait longer,
	// CreateAll a second for every 4 MiB and 500 missions.
	Timeout time.Duration
	// ConnectTimeout bounds one try to connect; 1 s by default.
	ConnectTimeout time.Duration
	// EventsKept is about how many events can be read again; 100,000 by default.
	EventsKept int
	// Logger gets a line when Redis is first found, and one when it can't be. None by default.
	Logger *zap.Logger
}

const (
	// inFlight bounds the calls that wait for Redis at the same time; more wait for their turn. It is far below the
	// connection's ring (2^ringScale), since calls that timed out stay in the ring until the connection is given up.
	inFlight  = 256
	ringScale = 10
	// connBuffer is the size of a connection's read and write buffer each.
	connBuffer = 64 << 10
	// blockingConns is how many connections may wait for events, each reader on its own, or create many missions at once.
	blockingConns = 8
)

func (c Config) withDefaults() (Config, rueidis.ClientOption, error) {
	if c.URL == "" {
		return c, rueidis.ClientOption{}, errors.New("redisstore: Config.URL is empty; give a URL such as redis://127.0.0.1:6379/0")
	}
	option, err := rueidis.ParseURL(c.URL)
	if err != nil {
		// The URL is not shown: it may hold a password.
		return c, option, fmt.Errorf("redisstore: Config.URL can't be read; it must look like redis://user:password@host:6379/0: %w", withoutURL(err))
	}
	c.Shards = max(1, c.Shards)
	if c.Shard < 0 || c.Shard >= c.Shards {
		return c, option, fmt.Errorf("redisstore: Config.Shard is %d, must be 0 to %d", c.Shard, c.Shards-1)
	}
	if c.Timeout <= 0 {
		c.Timeout = 2 * time.Second
	}
	if c.ConnectTimeout <= 0 {
		c.ConnectTimeout = time.Second
	}
	if c.EventsKept <= 0 {
		c.EventsKept = 100_000
	}
	if c.Logger == nil {
		c.Logger = zap.NewNop()
	}
	option.ClientName = cmp.Or(option.ClientName, "mission-control")
	option.Dialer.Timeout = c.ConnectTimeout
	option.Dialer.KeepAlive = time.Second
	option.ConnWriteTimeout = c.Timeout
	option.Sentinel.Dialer = option.Dialer
	option.Sentinel.TLSConfig = option.TLSConfig
	option.Sentinel.TopologyRefreshInterval = 5 * time.Second
	option.DisableCache = true
	// One connection that pipelines by itself, small buffers: a commander should be small.
	option.AlwaysPipelining = true
	option.PipelineMultiplex = -1
	option.RingScaleEachConn = ringScale
	option.ReadBufferEachConn = connBuffer
	option.WriteBufferEachConn = connBuffer
	option.BlockingPoolSize = blockingConns
	option.BlockingPoolCleanup = time.Minute
	// A read that met a broken connection is sent once more, on a new one. Not more often: callers want to know soon.
	option.RetryDelay = func(attempts int, _ rueidis.Completed, _ error) time.Duration {
		if attempts > 1 {
			return -1
		}
		return 5 * time.Millisecond
	}
	return c, option, nil
}
