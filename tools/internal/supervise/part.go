package supervise

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Config describes how a part is looked after.
type Config struct {
	// Name is how people call the part: "redis", "soldier-1".
	Name string
	// Service is its process.
	Service Service
	// Grace is how long it may take to end before it is killed. Default 5 s.
	Grace time.Duration
	// ReadyWithin bounds each start. Default 60 s.
	ReadyWithin time.Duration
	// FirstBackoff is the wait before the first new start after a death, doubled for each further one up to
	// MostBackoff; a life longer than Settled starts the count afresh. Defaults 200 ms, 5 s, 10 s.
	FirstBackoff, MostBackoff, Settled time.Duration
	// LastWords is how many lines an event tells of a part that died. Default 20.
	LastWords int
	// Report gets every event, from several goroutines, never two of one part at once. nil drops them.
	Report func(Event)
}

// Part is a process that is looked after. Its methods may be called from several goroutines.
type Part struct {
	cfg Config

	mu       sync.Mutex // held by Start, Stop and KillAndHold from begin to end
	release  context.CancelFunc
	released chan struct{} // closed when nobody looks after the process any more
}

// NewPart prepares a part; Start starts it.
func NewPart(cfg Config) *Part {
	if cfg.Grace == 0 {
		cfg.Grace = 5 * time.Second
	}
	if cfg.ReadyWithin == 0 {
		cfg.ReadyWithin = time.Minute
	}
	if cfg.FirstBackoff == 0 {
		cfg.FirstBackoff = 200 * time.Millisecond
	}
	if cfg.MostBackoff == 0 {
		cfg.MostBackoff = 5 * time.Second
	}
	if cfg.Settled == 0 {
		cfg.Settled = 10 * time.Second
	}
	if cfg.LastWords == 0 {
		cfg.LastWords = 20
	}
	if cfg.Report == nil {
		cfg.Report = func(Event) {}
	}
	return &Part{cfg: cfg}
}

// Name is the part's name.
func (p *Part) Name() string { return p.cfg.Name }

// PID is the process id of the present life, 0 between lives.
func (p *Part) PID() int { return p.cfg.Service.PID() }

// Start starts the process, returns when it is ready, and looks after it from then on. A part that is already looked
// after stays as it is. After an error the part is stopped.
func (p *Part) Start(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.release != nil {
		return nil
	}
	if err := p.bring(ctx); err != nil {
		if words := p.cfg.Service.LastWords(p.cfg.LastWords); words != "" {
			return fmt.Errorf("%s: %w; its last words:\n%s", p.cfg.Name, err, words)
		}
		return fmt.Errorf("%s: %w", p.cfg.Name, err)
	}
	var care context.Context
	care, p.release = context.WithCancel(context.WithoutCancel(ctx))
	p.released = make(chan struct{})
	go p.lookAfter(care, p.released)
	return nil
}

// bring starts the process once.
func (p *Part) bring(ctx context.Context) error {
	p.cfg.Report(Event{Part: p.cfg.Name, Kind: Starting})
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, p.cfg.ReadyWithin)
	defer cancel()
	if err := p.cfg.Service.Restart(ctx); err != nil {
		return err
	}
	p.cfg.Report(Event{Part: p.cfg.Name, Kind: Ready, Took: time.Since(began)})
	return nil
}

// lookAfter starts the process again whenever it has died, until care ends.
func (p *Part) lookAfter(care context.Context, released chan<- struct{}) {
	defer close(released)
	wait := p.cfg.FirstBackoff
	for {
		began := time.Now()
		end := p.cfg.Service.Wait()
		if care.Err() != nil {
			return
		}
		if time.Since(began) > p.cfg.Settled {
			wait = p.cfg.FirstBackoff
		}
		event := Event{Part: p.cfg.Name, Kind: Died, Reason: how(end)}
		for {
			event.Again, event.LastWords = wait, p.cfg.Service.LastWords(p.cfg.LastWords)
			p.cfg.Report(event)
			select {
			case <-care.Done():
				return
			case <-time.After(wait):
			}
			wait = min(2*wait, p.cfg.MostBackoff)
			err := p.bring(care)
			if err == nil {
				break
			}
			if care.Err() != nil {
				return
			}
			event = Event{Part: p.cfg.Name, Kind: Failed, Reason: err.Error()}
		}
	}
}

// Stop ends the process gracefully and leaves it so until Start. A process that outlasts its grace (or the context)
// is killed, which is an error. Stopping twice is no error.
func (p *Part) Stop(ctx context.Context) error {
	return p.hold(func() error {
		ctx, cancel := context.WithTimeout(ctx, p.cfg.Grace)
		defer cancel()
		return p.cfg.Service.Stop(ctx)
	})
}

// KillAndHold ends the process with SIGKILL and leaves it so until Start.
func (p *Part) KillAndHold() error {
	return p.hold(func() error {
		killed, cancel := context.WithCancel(context.Background())
		cancel()
		var err error
		if p.cfg.Service.PID() != 0 {
			err = p.cfg.Service.Kill()
		}
		// What Kill leaves beside the process (RabbitMQ's port mapper) goes as well.
		_ = p.cfg.Service.Stop(killed)
		return err
	})
}

// hold ends the care, then the process.
func (p *Part) hold(end func() error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.release == nil {
		return nil
	}
	p.cfg.Report(Event{Part: p.cfg.Name, Kind: Stopping})
	began := time.Now()
	p.release()
	err := end()
	<-p.released
	p.release = nil
	event := Event{Part: p.cfg.Name, Kind: Stopped, Took: time.Since(began)}
	if err != nil {
		event.Reason = err.Error()
		err = fmt.Errorf("%s: %w", p.cfg.Name, err)
	}
	p.cfg.Report(event)
	return err
}

// Kill ends the process with SIGKILL, as a crash would; it is started again after the backoff.
func (p *Part) Kill() error { return p.named(p.cfg.Service.Kill()) }

// Pause freezes the process with SIGSTOP; it counts as alive.
func (p *Part) Pause() error { return p.named(p.cfg.Service.Pause()) }

// Resume ends a Pause.
func (p *Part) Resume() error { return p.named(p.cfg.Service.Resume()) }

func (p *Part) named(err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", p.cfg.Name, err)
	}
	return nil
}
