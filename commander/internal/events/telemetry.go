package events

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// Reports reads what handlers report: a store.Telemetry.
type Reports interface {
	Log(ctx context.Context, id string, after int64) (store.Log, error)
}

// telemetry is the data of an event: how far the mission's newest run has come, and the lines that the client has not seen.
type telemetry struct {
	MissionID    string                   `json:"mission_id"`
	Run          int64                    `json:"run"`
	Progress     int                      `json:"progress"`
	ProgressText string                   `json:"progress_text,omitempty"`
	Lines        []contracts.NumberedLine `json:"lines"`
	Dropped      int64                    `json:"dropped"`
}

// teller tells one client what is reported of the missions that it watches. It reads it at each look: so any
// commander tells what any other has stored, no client's pace is another's, and each mission costs a client one small read a second.
type teller struct {
	look <-chan time.Time // nil where nothing is to be told
	due  bool             // the time for a look has come
	of   []reported
}

// reported is what the client knows of one mission.
type reported struct {
	missionID string
	progress  store.Progress
	last      int64
}

// teller returns the stream's teller, and what ends it.
func (s *Stream) teller() (*teller, func()) {
	if len(s.watched) == 0 || s.hub.reports == nil {
		return &teller{}, func() {}
	}
	tick := time.NewTicker(s.hub.cfg.TopicEvery)
	t := &teller{look: tick.C, due: true}
	for _, id := range slices.Sorted(maps.Keys(s.watched)) {
		t.of = append(t.of, reported{missionID: id})
	}
	return t, tick.Stop
}

// tell returns the events, or nothing where there is no news. It sees to its own time.
func (t *teller) tell(s *Stream) (out []byte) {
	if !t.due {
		return nil
	}
	t.due = false
	ctx, cancel := context.WithTimeout(s.hub.ctx, callLimit)
	defer cancel()
	for i := range t.of {
		out = append(out, t.of[i].news(ctx, s.hub)...)
	}
	return out
}

// news is the event of one mission, or nothing.
func (r *reported) news(ctx context.Context, h *Hub) []byte {
	log, err := h.reports.Log(ctx, r.missionID, r.last)
	if err != nil {
		return nil // it is away, or the mission is unknown: the next look may find it
	}
	if log.Last < r.last { // the store lost its last writes: the next look begins anew
		r.last = 0
		return nil
	}
	if log.Progress == r.progress && log.Last == r.last {
		return nil
	}
	r.progress, r.last = log.Progress, log.Last
	if log.Lines == nil {
		log.Lines = []contracts.NumberedLine{}
	}
	data, err := json.Marshal(telemetry{
		MissionID: r.missionID, Run: log.Progress.Run, Progress: log.Progress.Percent, ProgressText: log.Progress.Text,
		Lines: log.Lines, Dropped: log.Dropped,
	})
	if err != nil {
		h.logger.Error("telemetry can't be encoded", zap.String("mission_id", r.missionID), zap.Error(err))
		return nil
	}
	return encode("telemetry", "", data)
}
