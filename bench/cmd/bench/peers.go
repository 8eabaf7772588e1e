package main

import (
	"fmt"
	"time"

	"github.com/mission-control-dev/mission-control/bench/internal/asynqpeer"
	"github.com/mission-control-dev/mission-control/bench/internal/bullmqpeer"
	"github.com/mission-control-dev/mission-control/bench/internal/contender"
	"github.com/mission-control-dev/mission-control/bench/internal/riverpeer"
)

// The peers' tuning is by settings that they document. The values were chosen, not searched for: whoever finds better ones
// puts them here. Redis runs for them with appendfsync everysec, as is usual, which may lose the last second of answered
// writes; beside it stands always, which is what ours promises. PostgreSQL commits to the disk before it answers.

// peerConcurrency is how many jobs a peer works on at once.
const peerConcurrency = 256

func asynqEntrants(o options) []entrant {
	var out []entrant
	for _, fsync := range o.fsync {
		tuned := asynqpeer.Config{
			Concurrency: peerConcurrency, TaskCheckInterval: 5 * time.Millisecond, PoolSize: peerConcurrency, AppendFsync: fsync,
		}
		out = append(out, entrant{
			name:     "asynq, tuned, " + fsync,
			fsync:    fsync,
			settings: fmt.Sprintf("v0.26.0; Redis AOF appendfsync %s; concurrency %d, TaskCheckInterval 5 ms, pool %[2]d; no bulk call", fsync, peerConcurrency),
			measures: []string{singles, latency},
			new:      func() contender.Contender { return asynqpeer.New(tuned) },
		})
	}
	plain := asynqpeer.Config{AppendFsync: "everysec"}
	return append(out, entrant{
		name:     "asynq, default, everysec",
		fsync:    "everysec",
		settings: "v0.26.0; Redis AOF appendfsync everysec; Asynq's defaults",
		measures: []string{singles, latency},
		new:      func() contender.Contender { return asynqpeer.New(plain) },
	})
}

func riverEntrants(options) []entrant {
	tuned := riverpeer.Config{
		MaxWorkers: 1000, FetchCooldown: 2 * time.Millisecond, FetchPollInterval: 20 * time.Millisecond, PoolSize: 32,
		Postgres: map[string]string{"shared_buffers": "512MB", "max_wal_size": "4GB", "wal_compression": "on", "synchronous_commit": "on"},
	}
	return []entrant{{
		name: "river, tuned",
		settings: "v0.51.2; PostgreSQL synchronous_commit on, shared_buffers 512 MB, max_wal_size 4 GB; InsertManyFast by 1,000; " +
			"1,000 workers, FetchCooldown 2 ms, pool 32",
		measures: []string{batches, singles, latency},
		new:      func() contender.Contender { return riverpeer.New(tuned) },
	}}
}

func bullmqEntrants(o options) []entrant {
	var out []entrant
	for _, fsync := range o.fsync {
		c := bullmqpeer.Config{Scripts: o.scripts, Concurrency: peerConcurrency, AppendFsync: fsync}
		out = append(out, entrant{
			name:     "bullmq, " + fsync,
			fsync:    fsync,
			settings: fmt.Sprintf("6.7.0; Redis AOF appendfsync %s; addBulk by 1,000; 1 worker of concurrency %d, producer in a process of its own", fsync, peerConcurrency),
			measures: []string{batches, singles, latency},
			new:      func() contender.Contender { return bullmqpeer.New(c) },
		})
	}
	return out
}
