package dualstore_test

import (
	"context"
	"flag"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/internal/modeltest"
	"github.com/mission-control-dev/mission-control/store/memstore"
	"github.com/mission-control-dev/mission-control/store/redisserver/redistest"
	"github.com/mission-control-dev/mission-control/store/redisstore"
	"pgregory.net/rapid"
)

// All implementations at once, on a real Redis. The last one loses its connections to Redis and gets them back, while
// others go on writing.
func TestAllStoresAgree(t *testing.T) {
	sequences(t, "40") // each waits for two disks and a network
	server := redistest.Shared(t)
	wire := newWire(t, server.Addr())
	alone, others, wired := redis(t, server), redisOf(t, redisstore.Config{URL: "redis://" + server.Addr() + "/1"}), redisOf(t, redisstore.Config{URL: "redis://" + wire.addr() + "/1"})
	misfit := store.Change{Record: newRecord(), IfVersion: 1}
	modeltest.Agree(t, func(r *rapid.T) []modeltest.Subject {
		empty(t, server)
		behindWire := over(r, wired)
		for _, s := range []store.Store{alone, others, behindWire} {
			if _, err := s.Settle(context.Background()); err != nil {
				r.Fatal(err)
			}
		}
		return []modeltest.Subject{
			{Name: "dualstore over memstore", Store: over(r, memstore.New(memstore.Config{}))},
			{Name: "redisstore", Store: alone},
			{
				Name: "dualstore over redisstore", Store: behindWire, Others: others, Cut: wire.cut,
				Mend: func() {
					wire.mend()
					await(r, "redis is back", func() bool {
						_, _ = behindWire.Commit(context.Background(), misfit) // an answer ends the outage at once
						return !degraded(r, behindWire)
					})
				},
			},
		}
	})
}

// sequences sets how many sequences rapid draws, unless it was told.
func sequences(t *testing.T, n string) {
	checks := flag.Lookup("rapid.checks")
	if os.Getenv("RAPID_CHECKS") != "" || checks.Value.String() != checks.DefValue {
		return
	}
	set := func(n string) {
		if err := checks.Value.Set(n); err != nil {
			t.Fatal(err)
		}
	}
	set(n)
	t.Cleanup(func() { set(checks.DefValue) })
}

// In fake time the twin can be waited for: in the end it has learned all that others did.
func TestAgreesWithTheModelInEveryOutage(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		rapid.SyncTest(r, func(r *rapid.T) {
			truth := memstore.New(memstore.Config{})
			g := &gate{to: truth}
			settle := func() {
				time.Sleep(6 * time.Second) // a call that hangs ends after 2 s, the next try begins within 1.2 s
				synctest.Wait()
			}
			// A deaf primary is not asked what must be ErrUnavailable: it would never say so.
			kind := rapid.SampledFrom([]mode{refusing, hanging}).Draw(r, "outage")
			s := over(r, g)
			modeltest.Sequence(r, []modeltest.Subject{{
				Name: "dualstore over memstore", Store: s, Others: truth, CatchUp: settle,
				Cut: func() { g.set(kind) },
				Mend: func() {
					g.set(open)
					await(r, "the primary is back", func() bool { return !degraded(r, s) })
				},
			}})
		})
	})
}
