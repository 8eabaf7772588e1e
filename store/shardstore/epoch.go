package shardstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mission-control-dev/mission-control/store"
)

// clocksApart is from where on Check warns that shards' clocks differ.
const clocksApart = time.Second

// Now implements store.Clock: by the first shard's clock. Each shard keeps leases and due entries by its own.
func (s *Store) Now(ctx context.Context) (time.Time, error) { return s.shards[0].Now(ctx) }

// Check implements store.Clock. The store is there when all shards are.
func (s *Store) Check(ctx context.Context) (string, error) {
	warnings, offsets := make([]string, len(s.shards)), make([]time.Duration, len(s.shards))
	err := s.each(func(i int) (err error) {
		if warnings[i], err = s.shards[i].Check(ctx); err != nil {
			return err
		}
		now, err := s.shards[i].Now(ctx)
		offsets[i] = time.Until(now)
		return err
	})
	if err != nil {
		return "", err
	}
	var list []string
	said := map[string]bool{}
	for i, w := range warnings {
		if w != "" && !said[w] {
			list = append(list, fmt.Sprintf("shard %d: %s", i, w))
		}
		said[w] = true
		if apart := (offsets[i] - offsets[0]).Abs(); apart > clocksApart {
			list = append(list, fmt.Sprintf("the clock of shard %d is %v off that of shard 0", i, apart.Round(time.Millisecond)))
		}
	}
	return strings.Join(list, "; "), nil
}

// Settle implements store.Epochs. The epoch of all is made of the shards': it began when the youngest did, so that whatever
// any shard may have lost is older; and it is another one as soon as one of them is.
//
// A shard that was settled serves again, so its epoch must be told even while another shard is away: that one's is then the
// one that was settled last. It serves nothing of a newer one before it is asked again.
func (s *Store) Settle(ctx context.Context) (store.Epoch, error) {
	s.settling.Lock()
	defer s.settling.Unlock()
	var answered atomic.Bool
	err := s.each(func(i int) error {
		e, err := s.shards[i].Settle(ctx)
		if err == nil {
			s.epochs[i] = e
			answered.Store(true)
		}
		return err
	})
	never := slices.ContainsFunc(s.epochs, func(e store.Epoch) bool { return e.ID == "" })
	if err != nil && (never || !answered.Load()) {
		return store.Epoch{}, err
	}
	return together(s.epochs), nil
}

func together(epochs []store.Epoch) store.Epoch {
	all := epochs[0]
	ids := []string{all.ID}
	for _, e := range epochs[1:] {
		ids = append(ids, e.ID)
		if e.Began.After(all.Began.Time) {
			all.Began = e.Began
		}
		if e.Origin == store.EpochWiped {
			all.Origin = e.Origin
		}
		all.Adopted += e.Adopted
	}
	if len(ids) > 1 {
		digest := sha256.Sum256([]byte(strings.Join(ids, " ")))
		all.ID = hex.EncodeToString(digest[:16])
	}
	return all
}
