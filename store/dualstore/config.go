package dualstore

import (
	"errors"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"go.uber.org/zap"
)

// Config of a Store.
type Config struct {
	// Primary is the truth. Required. It is not started or stopped by the Store.
	Primary store.Store
	// MaxMissions is how many missions are kept in memory; 50,000 by default.
	MaxMissions int
	// MaxBytes is about how much memory they take; 64 MiB by default.
	MaxBytes int64
	// BodyLimit is the size from which a payload or a result is left out; 4 KiB by default.
	BodyLimit int
	// ReadTimeout is how long one call of the primary may take before memory answers; 250 ms by default. A read of one mission
	// may wait for a call that is under way before.
	ReadTimeout time.Duration
	// Logger gets a line when the primary goes, and one when it is back. None by default.
	Logger *zap.Logger
}

const (
	// probeEvery is about how often an absent primary is looked for, refreshEvery how old counts, sessions and the
	// clock's offset may become while it is there.
	probeEvery   = 250 * time.Millisecond
	refreshEvery = 2 * time.Second
	// eventWait is how long one read of events waits, eventBatch how many it takes.
	eventWait  = time.Second
	eventBatch = 500
	// gather is how long the follower lets events gather, so that a change of this process' own is in the twin before
	// its event is looked at.
	gather = 20 * time.Millisecond
	// loadChunk is how many missions are loaded, or listed, in one go: as many as a list may have.
	loadChunk = contracts.MaxListLimit
)

func (c Config) withDefaults() (Config, error) {
	if c.Primary == nil {
		return c, errors.New("dualstore: Config.Primary is missing")
	}
	if c.MaxMissions <= 0 {
		c.MaxMissions = 50_000
	}
	if c.MaxBytes <= 0 {
		c.MaxBytes = 64 << 20
	}
	if c.BodyLimit <= 0 {
		c.BodyLimit = 4 << 10
	}
	if c.ReadTimeout <= 0 {
		c.ReadTimeout = 250 * time.Millisecond
	}
	if c.Logger == nil {
		c.Logger = zap.NewNop()
	}
	return c, nil
}
