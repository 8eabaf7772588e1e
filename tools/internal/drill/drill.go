package drill

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"sync"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/drill/verdict"
)

// Commander is what a drill asks. A client.Client with one attempt fits: the drill tries again by itself, and wants to
// see each failure.
type Commander interface {
	Submit(context.Context, contracts.MissionRequest, client.SubmitOptions) (client.Mission, error)
	Get(ctx context.Context, id string) (client.Mission, error)
	Events(context.Context, client.EventsOptions) iter.Seq2[client.Event, error]
	Health(context.Context) (client.Health, error)
	Soldiers(context.Context) (client.Fleet, error)
}

// Screen shows how a drill goes on. Its methods may be called from many goroutines.
type Screen interface {
	// Log is about the drill, Step about one mission. Progress comes several times a second.
	Log(format string, args ...any)
	Step(format string, args ...any)
	Progress(Progress)
}

// Outcome is a verdict and how it was come to. Its JSON changes only by addition.
type Outcome struct {
	Commander string `json:"commander"`
	Ground    string `json:"ground"`
	// Journals is the folder that was read.
	Journals string `json:"journals"`
	// Interrupted: somebody stopped the drill before its end.
	Interrupted bool `json:"interrupted"`
	// Reconnects is how often the stream of events broke.
	Reconnects int `json:"reconnects"`
	verdict.Report
}

// Times within a drill.
const (
	probeEvery   = time.Second
	silenceLimit = 15 * time.Second // nothing heard for so long: look
	confirmLimit = 60 * time.Second // for reading every mission once more
	settleLimit  = 5 * time.Second  // for soldiers to write their last lines
	showEvery    = 200 * time.Millisecond
	firstDelay   = 200 * time.Millisecond
	maxDelay     = 2 * time.Second
	probers      = 8
)

// Drill is one drill.
type Drill struct {
	cfg    Config
	c      Commander
	screen Screen
	book   *book
	reads  *readCounts

	mu         sync.Mutex
	reconnects int
}

// New returns a drill. The Config must have passed Check.
func New(cfg Config, c Commander, s Screen) *Drill {
	return &Drill{cfg: cfg, c: c, screen: s, book: newBook(cfg.Missions, s.Step), reads: newReadCounts()}
}

// Run runs it. It fails where no commander answers at the start; later nothing is a reason to give up before the
// deadline. Where ctx ends early the Outcome is about what there is, and Interrupted.
func (d *Drill) Run(ctx context.Context) (Outcome, error) {
	h, err := d.c.Health(ctx)
	if err != nil {
		return Outcome{}, err
	}
	d.screen.Log("the commander is %s (ground %q), launching %d missions", h.Status, h.Ground, d.cfg.Missions)

	began := time.Now()
	d.launch(ctx)
	interrupted := ctx.Err() != nil

	// What is left must be done even after Ctrl-C, but not for long.
	endCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), confirmLimit)
	defer cancel()
	if interrupted {
		cancel()
		d.screen.Log("interrupted: the verdict is about what was seen until now")
	}
	d.confirm(endCtx)
	ended := time.Now()

	out := Outcome{Ground: h.Ground, Interrupted: interrupted, Reconnects: d.reconnects}
	in := verdict.Input{Missions: d.book.result(), Began: began, Ended: ended, Strict: d.cfg.Strict}
	if d.cfg.ReadsPerSecond > 0 {
		in.Reads = d.reads.result()
	}
	out.Journals = d.cfg.journals(h.Ground)
	if err := d.readJournals(endCtx, &in, out.Journals, h.Ground); err != nil {
		return Outcome{}, err
	}
	out.Report = verdict.Evaluate(in)
	return out, nil
}

