package attention

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

const (
	// sample is how many missions of a squad are looked at, at most; samplePages bounds the pages, which may be short.
	sample      = 100
	samplePages = 3
	// walkPages are the pages of all that is QUEUED that one look walks, for walkTime at most.
	walkPages = 5
	walkTime  = 500 * time.Millisecond
	// walkKinds bounds what a walk remembers.
	walkKinds = 200
)

// waitingSource looks at missions that wait.
type waitingSource struct {
	store Store
	// cursor is where the walk goes on; under way is what it met so far, before is what the walk before it met.
	cursor   string
	underWay map[KindOf]Heap
	before   map[KindOf]Heap
}

func (w *waitingSource) ask(ctx context.Context, p Picture) (fill, error) {
	if !p.Counts.Known || !p.Fleet.Known || !p.Squads.Known {
		return nil, errOld
	}
	out := Waiting{BySquad: map[string]Heap{}}
	if p.Counts.Is[contracts.StatusQueued] == 0 {
		w.cursor, w.underWay, w.before = "", nil, nil
		return func(p *Picture) { p.Waiting = known(out) }, nil
	}
	for _, s := range p.Squads.Is {
		heap, err := w.ofSquad(ctx, p, s.Name, s.Paused)
		if err != nil {
			return nil, err
		}
		if heap.Count > 0 {
			out.BySquad[s.Name] = heap
		}
	}
	if err := w.walk(ctx, p.Fleet.Is); err != nil {
		return nil, err
	}
	out.ByKind = w.kinds()
	return func(p *Picture) { p.Waiting = known(out) }, nil
}

// ofSquad looks at missions of a squad, as Waiting.BySquad has them.
func (w *waitingSource) ofSquad(ctx context.Context, p Picture, squad string, paused bool) (Heap, error) { //nolint:revive // it is what is so
	soldiers := p.Fleet.Is.serving(squad)
	q := store.Query{Status: contracts.StatusQueued, Squad: squad, Limit: sample}
	counts := func(contracts.Mission) bool { return true }
	if !paused && len(soldiers) > 0 {
		long := contracts.At(p.Now.Add(-longWait))
		q.Cursor = contracts.FirstMissionID(long)
		counts = func(m contracts.Mission) bool { return waitsSince(m).Before(long.Time) && has(soldiers, m.Kind) }
	}
	var heap Heap
	for range samplePages {
		page, err := w.list(ctx, q)
		if err != nil {
			return Heap{}, err
		}
		for _, m := range page.Missions {
			if counts(m) {
				heap.add(m)
			}
		}
		q.Cursor = page.Next
		if heap.More = page.Next != ""; !heap.More || heap.Count >= sample {
			break
		}
	}
	return heap, nil
}

// walk goes on through all that is QUEUED, the newest first, and notes kinds that nobody serves.
func (w *waitingSource) walk(ctx context.Context, f Fleet) error {
	began := time.Now()
	for page := 0; page < walkPages && time.Since(began) < walkTime; page++ {
		found, err := w.list(ctx, store.Query{Status: contracts.StatusQueued, Limit: contracts.MaxListLimit, Cursor: w.cursor})
		if err != nil {
			return err
		}
		if w.underWay == nil {
			w.underWay = map[KindOf]Heap{}
		}
		for _, m := range found.Missions {
			of := KindOf{m.Squad, m.Kind}
			heap, noted := w.underWay[of]
			if has(f.serving(m.Squad), m.Kind) || !noted && len(w.underWay) >= walkKinds {
				continue
			}
			heap.add(m)
			w.underWay[of] = heap
		}
		if w.cursor = found.Next; w.cursor == "" {
			w.before, w.underWay = w.underWay, nil
			return nil
		}
	}
	return nil
}

// kinds is what the walk under way met, and what the one before did, whichever met more.
func (w *waitingSource) kinds() map[KindOf]Heap {
	out := map[KindOf]Heap{}
	for _, met := range []map[KindOf]Heap{w.before, w.underWay} {
		for of, heap := range met {
			heap.More = w.underWay != nil
			if heap.Count >= out[of].Count {
				out[of] = heap
			}
		}
	}
	return out
}

// list lists missions of the store, none of memory.
func (w *waitingSource) list(ctx context.Context, q store.Query) (store.Page, error) {
	page, err := w.store.List(ctx, q)
	if err == nil && (page.Source.Degraded || !page.Complete) {
		err = errOld
	}
	if errors.Is(err, store.ErrCursor) {
		w.cursor = ""
	}
	if err != nil {
		return store.Page{}, fmt.Errorf("list missions that wait: %w", err)
	}
	return page, nil
}
