package squads

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/background"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/store"
)

const (
	// Collection is the documents' in the store.
	Collection = "squads"

	every = time.Second
	// firstEvery is how often the store is asked until it was seen once: until then all orders wait.
	firstEvery = 100 * time.Millisecond
	// servedEvery is how often the soldiers are looked at.
	servedEvery = 5 * time.Second
	// askTimeout bounds a look at the store, and the declaration of a squad's queues.
	askTimeout = 5 * time.Second
	// serveTimeout bounds what a new soldier waits for its queues.
	serveTimeout = 3 * time.Second
)

// Store is what a Registry needs of a store.
type Store interface {
	store.Documents
	List(ctx context.Context, q store.Query) (store.Page, error)
	Recount(ctx context.Context) (bool, error)
	ListSessions(ctx context.Context) ([]store.Session, store.Source, error)
}

// Broker is what a Registry needs of a broker.
type Broker interface {
	Declare(ctx context.Context, t topology.Topology) error
	Delete(ctx context.Context, queue string) error
}

// Config of a Registry. All fields are required.
type Config struct {
	Store  Store
	Broker Broker
	// Connected tells whether the broker can be reached.
	Connected func() bool
	// Now is the clock that all commanders share.
	Now    func() contracts.Time
	Logger *zap.Logger
}

// Registry knows the squads. It is safe for concurrent use.
type Registry struct {
	*background.Work
	Config
	log *zap.Logger
	now atomic.Pointer[picture]
	// looked is closed once the store was seen.
	looked chan struct{}
	// turn has an item while somebody changes the picture.
	turn chan struct{}
	// wake has an item where the next look is to begin now.
	wake chan struct{}
	// servedAt is when the soldiers were looked at, said why queues could not be declared, as it was logged: theirs who have the turn.
	servedAt time.Time
	said     string

	mu sync.Mutex
	// wanted are squads to be registered once the store is there.
	wanted map[string]bool
	// gone are squads of which a queue was not there.
	gone map[string]bool
}

// New returns a registry.
func New(c Config) *Registry {
	r := &Registry{
		Config: c, log: c.Logger.Named("squads"), looked: make(chan struct{}), turn: make(chan struct{}, 1), wake: make(chan struct{}, 1), wanted: map[string]bool{}, gone: map[string]bool{},
	}
	r.Work = background.New(r.run, r.keepCounted)
	r.now.Store(newPicture())
	return r
}

func (r *Registry) run(ctx context.Context) {
	for ctx.Err() == nil {
		r.look(ctx)
		wait := every
		if !r.now.Load().looked {
			wait = firstEvery
		}
		background.PauseUnless(ctx, wait, r.wake)
	}
}

// hurry has the next look begin now.
func (r *Registry) hurry() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Register makes sure that squads are there: ErrTooMany, and none of them is new, where there are too many others. While the store
// is away that is store.ErrUnavailable, and they are registered once it is back.
func (r *Registry) Register(ctx context.Context, names ...string) error {
	if len(r.unknown(names)) == 0 {
		return nil
	}
	return r.inTurn(ctx, func() error {
		if len(r.unknown(names)) == 0 {
			return nil
		}
		err := r.refresh(ctx) // others may have registered them, or removed another one
		lacking := r.unknown(names)
		if len(lacking) == 0 {
			return nil
		}
		if !r.now.Load().room(len(lacking) + r.waiting(lacking)) {
			return ErrTooMany
		}
		for _, name := range lacking {
			if err == nil {
				err = r.create(ctx, Squad{Name: name, CreatedAt: r.Now()}, nil)
			}
			if errors.Is(err, store.ErrUnavailable) {
				r.want(name)
			}
		}
		if err == nil {
			r.hurry()
		}
		return err
	})
}

// unknown returns those of some squads that are not there, each once.
func (r *Registry) unknown(names []string) (lacking []string) {
	p := r.now.Load()
	for _, name := range names {
		if _, known := p.squads[name]; !known && !slices.Contains(lacking, name) {
			lacking = append(lacking, name)
		}
	}
	return lacking
}

// Serve makes sure that squads are there which a new soldier serves, and their queues within a moment: else it finds them
// later. ErrTooMany as for Register.
func (r *Registry) Serve(ctx context.Context, names ...string) error {
	if err := r.Register(ctx, names...); err != nil {
		return err
	}
	if p := r.now.Load(); p.allDeclared(names) && p.allServed(names) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, serveTimeout)
	defer cancel()
	return r.inTurn(ctx, func() error {
		r.declare(ctx)
		r.change(func(p *picture) { p.serve(names) })
		return nil
	})
}