// launch submits all missions and follows them until the last one ended, the deadline came, or ctx ended.
func (d *Drill) launch(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, d.cfg.Deadline)
	defer cancel()
	var group sync.WaitGroup
	ready := make(chan struct{})
	group.Go(func() { d.follow(ctx, ready) })
	group.Go(func() { d.probe(ctx) })
	group.Go(func() { d.show(ctx) })
	if d.cfg.ReadsPerSecond > 0 {
		group.Go(func() { d.read(ctx) })
	}

	// The stream first, so that no change is missed; but a drill doesn't depend on it.
	select {
	case <-ready:
	case <-time.After(2 * time.Second):
	case <-ctx.Done():
	}
	numbers := make(chan int)
	for range min(d.cfg.Concurrency, d.cfg.Missions) {
		group.Go(func() {
			for n := range numbers {
				d.submit(ctx, n)
			}
		})
	}
	for n := 1; n <= d.cfg.Missions; n++ {
		numbers <- n // each submission ends with ctx
	}
	close(numbers)

	select {
	case <-d.book.done:
	case <-ctx.Done():
	}
	cancel()
	group.Wait()
	d.screen.Progress(d.book.progress())
}

// submit asks for mission n until there is an answer that counts.
func (d *Drill) submit(ctx context.Context, n int) {
	key := client.NewIdempotencyKey()
	for failures := 1; ; failures++ {
		if ctx.Err() != nil {
			return // never asked for, or never answered: the result says so
		}
		d.book.tried(n)
		m, err := d.c.Submit(ctx, d.cfg.request(n), client.SubmitOptions{IdempotencyKey: key})
		switch {
		case err == nil:
			d.book.accepted(n, m.Mission)
			return
		case ctx.Err() != nil:
			return
		case !client.Temporary(err):
			d.book.refused(n, err.Error())
			return
		}
		if failures == 1 {
			d.screen.Step("mission %d: %v; asking again", n, err)
		}
		if !pause(ctx, backoff(failures, err)) {
			return
		}
	}
}

// follow takes what the commander tells, for as long as ctx lasts. ready is closed once the stream stands.
func (d *Drill) follow(ctx context.Context, ready chan struct{}) {
	broken, stood := false, false
	for e, err := range d.c.Events(ctx, client.EventsOptions{}) {
		if err != nil {
			if ctx.Err() == nil {
				d.screen.Log("no events any more, reading each mission instead: %v", err)
			}
			return
		}
		switch e.Type {
		case client.EventConnected:
			if broken {
				d.screen.Log("following events again")
			}
			if !stood {
				stood = true
				close(ready)
			}
			broken = false
		case client.EventDisconnected:
			if !broken {
				broken = true
				d.mu.Lock()
				d.reconnects++
				d.mu.Unlock()
				d.screen.Log("events broke off, connecting again: %v", e.Err)
			}
		case client.EventReset:
			d.book.doubt()
		case client.EventMission:
			if m, err := e.Mission(); err == nil {
				d.book.saw(m)
			}
		}
	}
}

// probe looks after missions that nothing was heard of.
func (d *Drill) probe(ctx context.Context) {
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		d.each(ctx, d.book.silent(silenceLimit), func(id string) {
			if m, err := d.c.Get(ctx, id); err == nil {
				d.book.saw(m.Mission)
			}
		})
	}
}

// confirm reads every accepted mission once more.
func (d *Drill) confirm(ctx context.Context) {
	d.each(ctx, d.book.ids(), func(id string) {
		for failures := 1; ctx.Err() == nil; failures++ {
			m, err := d.c.Get(ctx, id)
			var p *client.Problem
			switch {
			case err == nil && !m.Degraded:
				d.book.confirmed(id, m.Mission)
				return
			case errors.As(err, &p) && p.Status == http.StatusNotFound:
				d.book.missing(id)
				return
			case err != nil && !client.Temporary(err):
				d.screen.Step("mission %s can't be read: %v", id, err)
				return
			}
			if !pause(ctx, backoff(failures, err)) {
				return
			}
		}
	})
}

// each calls f for all ids, a few at a time, until ctx ends.
func (d *Drill) each(ctx context.Context, ids []string, f func(id string)) {
	var group sync.WaitGroup
	work := make(chan string)
	for range min(probers, len(ids)) {
		group.Go(func() {
			for id := range work {
				f(id)
			}
		})
	}
	for _, id := range ids {
		if ctx.Err() != nil {
			break
		}
		work <- id
	}
	close(work)
	group.Wait()
}

func (d *Drill) show(ctx context.Context) {
	tick := time.NewTicker(showEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			d.screen.Progress(d.book.progress())
		case <-ctx.Done():
			return
		}
	}
}
