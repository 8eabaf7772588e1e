// Package redisjobs is the private Redis of a peer that keeps its jobs there.
package redisjobs

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"github.com/mission-control-dev/mission-control/store/redisserver"
)

// Jobs is the server, and a client that counts.
type Jobs struct {
	server *redisserver.Server
	client rueidis.Client
}

// Start starts the server on an append-only file.
func (j *Jobs) Start(ctx context.Context, dir, appendFsync string) error {
	var err error
	if j.server, err = redisserver.Start(ctx, redisserver.Config{Dir: dir, AppendFsync: appendFsync}); err != nil {
		return err
	}
	if j.client, err = rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{j.server.Addr()}, DisableCache: true}); err != nil {
		return fmt.Errorf("connecting to redis: %w", err)
	}
	return nil
}

// Addr and Port are where it listens, PID is its process.
func (j *Jobs) Addr() string { return j.server.Addr() }

// Port is the port of Addr.
func (j *Jobs) Port() int {
	_, port, _ := net.SplitHostPort(j.server.Addr())
	n, _ := strconv.Atoi(port) // the server's own
	return n
}

// PID is the server's process id.
func (j *Jobs) PID() int { return j.server.PID() }

// AwaitCard returns once the sorted set has so many members. It asks every 5 ms.
func (j *Jobs) AwaitCard(ctx context.Context, key string, total int) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		n, err := j.client.Do(ctx, j.client.B().Zcard().Key(key).Build()).AsInt64()
		if err != nil {
			return fmt.Errorf("counting completed jobs: %w", err)
		}
		if n >= int64(total) {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%d of %d jobs are completed: %w", n, total, ctx.Err())
		}
	}
}

// Stop ends the server; its data goes with the folder.
func (j *Jobs) Stop() error {
	if j.client != nil {
		j.client.Close()
	}
	if j.server == nil || j.server.PID() == 0 {
		return nil
	}
	return j.server.Kill()
}
