package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/mission-control-dev/mission-control/commander/internal/schedule"
	"github.com/mission-control-dev/mission-control/commander/internal/strictjson"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// scheduleView is a schedule as it was read.
type scheduleView struct {
	contracts.Schedule
	Degraded bool           `json:"degraded,omitempty"`
	AsOf     contracts.Time `json:"as_of,omitzero"`
}

// scheduleList is all schedules.
type scheduleList struct {
	Schedules []contracts.Schedule `json:"schedules"`
	Degraded  bool                 `json:"degraded"`
	AsOf      contracts.Time       `json:"as_of,omitzero"`
}

func (s *Server) allSchedules(ctx context.Context) (scheduleList, error) {
	list, from, err := s.deps.Schedules.List(ctx)
	return scheduleList{Schedules: orEmpty(list), Degraded: from.Degraded, AsOf: asOf(from)}, err
}

func (s *Server) listSchedules(ctx context.Context, c *fiber.Ctx) error {
	out, err := s.allSchedules(ctx)
	if err != nil {
		return err
	}
	return sendJSON(c, http.StatusOK, out)
}

func (s *Server) getSchedule(ctx context.Context, c *fiber.Ctx) error {
	name, err := scheduleName(c)
	if err != nil {
		return err
	}
	found, from, err := s.deps.Schedules.Get(ctx, name)
	if err != nil {
		return err
	}
	return sendJSON(c, http.StatusOK, scheduleView{Schedule: found, Degraded: from.Degraded, AsOf: asOf(from)})
}

func (s *Server) putSchedule(ctx context.Context, c *fiber.Ctx) error {
	name := strings.Clone(c.Params("name"))
	if !contracts.ValidToken(name) {
		return &contracts.ValidationError{Fields: []contracts.FieldError{{
			Field: "name", Code: "invalid", Message: "must be 1 to 64 of a-z, 0-9, '.', '_' and '-', starting with a letter or digit",
		}}}
	}
	body, err := jsonBody(c, contracts.MaxBodySize)
	if err != nil {
		return err
	}
	r, err := readSchedule(body, s.deps.Now().Time)
	if err != nil {
		return err
	}
	if err := s.gated([]contracts.MissionRequest{r.Mission}, func(int) string { return "mission.concurrency_key" }); err != nil {
		return err
	}
	if r.Mission.UniqueKey != "" && s.deps.Limits.Supported() != nil { // each run would be refused: mission.ErrApart
		return &contracts.ValidationError{Fields: []contracts.FieldError{notSupported("mission.unique_key",
			"can't be given to a schedule's missions where they lie in more than one shard (COMMANDER_REDIS_SHARDS); leave it out")}}
	}
	made, err := s.deps.Schedules.Put(ctx, name, r)
	switch {
	case errors.Is(err, store.ErrDocumentsFull):
		return refusal{status: http.StatusConflict, code: "schedules_full",
			detail: fmt.Sprintf("There are %d schedules, and no more are kept. Delete one first.", contracts.MaxSchedules)}
	case err != nil:
		return err
	}
	return sendJSON(c, http.StatusOK, made)
}

func (s *Server) deleteSchedule(ctx context.Context, c *fiber.Ctx) error {
	name, err := askedSchedule(c)
	if err != nil {
		return err
	}
	if err := s.deps.Schedules.Delete(ctx, name); err != nil {
		return err
	}
	return sendJSON(c, http.StatusOK, struct {
		Name string `json:"name"`
	}{name})
}

func (s *Server) pauseSchedule(ctx context.Context, c *fiber.Ctx) error {
	return change(ctx, c, http.StatusOK, s.deps.Schedules.Pause)
}

func (s *Server) resumeSchedule(ctx context.Context, c *fiber.Ctx) error {
	return change(ctx, c, http.StatusOK, s.deps.Schedules.Resume)
}

func (s *Server) runSchedule(ctx context.Context, c *fiber.Ctx) error {
	return change(ctx, c, http.StatusAccepted, func(ctx context.Context, name string) (*missionView, error) {
		m, err := s.deps.Schedules.Run(ctx, name)
		if err == nil {
			c.Set(fiber.HeaderLocation, "/missions/"+m.MissionID)
		}
		return &missionView{Mission: m}, err
	})
}

// change does what takes no body, and answers with what it returns.
func change[T any](ctx context.Context, c *fiber.Ctx, status int, do func(context.Context, string) (T, error)) error {
	name, err := askedSchedule(c)
	if err != nil {
		return err
	}
	done, err := do(ctx, name)
	if err != nil {
		return err
	}
	return sendJSON(c, status, done)
}

func askedSchedule(c *fiber.Ctx) (string, error) {
	name, err := scheduleName(c)
	if err != nil {
		return "", err
	}
	return name, noBody(c)
}

// scheduleName returns a copy of the name in the path. What can't be a name is that of no schedule.
func scheduleName(c *fiber.Ctx) (string, error) {
	name := strings.Clone(c.Params("name"))
	if !contracts.ValidToken(name) {
		return "", schedule.ErrNotFound
	}
	return name, nil
}

// readSchedule reads the body of PUT /schedules/{name}: normalized and valid, or a ValidationError that names all that is
// wrong.
func readSchedule(body []byte, now time.Time) (contracts.ScheduleRequest, error) {
	members, err := object(body)
	if err != nil {
		return contracts.ScheduleRequest{}, err
	}
	var r contracts.ScheduleRequest
	var bad []contracts.FieldError
	missing := contracts.FieldError{Field: "mission", Code: "required", Message: "must be what POST /missions takes, without run_at and delay_seconds"}
	for _, m := range members {
		if len(bad) >= maxErrors {
			break
		}
		if m.Key == "mission" {
			missing = contracts.FieldError{}
			mission, err := strictjson.Object(m.Value, contracts.MaxJSONDepth)
			if err != nil {
				bad = append(bad, contracts.FieldError{Field: "mission", Code: "invalid", Message: err.Error()})
				continue
			}
			var wrong []contracts.FieldError
			r.Mission, wrong = missionOf(mission, now)
			for _, f := range wrong {
				bad = append(bad, f.Of("mission"))
			}
			continue
		}
		if wrong, is := decodeScheduleField(m, &r); is {
			bad = append(bad, wrong)
		}
	}
	if missing.Field != "" {
		bad = append(bad, missing)
	}
	if len(bad) == 0 {
		schedule.Normalize(&r)
		bad = schedule.Check(r)
	}
	if len(bad) > 0 {
		return r, &contracts.ValidationError{Fields: bad}
	}
	return r, nil
}

// decodeScheduleField reads one of the other fields onto r; or tells what is wrong with it.
func decodeScheduleField(m strictjson.Member, r *contracts.ScheduleRequest) (wrong contracts.FieldError, is bool) {
	want := aString
	var read bool
	switch m.Key {
	case "cron":
		read = decodeString(m.Value, &r.Cron)
	case "every_seconds":
		want, read = aNumber, decodeNumber(m.Value, &r.EverySeconds)
	case "time_zone":
		read = decodeString(m.Value, &r.TimeZone)
	case "missed":
		read = decodeString(m.Value, &r.Missed)
	case "overlap":
		read = decodeString(m.Value, &r.Overlap)
	case "paused":
		want, read = "true or false", decodeOptional(m.Value, &r.Paused)
	default:
		return unknownField(m.Key), true
	}
	return misread(m, m.Key, want, read)
}
