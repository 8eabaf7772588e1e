package events

import (
	"context"
	"encoding/json"
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

// teller tells one client what is reported of the mission that its stream is narrowed to. It reads it at each look: so any
// commander tells what any other has stored, no client's pace is another's, and a client costs one small read a second.
type teller struct {
	look     <-chan time.Time // nil where nothing is to be told
	due      bool             // the time for a look has come
	progress store.Progress
	last     int64
}

// teller returns the stream's teller, and what ends it.
func (s *Stream) teller() (*teller, func()) {
	if s.req.MissionID == "" || s.hub.reports == nil {
		return &teller{}, func() {}
	}
	tick := time.NewTicker(s.hub.cfg.TopicEvery)
	return &teller{look: tick.C, due: true}, tick.Stop
}

// tell returns the event, or nothing where there is no news. It sees to its own time.
func (t *teller) tell(s *Stream) []byte {
	if !t.due {
		return nil
	}
	t.due = false
	ctx, cancel := context.WithTimeout(s.hub.ctx, callLimit)
	defer cancel()
	log, err := s.hub.reports.Log(ctx, s.req.MissionID, t.last)
	if err != nil {
		return nil // it is away, or the mission is unknown: the next look may find it
	}
	if log.Last < t.last { // the store lost its last writes: the next look begins anew
		t.last = 0
		return nil
	}
	if log.Progress == t.progress && log.Last == t.last {
		return nil
	}
	t.progress, t.last = log.Progress, log.Last
	if log.Lines == nil {
		log.Lines = []contracts.NumberedLine{}
	}
	data, err := json.Marshal(telemetry{
		MissionID: s.req.MissionID, Run: log.Progress.Run, Progress: log.Progress.Percent, ProgressText: log.Progress.Text,
		Lines: log.Lines, Dropped: log.Dropped,
	})
	if err != nil {
		s.hub.logger.Error("telemetry can't be encoded", zap.String("mission_id", s.req.MissionID), zap.Error(err))
		return nil
	}
	return encode("telemetry", "", data)
}
