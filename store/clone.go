package store

import (
	"maps"
	"slices"

	"github.com/mission-control-dev/mission-control/contracts"
)

// Clone returns a deep copy in the form that every store gives back: empty labels, payload, result and error are nil,
// and times have milliseconds.
func (r Record) Clone() Record {
	m := &r.Mission
	m.Payload, m.Result = cloneBytes(m.Payload), cloneBytes(m.Result)
	if len(m.Labels) == 0 {
		m.Labels = nil
	} else {
		m.Labels = maps.Clone(m.Labels)
	}
	if m.Error != nil {
		e := *m.Error
		m.Error = &e
	}
	if m.Retry != nil {
		retry := *m.Retry
		m.Retry = &retry
	}
	for _, t := range []*contracts.Time{&m.CreatedAt, &m.UpdatedAt, &m.RunAt, &m.DeadlineAt, &m.StartedAt, &m.FinishedAt} {
		*t = contracts.FromMillis(t.Millis())
	}
	return r
}

// Clone returns a deep copy. Its lists are never nil, so that they are [] in JSON.
func (s Session) Clone() Session {
	s.Squads, s.Kinds, s.Running = cloneList(s.Squads), cloneList(s.Kinds), cloneList(s.Running)
	return s
}

func cloneList[T any](l []T) []T { return append([]T{}, l...) }

func cloneBytes[B ~[]byte](b B) B {
	if len(b) == 0 {
		return nil
	}
	return slices.Clone(b)
}

// Brief returns the record without its mission's payload and result.
func (r Record) Brief() Record {
	r.Mission = r.Mission.Brief()
	return r
}
