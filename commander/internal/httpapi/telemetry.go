package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// logView is the log of a mission, or a part of it.
type logView struct {
	Lines   []contracts.NumberedLine `json:"lines"`
	Dropped int64                    `json:"dropped"`
}

func (s *Server) getLogs(ctx context.Context, c *fiber.Ctx) error {
	id, err := missionID(c)
	if err != nil {
		return err
	}
	after, limit, err := readLogQuery(c)
	if err != nil {
		return err
	}
	var log store.Log
	if err := s.known(ctx, id, func() (err error) { log, err = s.deps.Store.Log(ctx, id, after); return err }); err != nil {
		return fmt.Errorf("get log of mission %s: %w", id, err)
	}
	return sendJSON(c, http.StatusOK, logView{Lines: orEmpty(log.Lines[:min(len(log.Lines), limit)]), Dropped: log.Dropped})
}

func readLogQuery(c *fiber.Ctx) (after int64, limit int, err error) {
	limit = contracts.MaxLogLines
	var bad []contracts.FieldError
	if v, ok := param(c, "after"); ok {
		if after, err = strconv.ParseInt(v, 10, 64); err != nil || after < 0 {
			bad = append(bad, contracts.FieldError{Field: "after", Code: "invalid", Message: "must be a line's number, 0 or more"})
		}
	}
	if v, ok := param(c, "limit"); ok {
		if limit, err = strconv.Atoi(v); err != nil || limit < 1 || limit > contracts.MaxLogLines {
			bad = append(bad, contracts.FieldError{Field: "limit", Code: "invalid", Message: fmt.Sprintf("must be a whole number, 1 to %d", contracts.MaxLogLines)})
		}
	}
	if bad != nil {
		return 0, 0, &contracts.ValidationError{Fields: bad}
	}
	return after, limit, nil
}

// progressed tells whether what the mission's newest run reported is shown: while it runs, and once it has ended, if it did not
// complete: then it is 100, which the mission says itself.
func progressed(m contracts.Mission) bool {
	return m.Run > 0 && (m.Status == contracts.StatusInProgress || m.Status == contracts.StatusFailed || m.Status == contracts.StatusCancelled)
}

// showProgress has a mission show its progress, and returns the text of it. Nobody is kept waiting for it where the store is
// away.
func (s *Server) showProgress(ctx context.Context, m *contracts.Mission) string {
	found, err := s.deps.Store.Progress(ctx, m.MissionID)
	if err != nil || found[0].Run != m.Run {
		return ""
	}
	m.Progress = found[0].Percent
	return found[0].Text
}

// showRunning is showProgress for those of a list that run, in one read.
func (s *Server) showRunning(ctx context.Context, missions []contracts.Mission) {
	var ids []string
	var at []int
	for i, m := range missions {
		if m.Status == contracts.StatusInProgress {
			ids, at = append(ids, m.MissionID), append(at, i)
		}
	}
	if len(ids) == 0 {
		return
	}
	found, err := s.deps.Store.Progress(ctx, ids...)
	if err != nil {
		return
	}
	for k, i := range at {
		if found[k].Run == missions[i].Run {
			missions[i].Progress = found[k].Percent
		}
	}
}
