package httpapi

import (
	"bytes"
	"strconv"

	"github.com/mission-control-dev/mission-control/commander/internal/submit"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// missionView is one mission as it was read.
type missionView struct {
	contracts.Mission
	ProgressText string `json:"progress_text,omitempty"`
	// Durable is shown only in the answer to the request that made the mission.
	Durable  submit.Durable `json:"durable,omitempty"`
	Degraded bool           `json:"degraded,omitempty"`
	AsOf     contracts.Time `json:"as_of,omitzero"`
}

// missionList is a page of missions.
type missionList struct {
	Missions   []contracts.Mission `json:"missions"`
	NextCursor *string             `json:"next_cursor"`
	Complete   bool                `json:"complete"`
	// Searched is how many of the newest missions a search looks at, where there are more.
	Searched int            `json:"searched,omitempty"`
	Degraded bool           `json:"degraded"`
	AsOf     contracts.Time `json:"as_of,omitzero"`
}

// missionBatch is missions that were created together, in the order of their requests.
type missionBatch struct {
	Missions []contracts.Mission `json:"missions"`
	Durable  submit.Durable      `json:"durable,omitempty"`
}

// historyView is the history of a mission.
type historyView struct {
	History  []contracts.HistoryLine `json:"history"`
	Dropped  int                     `json:"dropped"`
	Degraded bool                    `json:"degraded"`
	AsOf     contracts.Time          `json:"as_of,omitzero"`
}

// asOf is shown only of what memory answered.
func asOf(s store.Source) contracts.Time {
	if !s.Degraded {
		return contracts.Time{}
	}
	return s.AsOf
}

// appender is an answer that writes itself, as encoding/json would without HTML's escapes: what is asked for most is written
// without reflection.
type appender interface {
	appendJSON(b []byte) ([]byte, error)
}

// viewRoom is what a mission without bodies takes as JSON, mostly.
const viewRoom = 640

func (v *missionView) appendJSON(b []byte) ([]byte, error) {
	if b == nil {
		b = make([]byte, 0, viewRoom+len(v.Payload)+len(v.Result))
	}
	b, err := v.Mission.AppendJSON(b)
	if err != nil {
		return b, err
	}
	b = b[:len(b)-1]
	if v.ProgressText != "" {
		if b, err = appendAny(append(b, `,"progress_text":`...), v.ProgressText); err != nil {
			return b, err
		}
	}
	b = appendDurable(b, v.Durable)
	if v.Degraded {
		b = append(b, `,"degraded":true`...)
	}
	return appendAsOf(b, v.AsOf)
}

func (v *missionBatch) appendJSON(b []byte) ([]byte, error) {
	b, err := appendMissions(append(b, `{"missions":`...), v.Missions)
	if err != nil {
		return b, err
	}
	return append(appendDurable(b, v.Durable), '}'), nil
}

func (v *missionList) appendJSON(b []byte) ([]byte, error) {
	b, err := appendMissions(append(b, `{"missions":`...), v.Missions)
	if err != nil {
		return b, err
	}
	b = append(b, `,"next_cursor":`...)
	if v.NextCursor == nil {
		b = append(b, "null"...)
	} else if b, err = appendAny(b, *v.NextCursor); err != nil {
		return b, err
	}
	b = strconv.AppendBool(append(b, `,"complete":`...), v.Complete)
	if v.Searched != 0 {
		b = strconv.AppendInt(append(b, `,"searched":`...), int64(v.Searched), 10)
	}
	b = strconv.AppendBool(append(b, `,"degraded":`...), v.Degraded)
	return appendAsOf(b, v.AsOf)
}

// appendMissions appends a list that is there.
func appendMissions(b []byte, missions []contracts.Mission) (_ []byte, err error) {
	b = append(b, '[')
	for i := range missions {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = missions[i].AppendJSON(b); err != nil {
			return b, err
		}
	}
	return append(b, ']'), nil
}

func appendDurable(b []byte, d submit.Durable) []byte {
	if d == "" {
		return b
	}
	b = append(append(b, `,"durable":"`...), d...)
	return append(b, '"')
}

// appendAsOf appends the time, if any, and the end.
func appendAsOf(b []byte, at contracts.Time) (_ []byte, err error) {
	if !at.IsZero() {
		if b, err = appendAny(append(b, `,"as_of":`...), at); err != nil {
			return b, err
		}
	}
	return append(b, '}'), nil
}

// appendAny appends what is rare.
func appendAny(b []byte, v any) ([]byte, error) {
	careful, err := encode(v)
	return append(b, bytes.TrimSuffix(careful, []byte("\n"))...), err
}
