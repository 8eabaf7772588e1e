package dispatch

import (
	"context"
	"sync"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// Orders travel in packs where that spares RabbitMQ and soldiers work and keeps nothing from a soldier that is free:
//
//   - so many messages lie in the queue that every soldier has as many as it may have;
//   - missions of the kind are short, by what was seen of them within the last minute, so that whoever takes a pack is soon done
//     with it;
//   - all soldiers of the squad read packs.
//
// What of this turns out wrong soldiers mend: they give packs back that wait.
const (
	// packFrom is how many messages lie in a queue whose orders are packed.
	packFrom = 64
	// maxPackedBytes bounds the payloads in a pack. What is larger travels alone, as a broker pays for its bytes most.
	maxPackedBytes = 16 << 10
	// shortMean is how long missions of a kind run on average, at most, whose orders are packed, from the grant on: its way to the
	// soldier is some 10 ms of it where all are busy. A soldier with one slot is done with a pack in time, then. shortSeen is how
	// many of them must have been seen, shortFor how long ago the last one may be.
	shortMean = 100 * time.Millisecond
	shortSeen = 8
	shortFor  = time.Minute
	// maxKinds bounds the kinds of which that is known.
	maxKinds = 1000
	// readersEvery is how often the soldiers are looked at, while there is something to pack; readersFor is for how long that is
	// believed.
	readersEvery = 5 * time.Second
	readersFor   = 15 * time.Second
)

// kindOf names a kind of a squad: other soldiers may take longer for it.
type kindOf struct{ squad, kind string }

// runTime is how long missions of a kind run.
type runTime struct {
	mean time.Duration // the last one counts an eighth
	seen int
	last time.Time
}

func (r *runTime) short(now time.Time) bool {
	return r.seen >= shortSeen && r.mean <= shortMean && now.Sub(r.last) <= shortFor
}

// packer knows what may be packed. It is safe for concurrent use.
type packer struct {
	mu    sync.Mutex
	kinds map[kindOf]*runTime
	// readers are the squads with soldiers, and whether all of them read packs; as of readAt.
	readers map[string]bool
	readAt  time.Time
}

func newPacker() *packer { return &packer{kinds: map[kindOf]*runTime{}} }

// ran notes how long a mission ran.
func (p *packer) ran(k kindOf, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	r := p.kinds[k]
	if r == nil {
		if len(p.kinds) >= maxKinds && !p.forget(now) {
			return
		}
		r = &runTime{mean: took}
		p.kinds[k] = r
	}
	r.mean += (took - r.mean) / 8
	r.seen = min(r.seen+1, shortSeen)
	r.last = now
}

// forget makes room for another kind, and tells whether there is any.
func (p *packer) forget(now time.Time) bool {
	for k, r := range p.kinds {
		if now.Sub(r.last) > shortFor {
			delete(p.kinds, k)
		}
	}
	return len(p.kinds) < maxKinds
}

// may tells whether orders of a kind may be packed, by all that is known of it and its soldiers.
func (p *packer) may(k kindOf) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	r := p.kinds[k]
	return r != nil && r.short(now) && p.readers[k.squad] && now.Sub(p.readAt) <= readersFor
}

// wants tells whether it is time to look at the soldiers.
func (p *packer) wants() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if now.Sub(p.readAt) < readersEvery {
		return false
	}
	for _, r := range p.kinds {
		if r.short(now) {
			return true
		}
	}
	return false
}

// read notes what the soldiers say of themselves.
func (p *packer) read(sessions []store.Session) {
	readers := map[string]bool{}
	for _, s := range sessions {
		if s.State != store.SessionLive {
			continue
		}
		for _, squad := range s.Squads {
			others, known := readers[squad]
			readers[squad] = s.Packs && (others || !known)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.readers, p.readAt = readers, time.Now()
}

// Ran notes that a soldier ran a mission of a kind for so long.
func (d *Dispatcher) Ran(squad, kind string, took time.Duration) {
	d.packer.ran(kindOf{squad, kind}, took)
}

// sessionsShown is how many sessions a store lists at most: where there are so many, one that reads no packs may be left out.
const sessionsShown = 2000

// readSoldiers looks who reads packs. Where that can't be known nothing is packed after a while.
func (d *Dispatcher) readSoldiers(ctx context.Context) {
	if !d.packer.wants() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, measureTimeout)
	defer cancel()
	sessions, source, err := d.Store.ListSessions(ctx)
	if err != nil || source.Degraded || len(sessions) >= sessionsShown {
		return
	}
	d.packer.read(sessions)
}

// group puts those orders of a queue together that may travel in one message.
func (d *Dispatcher) group(queue string, orders []order) [][]order {
	deep := d.queues.deep(queue)
	var groups [][]order
	room, bytes := 0, int64(0) // in the last group
	for i, o := range orders {
		if !deep || o.size() > maxPackedBytes || !d.packer.may(kindOf{o.rec.Mission.Squad, o.rec.Mission.Kind}) {
			groups, room = append(groups, orders[i:i+1:i+1]), 0
			continue
		}
		if room == 0 || bytes+o.size() > maxPackedBytes {
			groups, room, bytes = append(groups, nil), contracts.MaxPackedOrders, 0
		}
		last := &groups[len(groups)-1]
		*last = append(*last, o)
		room, bytes = room-1, bytes+o.size()
	}
	return groups
}
