package faults

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/faults/check"
)

// finals waits until every accepted mission has ended, and reads each with its history; what had not ended in time is
// read as it is.
func (d *drill) finals(ctx context.Context, f *flow) map[string]check.Final {
	ctx, cancel := context.WithTimeout(ctx, endWithin+readingWithin)
	defer cancel()
	c, err := client.New(client.Config{BaseURL: d.stack.urls()[0]})
	if err != nil {
		return nil // the address of our own commander
	}
	defer c.CloseIdleConnections()
	finals := map[string]check.Final{}
	left := f.known()
	told, began := time.Now(), time.Now()
	for {
		left = readAll(ctx, c, left, finals)
		if len(left) == 0 || time.Since(began) > endWithin || !sleep(ctx, askEvery) {
			return finals
		}
		if time.Since(told) > tellEvery {
			told = time.Now()
			d.cfg.Log("%d missions have not ended", len(left))
		}
	}
}

// readAll reads missions, some at once, and returns those that have not ended.
func readAll(ctx context.Context, c *client.Client, ids []string, finals map[string]check.Final) (left []string) {
	var mu sync.Mutex
	var all sync.WaitGroup
	next := make(chan string)
	for range atOnce {
		all.Go(func() {
			for id := range next {
				final, read := final(ctx, c, id)
				mu.Lock()
				if read {
					finals[id] = final
				}
				if !read || !final.Missing && !final.Mission.Status.Terminal() {
					left = append(left, id)
				}
				mu.Unlock()
			}
		})
	}
	for _, id := range ids {
		next <- id
	}
	close(next)
	all.Wait()
	return left
}

// final reads one mission; false where it could not be read, or changed meanwhile.
func final(ctx context.Context, c *client.Client, id string) (check.Final, bool) {
	m, err := c.Get(ctx, id)
	var problem *client.Problem
	if errors.As(err, &problem) && problem.Status == http.StatusNotFound {
		return check.Final{Missing: true}, true
	}
	if err != nil {
		return check.Final{}, false
	}
	h, err := c.History(ctx, id)
	if err != nil {
		return check.Final{}, false
	}
	final := check.Final{Mission: m.Mission, History: h.Lines, Dropped: h.Dropped}
	if m.Status.Terminal() && len(h.Lines) > 0 && h.Lines[len(h.Lines)-1].Status == m.Status {
		return final, true
	}
	now, err := c.Get(ctx, id)
	return final, err == nil && now.Version == m.Version
}
