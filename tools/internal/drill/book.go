package drill

import (
	"fmt"
	"sync"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
	"github.com/mission-control-dev/mission-control/tools/internal/drill/verdict"
)

// book keeps what is known of each mission. All methods are safe for concurrent use.
type book struct {
	log func(format string, args ...any)

	mu       sync.Mutex
	missions []entry
	byID     map[string]*entry
	// early are pictures of missions whose 202 is still on its way.
	early map[string]contracts.Mission
	open  int           // neither ended nor refused
	done  chan struct{} // closed when open is 0
}

// maxEarly bounds early: other people's missions pass by on the stream too.
const maxEarly = 10_000

type entry struct {
	verdict.Mission
	// heard is when anything was last heard of it; zero asks for a look.
	heard time.Time
}

func newBook(n int, log func(string, ...any)) *book {
	b := &book{
		log: log, missions: make([]entry, n), byID: map[string]*entry{}, early: map[string]contracts.Mission{},
		open: n, done: make(chan struct{}),
	}
	for i := range b.missions {
		b.missions[i].Number = i + 1
	}
	return b
}

// tried notes a request for mission n.
func (b *book) tried(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := &b.missions[n-1]
	if e.Tries++; e.Tries == 1 {
		e.SubmittedAt = time.Now()
	}
}

// accepted notes the commander's promise of mission n.
func (b *book) accepted(n int, m contracts.Mission) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := &b.missions[n-1]
	e.ID, e.AcceptedAt = m.MissionID, time.Now()
	took := cliout.Short(e.AcceptedAt.Sub(e.SubmittedAt))
	if twin, taken := b.byID[m.MissionID]; taken {
		// Two keys, one mission: the second promise has nothing behind it.
		e.ID = ""
		e.Refusal = fmt.Sprintf("the commander answered with mission %d's id, %s", twin.Number, m.MissionID)
		b.close()
		return
	}
	b.byID[m.MissionID] = e
	retries := ""
	if e.Tries > 1 {
		retries = fmt.Sprintf(", at try %d", e.Tries)
	}
	b.log("mission %d accepted in %s%s as %s", n, took, retries, m.MissionID)
	b.take(e, m)
	if seen, ok := b.early[m.MissionID]; ok {
		delete(b.early, m.MissionID)
		b.take(e, seen)
	}
}

// refused notes that mission n will not be accepted.
func (b *book) refused(n int, why string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.missions[n-1].Refusal = why
	b.log("mission %d not accepted: %s", n, why)
	b.close()
}

// saw notes a picture of any mission; those of others are left aside.
func (b *book) saw(m contracts.Mission) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e, ok := b.byID[m.MissionID]; ok {
		b.take(e, m)
		return
	}
	if old, ok := b.early[m.MissionID]; (ok && m.Version > old.Version) || (!ok && len(b.early) < maxEarly && len(b.byID) < len(b.missions)) {
		b.early[m.MissionID] = m
	}
}

// take applies a picture to its entry. Called with mu held.
func (b *book) take(e *entry, m contracts.Mission) {
	e.heard = time.Now()
	if m.Version <= e.Last.Version {
		return
	}
	before := e.Last
	e.Last = m.Brief()
	if text := step(before, m); text != "" {
		b.log("mission %d %s", e.Number, text)
	}
	if m.Status.Terminal() && e.Ended == "" {
		e.Ended = m.Status
		b.close()
	}
}

// step says what changed between two pictures; empty where nothing worth a line did.
func step(before, m contracts.Mission) string {
	if before.Status == m.Status && before.Run == m.Run {
		return ""
	}
	switch m.Status {
	case contracts.StatusInProgress:
		return fmt.Sprintf("started by %s, run %d", m.SoldierID, m.Run)
	case contracts.StatusCompleted:
		return "completed after " + cliout.Short(m.FinishedAt.Sub(m.StartedAt.Time))
	case contracts.StatusFailed:
		why := ""
		if m.Error != nil {
			why = ": " + m.Error.Code + ", " + cliout.Cut(cliout.Plain(m.Error.Message), 80)
		}
		return "failed" + why
	case contracts.StatusCancelled:
		return "cancelled"
	case contracts.StatusQueued:
		if before.Status == contracts.StatusInProgress {
			return fmt.Sprintf("queued again, %d losses", m.Losses)
		}
	}
	return ""
}

// close ends one mission. Called with mu held.
func (b *book) close() {
	if b.open--; b.open == 0 {
		close(b.done)
	}
}

// doubt makes every open mission due for a look: changes may have been missed.
func (b *book) doubt() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.missions {
		b.missions[i].heard = time.Time{}
	}
}

// silent returns the ids of accepted, open missions of which nothing was heard for so long, and counts them as heard.
func (b *book) silent(limit time.Duration) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var ids []string
	now := time.Now()
	for i := range b.missions {
		if e := &b.missions[i]; e.ID != "" && e.Ended == "" && now.Sub(e.heard) >= limit {
			e.heard = now
			ids = append(ids, e.ID)
		}
	}
	return ids
}

// missing notes that the last look at a mission found none.
func (b *book) missing(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.byID[id].Missing = true
}

// confirmed notes the last look at a mission.
func (b *book) confirmed(id string, m contracts.Mission) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.byID[id]
	b.take(e, m)
	// Not only a newer picture counts here: a mission must not have fallen back.
	e.Last, e.Confirmed = m.Brief(), true
}

// ids returns the accepted missions'.
func (b *book) ids() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var ids []string
	for i := range b.missions {
		if id := b.missions[i].ID; id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// result returns all that is known.
func (b *book) result() []verdict.Mission {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make([]verdict.Mission, len(b.missions))
	for i, e := range b.missions {
		all[i] = e.Mission
		if e.ID == "" && e.Refusal == "" {
			all[i].Refusal = fmt.Sprintf("no promise after %d tries", e.Tries)
		}
	}
	return all
}

// Progress is how far a drill is.
type Progress struct {
	Missions, Accepted, Refused, Running, Completed, Failed, Cancelled int
}

// Ended is how many missions need no more waiting.
func (p Progress) Ended() int { return p.Refused + p.Completed + p.Failed + p.Cancelled }

func (b *book) progress() Progress {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := Progress{Missions: len(b.missions)}
	for i := range b.missions {
		e := &b.missions[i]
		if e.ID == "" {
			if e.Refusal != "" {
				p.Refused++
			}
			continue
		}
		p.Accepted++
		switch e.Last.Status {
		case contracts.StatusInProgress:
			p.Running++
		case contracts.StatusCompleted:
			p.Completed++
		case contracts.StatusFailed:
			p.Failed++
		case contracts.StatusCancelled:
			p.Cancelled++
		}
	}
	return p
}
