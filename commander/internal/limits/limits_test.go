package limits_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mission-control-dev/mission-control/commander/internal/limits"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

// Commanders that set and remove a limit at the same time all get through, as far as their tries go, and the last one counts.
func TestManySetOneLimit(t *testing.T) {
	s := memstore.New(memstore.Config{})
	var woken atomic.Int32
	var all sync.WaitGroup
	for i := range 8 {
		k := limits.New(s, func() { woken.Add(1) }, false)
		all.Go(func() {
			if _, err := k.Set(t.Context(), "k", contracts.Limit{MaxRunning: i + 2}); err != nil && !errors.Is(err, store.ErrDocumentChanged) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	k := limits.New(s, func() {}, false)
	got, err := k.Get(t.Context(), "k")
	if err != nil || got.Limit.MaxRunning < 2 || !got.Set || woken.Load() < 1 {
		t.Errorf("%+v, %v, woken %d times", got, err, woken.Load())
	}
	list, err := k.List(t.Context())
	if err != nil || fmt.Sprint(list) != fmt.Sprint([]limits.Key{got}) {
		t.Errorf("%+v, %v", list, err)
	}
}

// rival is a store in which another commander is always faster.
type rival struct {
	*memstore.Store
	writes int
}

func (r *rival) PutDocument(context.Context, string, store.Document) (int64, error) {
	r.writes++
	return 0, store.ErrDocumentChanged
}

func TestWhoIsAlwaysTooLateGivesUp(t *testing.T) {
	r := &rival{Store: memstore.New(memstore.Config{})}
	_, err := limits.New(r, func() { t.Error("woken") }, false).Set(t.Context(), "k", contracts.DefaultLimit())
	if !errors.Is(err, store.ErrDocumentChanged) || r.writes != 5 {
		t.Errorf("%v after %d tries", err, r.writes)
	}
}

func TestOverShardsThereAreNone(t *testing.T) {
	k := limits.New(memstore.New(memstore.Config{}), func() { t.Error("woken") }, true)
	if err := k.Supported(); !errors.Is(err, limits.ErrNotSupported) {
		t.Error(err)
	}
	if _, err := k.Set(t.Context(), "k", contracts.DefaultLimit()); !errors.Is(err, limits.ErrNotSupported) {
		t.Error(err)
	}
}
