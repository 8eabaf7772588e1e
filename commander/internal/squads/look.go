package squads

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/store"
)

// look is one round: what the store says, what is wanted, which queues are lacking.
func (r *Registry) look(ctx context.Context) {
	_ = r.inTurn(ctx, func() error {
		askCtx, cancel := context.WithTimeout(ctx, askTimeout)
		defer cancel()
		if err := r.refresh(askCtx); err != nil {
			r.log.Debug("squads not read, going on with those known", zap.Error(err))
		} else {
			r.registerWanted(askCtx)
			r.readServed(askCtx)
		}
		if !r.Connected() {
			r.change(func(p *picture) { p.undeclareAll() }) // RabbitMQ may come back without them
			return nil
		}
		if gone := r.take(r.gone); len(gone) > 0 {
			r.change(func(p *picture) { p.undeclare(gone...) })
		}
		r.declare(ctx)
		return nil
	})
}

// refresh reads all squads. Callers have the turn.
func (r *Registry) refresh(ctx context.Context) error {
	list, source, err := r.Store.ListDocuments(ctx, Collection)
	if source.Degraded || errors.Is(err, store.ErrNotInMemory) {
		err = store.ErrUnavailable
	}
	if err != nil {
		return fmt.Errorf("list squads: %w", err)
	}
	if !slices.ContainsFunc(list, func(d store.Document) bool { return d.Name == contracts.DefaultSquad }) {
		return r.restore(ctx)
	}
	before := r.now.Load()
	r.change(func(p *picture) {
		p.looked = true
		clear(p.squads)
		for _, d := range list {
			known := before.squads[d.Name]
			if known.version == d.Version && bytes.Equal(known.body, d.Body) {
				p.squads[d.Name] = known
				continue
			}
			s, err := read(d.Name, d.Body)
			if err != nil {
				r.log.Error("what is set for a squad can't be read, as if nothing was", zap.String("squad", d.Name), zap.Error(err))
			}
			p.squads[d.Name] = entry{Squad: s, version: d.Version, body: d.Body, declared: known.declared}
		}
	})
	if !before.looked {
		close(r.looked)
	}
	return nil
}

// restore writes all that is known where the default squad is missing: the store is new, or was wiped. That one comes last.
func (r *Registry) restore(ctx context.Context) error {
	p := r.now.Load()
	names := slices.DeleteFunc(p.names(), func(name string) bool { return name == contracts.DefaultSquad })
	for _, name := range append(names, contracts.DefaultSquad) {
		e := p.squads[name]
		if e.CreatedAt.IsZero() {
			e.CreatedAt = r.Now()
		}
		if err := r.create(ctx, e.Squad, e.body); err != nil {
			return err
		}
	}
	return r.refresh(ctx)
}

// registerWanted registers what missions were found of. It is there already, so that no limit but the store's own counts.
func (r *Registry) registerWanted(ctx context.Context) {
	for _, name := range r.take(r.wanted) {
		if _, known := r.now.Load().squads[name]; known {
			continue
		}
		if err := r.create(ctx, Squad{Name: name, CreatedAt: r.Now()}, nil); err != nil {
			r.log.Warn("squad not registered yet, its missions wait", zap.String("squad", name), zap.Error(err))
			r.want(name)
		}
	}
}

// declare declares the queues that are not known to be there, as long as the broker takes them. Callers have the turn.
func (r *Registry) declare(ctx context.Context) {
	for _, name := range r.now.Load().names() {
		if r.now.Load().squads[name].declared || !r.Connected() {
			continue
		}
		askCtx, cancel := context.WithTimeout(ctx, askTimeout)
		err := r.Broker.Declare(askCtx, topology.OfSquads(name))
		cancel()
		if err != nil {
			r.say(ctx, name, err)
			return
		}
		r.change(func(p *picture) {
			e := p.squads[name]
			e.declared = true
			p.squads[name] = e
		})
		r.said = ""
	}
}

// say logs why queues can't be declared, once for each reason. That the broker is away is said elsewhere.
func (r *Registry) say(ctx context.Context, squad string, err error) {
	if ctx.Err() != nil || errors.Is(err, broker.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
		r.log.Debug("queues of a squad not declared", zap.String("squad", squad), zap.Error(err))
		return
	}
	if err.Error() != r.said {
		r.log.Warn("queues of a squad can't be declared, its missions wait: let RabbitMQ's user configure orders_queue.*",
			zap.String("squad", squad), zap.Error(err))
	}
	r.said = err.Error()
}

// readServed looks which squads the soldiers serve.
func (r *Registry) readServed(ctx context.Context) {
	if time.Since(r.servedAt) < servedEvery {
		return
	}
	sessions, source, err := r.Store.ListSessions(ctx)
	if err != nil || source.Degraded {
		r.change(func(p *picture) { p.served = nil })
		return
	}
	r.servedAt = time.Now()
	served := map[string]bool{}
	for _, s := range sessions {
		for _, name := range s.Squads {
			served[name] = served[name] || s.State == store.SessionLive
		}
	}
	r.change(func(p *picture) { p.served = served })
}

// undeclare forgets that the queues of some squads are declared.
func (p *picture) undeclare(names ...string) {
	for _, name := range names {
		if e, known := p.squads[name]; known {
			e.declared = false
			p.squads[name] = e
		}
	}
}

// undeclareAll forgets which queues are declared.
func (p *picture) undeclareAll() {
	for name, e := range p.squads {
		e.declared = name == contracts.DefaultSquad // whose queues every new connection declares
		p.squads[name] = e
	}
}

// serve notes that a soldier serves squads.
func (p *picture) serve(names []string) {
	if p.served == nil {
		return
	}
	p.served = maps.Clone(p.served)
	for _, name := range names {
		p.served[name] = true
	}
}

func (p *picture) allDeclared(names []string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return !p.squads[name].declared })
}

func (p *picture) allServed(names []string) bool {
	return p.served != nil && !slices.ContainsFunc(names, func(name string) bool { return !p.served[name] })
}

func sortedKeys(m map[string]bool) []string { return slices.Sorted(maps.Keys(m)) }
