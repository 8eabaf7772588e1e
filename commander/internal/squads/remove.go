package squads

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/store"
)

// Remove forgets a squad, returns it as it was, and deletes its queues, with the orders of missions that have ended: ErrNotFound, ErrDefault, or
// an InUseError where something of it waits or runs, or a live soldier serves it. What begins in the same moment registers
// it anew.
func (r *Registry) Remove(ctx context.Context, name string) (Squad, error) {
	if name == contracts.DefaultSquad {
		return Squad{}, ErrDefault
	}
	d, err := r.Store.Document(ctx, Collection, name)
	if errors.Is(err, store.ErrNotFound) {
		return Squad{}, ErrNotFound
	}
	if err != nil {
		return Squad{}, fmt.Errorf("read squad %s: %w", name, err)
	}
	if !r.Connected() {
		return Squad{}, fmt.Errorf("delete the queues of squad %s: %w", name, broker.ErrUnavailable)
	}
	if err := r.unused(ctx, name); err != nil {
		return Squad{}, err
	}
	removed, _ := read(name, d.Body)
	return removed, r.inTurn(ctx, func() error {
		if err := r.Store.DeleteDocument(ctx, Collection, name, d.Version); err != nil {
			return fmt.Errorf("remove squad %s: %w", name, err)
		}
		r.change(func(p *picture) { delete(p.squads, name) })
		r.log.Info("squad is removed", zap.String("squad", name))
		for _, queue := range topology.OfSquads(name).OrdersQueues() {
			if err := r.Broker.Delete(ctx, queue); err != nil {
				r.log.Warn("queue of a squad that is removed stays: delete it at RabbitMQ", zap.String("queue", queue), zap.Error(err))
			}
		}
		if r.unused(ctx, name) != nil { // the order of a mission that came meanwhile may have gone with its queue
			r.want(name)
			r.hurry()
		}
		return nil
	})
}

// unused is nil where no soldier serves a squad, and no mission of it waits or runs.
func (r *Registry) unused(ctx context.Context, name string) error {
	sessions, source, err := r.Store.ListSessions(ctx)
	if err == nil && source.Degraded {
		err = store.ErrUnavailable
	}
	if err != nil {
		return fmt.Errorf("look for soldiers of squad %s: %w", name, err)
	}
	for _, s := range sessions {
		if s.State == store.SessionLive && slices.Contains(s.Squads, name) {
			return &InUseError{name, fmt.Sprintf("soldier %s serves it", s.SoldierID)}
		}
	}
	for _, status := range contracts.Statuses() {
		if status.Terminal() {
			continue
		}
		for q := (store.Query{Squad: name, Status: status, Limit: 1}); ; {
			page, err := r.Store.List(ctx, q)
			if err == nil && page.Source.Degraded {
				err = store.ErrUnavailable
			}
			if err != nil {
				return fmt.Errorf("look for missions of squad %s: %w", name, err)
			}
			if len(page.Missions) > 0 {
				return &InUseError{name, fmt.Sprintf("mission %s is %s", page.Missions[0].MissionID, status)}
			}
			if page.Next == "" {
				break
			}
			q.Cursor = page.Next
		}
	}
	return nil
}
