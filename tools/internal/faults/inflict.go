package faults

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/tools/internal/faults/schedule"
	"github.com/mission-control-dev/mission-control/tools/internal/netfault"
)

// inflict breaks what a fault says, holds it so, and undoes it, also where ctx ends early. It returns when what it broke
// works again, as far as one part can: an error means that the drill itself failed.
func (s *stack) inflict(ctx context.Context, f schedule.Fault) error {
	undo, err := s.begin(ctx, f)
	if err != nil {
		return fmt.Errorf("%s on %s: %w", f.Kind, f.Where(), err)
	}
	select {
	case <-ctx.Done():
	case <-time.After(f.For):
	}
	// What was broken is undone, whatever ended the wait.
	healing, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyWithin)
	defer cancel()
	if err := undo(healing); err != nil {
		return fmt.Errorf("undoing %s on %s: %w", f.Kind, f.Where(), err)
	}
	return nil
}

// begin breaks it, and returns what undoes it.
func (s *stack) begin(ctx context.Context, f schedule.Fault) (undo func(context.Context) error, err error) {
	switch f.Kind {
	case schedule.KillCommander, schedule.KillSoldier, schedule.KillRedis, schedule.KillRabbitMQ, schedule.KillAll,
		schedule.CommandersAway, schedule.RedisAway, schedule.Absence:
		return s.startAgain(f), s.kill(f.On...)
	case schedule.WipeRedis, schedule.WipeRabbitMQ:
		if err := s.kill(f.On...); err != nil {
			return nil, err
		}
		return s.startAgain(f), os.RemoveAll(s.dataDir(f.On[0]))
	case schedule.PauseCommander, schedule.PauseSoldier, schedule.PauseRedis, schedule.PauseRabbitMQ, schedule.PauseCommanders:
		resume := func(p string) error { return s.parts[p].Resume() }
		return func(context.Context) error { return each(f.On, resume) }, each(f.On, func(p string) error { return s.parts[p].Pause() })
	case schedule.Cut, schedule.Isolate:
		return s.set(f.On, netfault.Cut, 0), nil
	case schedule.Stall:
		return s.set(f.On, netfault.Stall, 0), nil
	case schedule.HalfOpen:
		return s.set(f.On, netfault.HalfOpen, 0), nil
	case schedule.Delay:
		return s.set(f.On, netfault.Pass, f.By), nil
	case schedule.CopyOrders:
		return s.copy(ctx, topology.Orders), nil
	case schedule.CopyStatus:
		return s.copy(ctx, topology.Status), nil
	case schedule.Alarm:
		return s.watermark("0.4"), s.watermark("0.0001")(ctx)
	case schedule.RedisFull:
		return s.order("CONFIG SET maxmemory 0"), s.tell(ctx, "CONFIG SET maxmemory 1")
	case schedule.RedisReadOnly:
		return s.order("REPLICAOF NO ONE"), s.tell(ctx, "REPLICAOF 127.0.0.1 1")
	}
	return nil, errors.New("the drill does not know how")
}

func (s *stack) startAgain(f schedule.Fault) func(context.Context) error {
	return func(ctx context.Context) error { return s.start(ctx, f.On...) }
}

// set breaks links, and returns what lets them pass again.
func (s *stack) set(links []string, mode netfault.Mode, delay time.Duration) func(context.Context) error {
	for _, l := range links {
		s.links[l].Set(mode, delay)
	}
	return func(context.Context) error {
		for _, l := range links {
			s.links[l].Set(netfault.Pass, 0)
		}
		return nil
	}
}

// copy starts a copier on a queue, and returns what ends it.
func (s *stack) copy(ctx context.Context, queue string) func(context.Context) error {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() {
		n, err := copyFrom(ctx, s.rabbitmq.URL(), queue)
		s.log("%d messages of %s were copied", n, queue)
		ended <- err
	}()
	return func(context.Context) error {
		cancel()
		return <-ended
	}
}

func (s *stack) watermark(fraction string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := s.rabbitmq.Ctl(ctx, "set_vm_memory_high_watermark", fraction)
		return err
	}
}

func (s *stack) order(command string) func(context.Context) error {
	return func(ctx context.Context) error { return s.tell(ctx, command) }
}
