package scale

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mission-control-dev/mission-control/bench/internal/report"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
)

const (
	warmUp = 5000
	// emptyMissions is how many missions the rate of an empty queue is measured with.
	emptyMissions = 30_000
	tenants       = 10
)

// mission is one of a backlog's: one in ten of another kind, and each tenant's label on one in ten.
func mission(i int) []byte {
	kind := "noop"
	if i%10 == 0 {
		kind = "other"
	}
	return fmt.Appendf(nil, `{"name":"noop","kind":%q,"payload":{"n":1},"labels":{"tenant":"t%d"}}`, kind, i/10%tenants)
}

// backlog fills an idle stack, and looks at what it then is like.
func (r *run) backlog(ctx context.Context) error {
	if err := r.stack.StartSoldier(ctx, r.slots); err != nil {
		return err
	}
	if _, err := r.rate(ctx, warmUp); err != nil {
		return err
	}
	var err error
	if r.empty, err = r.rate(ctx, emptyMissions); err != nil {
		return err
	}
	r.add("missions a second through an empty queue", r.empty, "/s", "")
	r.stack.StopSoldiers(ctx)

	before, err := redisMemory(ctx, r.stack.RedisAddr())
	if err != nil {
		return err
	}
	began := time.Now()
	if err := r.stack.SubmitAs(ctx, r.Missions, mission); err != nil {
		return err
	}
	r.add(fmt.Sprintf("accepting %d missions", r.Missions), float64(r.Missions)/time.Since(began).Seconds(), "/s", "≥ 20,000 /s")
	if err := r.settled(ctx); err != nil {
		return err
	}
	after, err := redisMemory(ctx, r.stack.RedisAddr())
	if err != nil {
		return err
	}
	r.add("Redis, a mission", (after-before)/float64(r.Missions), "B", "≤ 1,024 B")
	r.memory("commander with them, at most so far", "VmHWM")
	if err := r.pages(ctx); err != nil {
		return err
	}
	return r.restart(ctx)
}

// settled waits until the commander has nothing left to do with what it accepted.
func (r *run) settled(ctx context.Context) error {
	for last := -1.0; ; {
		used := cpu(r.stack.Processes()["commander"])
		if last >= 0 && used-last < 0.1 {
			return nil
		}
		last = used
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (r *run) memory(what, field string) {
	r.add(what, status(r.stack.Processes()["commander"], field)/mebibyte, "MiB", "< 256 MiB")
}

const (
	pageSize = 50
	// pageDepth is how far each list is walked, pagesAtEnd how many pages at its beginning and end are measured apart.
	pageDepth  = 1000
	pagesAtEnd = 100
)

// pages walks a thousand pages of each list, and tells the time of the first and last of them.
func (r *run) pages(ctx context.Context) error {
	for _, list := range []struct {
		name string
		by   client.ListOptions
	}{
		{"all", client.ListOptions{}},
		{"by status", client.ListOptions{Status: contracts.StatusQueued}},
		{"by kind", client.ListOptions{Kind: "noop"}},
		{"by squad", client.ListOptions{Squad: contracts.DefaultSquad}},
		{"by label", client.ListOptions{Label: contracts.Label{Key: "tenant", Value: "t3"}}},
	} {
		o := list.by
		o.PageSize = pageSize
		var took []time.Duration
		for range pageDepth {
			began := time.Now()
			page, err := r.stack.Client().ListPage(ctx, o)
			if err != nil {
				return err
			}
			took = append(took, time.Since(began))
			if !page.Complete {
				return errors.New("the list is not complete")
			}
			if o.Cursor = page.NextCursor; o.Cursor == "" {
				break
			}
		}
		for i, part := range [][]time.Duration{took[:min(pagesAtEnd, len(took))], took[max(0, len(took)-pagesAtEnd):]} {
			where := []string{"first", "last"}[i]
			r.add(fmt.Sprintf("page of 50, %s, p99 of the %s %d of %d", list.name, where, len(part), len(took)),
				report.Quantile(report.Milliseconds(part), 0.99), "ms", "≤ 10 ms")
		}
	}
	return nil
}

// restart stops the commander and times it until it is well and answers.
func (r *run) restart(ctx context.Context) error {
	r.stack.StopCommanders(ctx)
	began := time.Now()
	if err := r.stack.StartCommanders(ctx); err != nil {
		return err
	}
	page, err := r.stack.Client().ListPage(ctx, client.ListOptions{PageSize: pageSize})
	if err != nil || len(page.Missions) != pageSize {
		return fmt.Errorf("the list after a restart has %d missions: %w", len(page.Missions), err)
	}
	r.add(fmt.Sprintf("restart with %d missions, until well and listing", r.Missions), time.Since(began).Seconds(), "s", "< 3 s")
	return nil
}

// drainRamp is what is left out at the beginning of a drain.
const drainRamp = 5 * time.Second

// drain has a soldier work on the backlog.
func (r *run) drain(ctx context.Context) error {
	if r.empty == 0 {
		return errors.New("needs the step backlog before")
	}
	if err := r.stack.StartSoldier(ctx, r.slots); err != nil {
		return err
	}
	defer r.stack.StopSoldiers(ctx)
	if err := sleep(ctx, drainRamp); err != nil {
		return err
	}
	done, err := r.completed(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := sleep(ctx, r.Drain); err != nil {
		return err
	}
	then, err := r.completed(ctx)
	if err != nil {
		return err
	}
	rate := float64(then-done) / time.Since(began).Seconds()
	r.add(fmt.Sprintf("draining a backlog of %d", r.Missions), rate, "/s", "")
	r.add("draining beside the empty queue", 100*rate/r.empty, "%", "≥ 90 %")
	r.memory("commander after that, at most so far", "VmHWM")
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