// Noted has squads registered soon which a soldier serves, where they are not there. It asks nobody, and so holds up no lease.
func (r *Registry) Noted(names ...string) {
	for _, name := range r.unknown(names) {
		r.want(name)
	}
}

// Held says why a mission of a squad is not to be started now; empty where it may. It fails with store.ErrUnavailable where
// that is not known before ctx ends.
func (r *Registry) Held(ctx context.Context, squad string) (why string, err error) {
	p := r.now.Load()
	if !p.looked {
		select {
		case <-r.looked:
			p = r.now.Load()
		case <-ctx.Done():
			return "", fmt.Errorf("%w: squads are not read yet: %w", store.ErrUnavailable, ctx.Err())
		}
	}
	if p.squads[squad].Paused {
		return paused(squad), nil
	}
	return "", nil
}

// Pause has the missions of a squad wait from now on; ErrNotFound. Doing it again changes nothing.
func (r *Registry) Pause(ctx context.Context, name string) (Squad, error) {
	return r.set(ctx, name, func(s *Squad) { s.Paused = true })
}

// Resume lets them start again; ErrNotFound. Doing it again changes nothing.
func (r *Registry) Resume(ctx context.Context, name string) (Squad, error) {
	return r.set(ctx, name, func(s *Squad) { s.Paused = false })
}

// maxRounds bounds how often a change is made anew because others came first.
const maxRounds = 20

// set changes a squad's document.
func (r *Registry) set(ctx context.Context, name string, change func(*Squad)) (s Squad, err error) {
	err = r.inTurn(ctx, func() error {
		for range maxRounds {
			d, err := r.Store.Document(ctx, Collection, name)
			if errors.Is(err, store.ErrNotFound) {
				return ErrNotFound
			}
			if err != nil {
				return fmt.Errorf("read squad %s: %w", name, err)
			}
			before, _ := read(name, d.Body)
			s = before
			if change(&s); s == before {
				r.put(s, d)
				return nil
			}
			if d.Body, err = s.write(d.Body); err != nil {
				return err
			}
			d.Version, err = r.Store.PutDocument(ctx, Collection, d)
			switch {
			case errors.Is(err, store.ErrDocumentChanged):
				continue
			case err != nil:
				return fmt.Errorf("change squad %s: %w", name, err)
			}
			r.put(s, d)
			r.log.Info("squad is changed", zap.String("squad", name), zap.Bool("paused", s.Paused))
			return nil
		}
		return fmt.Errorf("change squad %s: %w", name, store.ErrDocumentChanged)
	})
	return s, err
}

// create writes the document of a squad that is not known. That it is there already is as good.
func (r *Registry) create(ctx context.Context, s Squad, body []byte) error {
	body, err := s.write(body)
	if err != nil {
		return err
	}
	d := store.Document{Name: s.Name, Body: body}
	switch d.Version, err = r.Store.PutDocument(ctx, Collection, d); {
	case errors.Is(err, store.ErrDocumentChanged):
		if d, err = r.Store.Document(ctx, Collection, s.Name); err != nil {
			return fmt.Errorf("read squad %s: %w", s.Name, err)
		}
		s, _ = read(s.Name, d.Body)
	case errors.Is(err, store.ErrDocumentsFull):
		return ErrTooMany
	case err != nil:
		return fmt.Errorf("register squad %s: %w", s.Name, err)
	default:
		r.log.Info("squad is registered", zap.String("squad", s.Name))
	}
	r.put(s, d)
	return nil
}

// inTurn does what changes the picture, one after the other.
func (r *Registry) inTurn(ctx context.Context, do func() error) error {
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
		return do()
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", store.ErrUnavailable, ctx.Err())
	}
}

// change makes another picture. Callers have the turn.
func (r *Registry) change(change func(*picture)) { r.now.Store(r.now.Load().with(change)) }

// put notes a squad's document as it is now.
func (r *Registry) put(s Squad, d store.Document) {
	r.change(func(p *picture) {
		p.squads[s.Name] = entry{Squad: s, version: d.Version, body: d.Body, declared: p.squads[s.Name].declared}
	})
}

// want has a squad registered at the next look.
func (r *Registry) want(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.wanted) < Most {
		r.wanted[name] = true
	}
}

// waiting is how many squads are wanted, beside some.
func (r *Registry) waiting(beside []string) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name := range r.wanted {
		if !slices.Contains(beside, name) {
			n++
		}
	}
	return n
}

// Gone says that an open queue is not there: somebody deleted it. It is declared at the next look.
func (r *Registry) Gone(queue string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gone[topology.SquadOf(queue)] = true
}

// take returns what is wanted, or gone, and forgets it.
func (r *Registry) take(from map[string]bool) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	names := sortedKeys(from)
	clear(from)
	return names
}
