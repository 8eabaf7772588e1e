package memstore

import (
	"slices"

	"github.com/mission-control-dev/mission-control/contracts"
)

// queued is the ids of the QUEUED missions as a binary heap, the oldest on top. Those that are QUEUED no more, and second entries
// of one, go when they come to the top, or when they are most of it.
type queued []string

// slack is how many needless entries are no matter.
const slack = 64

// add adds a mission that became QUEUED, as one of so many.
func (q *queued) add(id string, missions int64, is func(id string) bool) {
	h := append(*q, id)
	if int64(len(h)) > 2*missions+slack {
		h = slices.DeleteFunc(h, func(id string) bool { return !is(id) })
		slices.Sort(h) // which makes it a heap
		*q = slices.Compact(h)
		return
	}
	for i := len(h) - 1; i > 0 && h[i] < h[(i-1)/2]; i = (i - 1) / 2 {
		h[i], h[(i-1)/2] = h[(i-1)/2], h[i]
	}
	*q = h
}

// oldest returns the oldest one, empty where none is.
func (q *queued) oldest(is func(id string) bool) string {
	for len(*q) > 0 && !is((*q)[0]) {
		q.pop()
	}
	if len(*q) == 0 {
		return ""
	}
	return (*q)[0]
}

func (q *queued) pop() {
	h := *q
	last := len(h) - 1
	h[0], h[last] = h[last], ""
	h = h[:last]
	for i := 0; ; {
		least := i
		for _, child := range []int{2*i + 1, 2*i + 2} {
			if child < len(h) && h[child] < h[least] {
				least = child
			}
		}
		if least == i {
			break
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
	*q = h
}

func (s *Store) isQueued(id string) bool {
	m := s.missions[id]
	return m != nil && m.record.Mission.Status == contracts.StatusQueued
}
