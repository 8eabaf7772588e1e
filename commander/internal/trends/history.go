package trends

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// settled is how long after the end of a step all commanders have written it, mostly.
const settled = time.Second

// History returns the steps of a range that have ended. From memory it is what was read last; store.ErrNotInMemory where nothing was.
func (k *Keeper) History(ctx context.Context, r contracts.Range) (contracts.StatsHistory, store.Source, error) {
	v := viewOf(r)
	h := contracts.StatsHistory{Range: r, StepSeconds: int(v.step / time.Second), Points: []contracts.TrendPoint{}}
	chunks, from, err := k.read(ctx, v.of)
	if err != nil {
		return contracts.StatsHistory{}, from, err
	}
	now := k.Now().Truncate(v.step)
	first := now.Add(-v.long)
	var steps []step
	for _, c := range chunks {
		for _, s := range c.Steps {
			at := s.At.Truncate(v.step)
			if at.Before(first) || !at.Before(now) {
				continue
			}
			if n := len(steps); n == 0 || !steps[n-1].At.Equal(at) {
				steps = append(steps, step{At: contracts.At(at)})
			}
			last := &steps[len(steps)-1]
			last.merge(s.counts)
			last.see(s.Gauges)
		}
	}
	for i := range steps {
		h.Points = append(h.Points, steps[i].point())
	}
	h.Degraded, h.AsOf = from.Degraded, asOf(from)
	return h, from, nil
}

// Latest returns the newest step that has ended; store.ErrNotFound where nothing is known of it. It never answers from memory.
func (k *Keeper) Latest(ctx context.Context) (contracts.Trend, error) {
	at := k.Now().Add(-settled).Truncate(stepTime).Add(-stepTime)
	d, err := k.Store.Document(ctx, fine.collection, fine.document(at))
	if err != nil {
		return contracts.Trend{}, fmt.Errorf("read the step of %s: %w", at.Format(documentName), err)
	}
	c, err := decode(d.Body)
	if err != nil {
		return contracts.Trend{}, err
	}
	for _, s := range c.Steps {
		if s.At.Equal(at) {
			return contracts.Trend{StepSeconds: int(stepTime / time.Second), Point: s.point()}, nil
		}
	}
	return contracts.Trend{}, fmt.Errorf("read the step of %s: %w", at.Format(documentName), store.ErrNotFound)
}

// Failures returns what attempts failed with, for a range of contracts.FailureRanges; up to five minutes more of the hour, up to an
// hour more of the day. From memory it is what was read last; store.ErrNotInMemory where nothing was.
func (k *Keeper) Failures(ctx context.Context, r contracts.Range) (contracts.FailureList, store.Source, error) {
	s := failuresOfHour
	if r == contracts.RangeDay {
		s = failuresOfDay
	}
	chunks, from, err := k.read(ctx, s)
	if err != nil {
		return contracts.FailureList{}, from, err
	}
	l := contracts.FailureList{Range: r, Degraded: from.Degraded, AsOf: asOf(from)}
	var all []contracts.FailureGroup
	for _, c := range chunks {
		all = append(all, c.Groups...)
		l.Others += c.Others
	}
	groups, others := merge(contracts.MaxFailureGroups, all...)
	l.Groups = groups
	l.Others += others
	return l, from, nil
}

// read returns the chunks of a series that are not too old, the oldest first. One that can't be read is left out.
func (k *Keeper) read(ctx context.Context, s series) ([]chunk, store.Source, error) {
	documents, from, err := k.Store.ListDocuments(ctx, s.collection)
	if err != nil {
		return nil, from, fmt.Errorf("list %s: %w", s.collection, err)
	}
	var chunks []chunk
	for _, d := range documents {
		if s.over(d.Name, k.Now().Time) {
			continue
		}
		c, err := decode(d.Body)
		if err != nil {
			k.log.Debug("a document with numbers over time can't be read", zap.String("document", d.Name), zap.Error(err))
			continue
		}
		chunks = append(chunks, c)
	}
	return chunks, from, nil
}

// asOf is shown only of what memory answered.
func asOf(s store.Source) contracts.Time {
	if !s.Degraded {
		return contracts.Time{}
	}
	return s.AsOf
}
