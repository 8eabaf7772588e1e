package trends

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// batch is what one commander counted in one step of stepTime, and what it saw at the end of it.
type batch struct {
	// number grows with each batch of a commander: ms of the shared clock, mostly.
	number   int64
	at       time.Time
	counts   counts
	failures failures
	gauges   *gauges
}

// gauges is how things were at one moment.
type gauges struct {
	At contracts.Time `json:"at"`
	contracts.TrendGauges
}

// step is one step of a series.
type step struct {
	At contracts.Time `json:"at"`
	counts
	Gauges *gauges `json:"gauges,omitempty"`
}

// see takes gauges that are newer than those that it has.
func (s *step) see(g *gauges) {
	if g != nil && (s.Gauges == nil || !g.At.Before(s.Gauges.At.Time)) {
		s.Gauges = g
	}
}

// point is the step as it is shown.
func (s *step) point() contracts.TrendPoint {
	p := contracts.TrendPoint{
		At: s.At, Created: s.Created, Completed: s.Completed, Failed: s.Failed, Cancelled: s.Cancelled,
		Wait: s.Wait.percentiles(), Run: s.counts.Run.percentiles(),
	}
	if s.Gauges != nil {
		p.TrendGauges = &s.Gauges.TrendGauges
	}
	return p
}

// chunk is the body of a document: some steps of a series, or the failures of some time.
type chunk struct {
	// By is the number of the last batch of each commander that is in it.
	By     map[string]int64         `json:"by"`
	Steps  []step                   `json:"steps,omitempty"`
	Groups []contracts.FailureGroup `json:"groups,omitempty"`
	Others int64                    `json:"others,omitempty"`
}

// maxWriters is how many commanders a chunk names. More come only by restarts, and those of long ago write nothing again.
const maxWriters = 64

// has tells whether a batch is in the chunk.
func (c *chunk) has(writer string, b *batch) bool { return b.number <= c.By[writer] }

// note says that a batch is in the chunk.
func (c *chunk) note(writer string, b *batch) {
	if c.By == nil {
		c.By = map[string]int64{}
	}
	c.By[writer] = b.number
	for len(c.By) > maxWriters {
		oldest := ""
		for w, n := range c.By {
			if w != writer && (oldest == "" || n < c.By[oldest]) {
				oldest = w
			}
		}
		delete(c.By, oldest)
	}
}

// count adds the counts of a batch to the step that begins at a moment.
func (c *chunk) count(at time.Time, b *batch) {
	if b.counts.none() && b.gauges == nil {
		return
	}
	when := contracts.At(at)
	i, found := slices.BinarySearchFunc(c.Steps, when, func(s step, at contracts.Time) int { return s.At.Compare(at.Time) })
	if !found {
		c.Steps = slices.Insert(c.Steps, i, step{At: when})
	}
	c.Steps[i].merge(b.counts)
	c.Steps[i].see(b.gauges)
}

// fail adds the failures of a batch.
func (c *chunk) fail(b *batch) {
	all := c.Groups
	for _, g := range b.failures.groups {
		all = append(all, *g)
	}
	groups, others := merge(maxGroups, all...)
	c.Groups, c.Others = groups, c.Others+others+b.failures.others
}

// encode returns the body. Groups that have no room any more, the rarest, count with the others; steps always have room.
func (c *chunk) encode() ([]byte, error) {
	for {
		b, err := json.Marshal(c)
		if err != nil {
			return nil, fmt.Errorf("write trends: %w", err)
		}
		if len(b) <= store.MaxDocumentSize || len(c.Groups) == 0 {
			return b, nil
		}
		groups, others := merge(len(c.Groups)*3/4, c.Groups...)
		c.Groups, c.Others = groups, c.Others+others
	}
}

func decode(body []byte) (chunk, error) {
	var c chunk
	if len(body) == 0 {
		return c, nil
	}
	if err := json.Unmarshal(body, &c); err != nil {
		return chunk{}, fmt.Errorf("read trends: %w", err)
	}
	return c, nil
}
