package events

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/mission-control-dev/mission-control/store"
)

// ResetReason says why a client must list again.
type ResetReason string

// The reset reasons.
const (
	// ResetTrimmed: the id to resume from is too old, or unknown.
	ResetTrimmed ResetReason = "trimmed"
	// ResetSlow: the client did not keep up.
	ResetSlow ResetReason = "slow"
	// ResetLate: the log could not be read when the stream began, and can now.
	ResetLate ResetReason = "late"
)

// frame is one event of the stream as it goes over the wire.
type frame struct {
	id        string
	missionID string
	bytes     []byte
	data      int // where in bytes the data begin
}

// appendAnonymous adds the frame without its id.
func (f frame) appendAnonymous(out []byte) []byte {
	return append(append(out, "event: mission\n"...), f.bytes[f.data:]...)
}

// missionFrames makes one frame for each mission in events, at the place of its last event.
func missionFrames(events []store.Event, recs map[string]store.Record) ([]frame, error) {
	last := make(map[string]int, len(recs))
	for i, e := range events {
		last[e.MissionID] = i
	}
	frames := make([]frame, 0, len(last))
	for i, e := range events {
		rec := recs[e.MissionID]
		if last[e.MissionID] != i || rec.Mission.Version == 0 {
			continue
		}
		brief := rec.Mission.Brief()
		data, err := brief.AppendJSON(nil)
		if err != nil {
			return nil, fmt.Errorf("encode mission %s: %w", e.MissionID, err)
		}
		frames = append(frames, framed(e.ID, e.MissionID, data))
	}
	return frames, nil
}

func framed(id, missionID string, data []byte) frame {
	b := encode("mission", id, data)
	return frame{id: id, missionID: missionID, bytes: b, data: len(b) - len("data: \n\n") - len(data)}
}

func resetFrame(id string, why ResetReason) []byte {
	return encode("reset", id, []byte(`{"reason":`+strconv.Quote(string(why))+`}`))
}

// encode writes an event. data must be one line, as JSON from encoding/json and AppendJSON is.
func encode(event, id string, data []byte) []byte {
	var b strings.Builder
	b.Grow(len(event) + len(id) + len(data) + 24)
	b.WriteString("event: " + event + "\n")
	if id != "" {
		b.WriteString("id: " + id + "\n")
	}
	b.WriteString("data: ")
	b.Write(data)
	b.WriteString("\n\n")
	return []byte(b.String())
}

// place tells the client where it is, without an event: browsers and readers keep the id.
func place(id string) string {
	if id == "" {
		return ""
	}
	return "id: " + id + "\n"
}

// placed is a frame that has a place alone, or nothing.
func placed(id string) string {
	if id == "" {
		return ""
	}
	return place(id) + "\n"
}
