package trends

import (
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
)

// stepTime is the shortest step, and how often a Keeper writes.
const stepTime = 10 * time.Second

// series is numbers over time in one resolution: a collection of documents, each of which covers as much time as span.
type series struct {
	collection string
	// step is 0 for failures, which have none.
	step time.Duration
	span time.Duration
	keep time.Duration
}

// stepsInChunk is bounded by what a document holds, with both histograms of each step as full as can be.
const stepsInChunk = 6

// stepsOf is a series of steps. It is kept a little longer than it is shown: the longer steps of a view begin earlier.
func stepsOf(collection string, step, shown time.Duration) series {
	span := stepsInChunk * step
	return series{collection: collection, step: step, span: span, keep: shown + span}
}

// The series. Steps and spans divide a day, so that they begin at the same moments everywhere.
//
//nolint:gochecknoglobals // never written
var (
	fine    = stepsOf("trends-10s", stepTime, time.Hour)
	minutes = stepsOf("trends-1m", time.Minute, 24*time.Hour)
	coarse  = stepsOf("trends-30m", 30*time.Minute, 7*24*time.Hour)

	failuresOfHour = series{collection: "failures-5m", span: 5 * time.Minute, keep: time.Hour}
	failuresOfDay  = series{collection: "failures-1h", span: time.Hour, keep: 24 * time.Hour}
)

func allSeries() []series { return []series{fine, minutes, coarse, failuresOfHour, failuresOfDay} }

// documentName is a time that sorts as text.
const documentName = "2006-01-02T15:04:05Z"

// document is the name of the one for a moment.
func (s series) document(at time.Time) string { return at.UTC().Truncate(s.span).Format(documentName) }

// over tells whether all that a document covers is older than what is kept.
func (s series) over(name string, now time.Time) bool {
	began, err := time.Parse(documentName, name)
	return err != nil || !began.Add(s.span).After(now.Add(-s.keep))
}

// add adds a batch to the document that it belongs to.
func (s series) add(c *chunk, b *batch) {
	if s.step == 0 {
		c.fail(b)
		return
	}
	c.count(b.at.Truncate(s.step), b)
}

// concerns tells whether a batch has anything for the series.
func (s series) concerns(b *batch) bool {
	if s.step == 0 {
		return len(b.failures.groups) > 0 || b.failures.others > 0
	}
	return !b.counts.none() || b.gauges != nil
}

// view is how a range is shown: from a series, in steps that may be longer than that one's.
type view struct {
	of   series
	step time.Duration
	long time.Duration
}

func viewOf(r contracts.Range) view {
	switch r {
	case contracts.RangeSixHours:
		return view{minutes, time.Minute, 6 * time.Hour}
	case contracts.RangeDay:
		return view{minutes, 5 * time.Minute, 24 * time.Hour}
	case contracts.RangeWeek:
		return view{coarse, 30 * time.Minute, 7 * 24 * time.Hour}
	default:
		return view{fine, stepTime, time.Hour}
	}
}
