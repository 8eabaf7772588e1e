package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/mission-control-dev/mission-control/commander/internal/bulk"
	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/commander/internal/strictjson"
	"github.com/mission-control-dev/mission-control/contracts"
)

// bulkView is a bulk job as it was read.
type bulkView struct {
	contracts.BulkJob
	Degraded bool           `json:"degraded,omitempty"`
	AsOf     contracts.Time `json:"as_of,omitzero"`
}

// bulkList is all bulk jobs that are kept.
type bulkList struct {
	Jobs     []contracts.BulkJob `json:"jobs"`
	Degraded bool                `json:"degraded"`
	AsOf     contracts.Time      `json:"as_of,omitzero"`
}

func (s *Server) purgeMission(ctx context.Context, c *fiber.Ctx) error {
	id, err := missionID(c)
	if err != nil {
		return err
	}
	if err := noBody(c); err != nil {
		return err
	}
	if err := s.known(ctx, id, func() error { return s.deps.Missions.Purge(ctx, id) }); err != nil {
		return err
	}
	return c.SendStatus(http.StatusNoContent)
}

func (s *Server) orderBulk(ctx context.Context, c *fiber.Ctx) error {
	r, err := readBulk(c)
	if err != nil {
		return err
	}
	job, err := s.deps.Bulk.Order(ctx, r)
	if err != nil {
		return fmt.Errorf("order bulk job: %w", err)
	}
	c.Set(fiber.HeaderLocation, "/bulk/"+job.ID)
	return sendJSON(c, http.StatusAccepted, job)
}

func (s *Server) previewBulk(ctx context.Context, c *fiber.Ctx) error {
	r, err := readBulk(c)
	if err != nil {
		return err
	}
	p, err := s.deps.Bulk.Preview(ctx, r)
	if err != nil {
		return fmt.Errorf("preview bulk job: %w", err)
	}
	return sendJSON(c, http.StatusOK, p)
}

func (s *Server) allBulk(ctx context.Context) (bulkList, error) {
	jobs, from, err := s.deps.Bulk.List(ctx)
	return bulkList{Jobs: orEmpty(jobs), Degraded: from.Degraded, AsOf: asOf(from)}, err
}

func (s *Server) listBulk(ctx context.Context, c *fiber.Ctx) error {
	out, err := s.allBulk(ctx)
	if err != nil {
		return err
	}
	return sendJSON(c, http.StatusOK, out)
}

func (s *Server) getBulk(ctx context.Context, c *fiber.Ctx) error {
	job, from, err := s.deps.Bulk.Job(ctx, strings.Clone(c.Params("id")))
	if err != nil {
		return err
	}
	return sendJSON(c, http.StatusOK, bulkView{BulkJob: job, Degraded: from.Degraded, AsOf: asOf(from)})
}

func (s *Server) stopBulk(ctx context.Context, c *fiber.Ctx) error {
	if err := noBody(c); err != nil {
		return err
	}
	job, err := s.deps.Bulk.Stop(ctx, strings.Clone(c.Params("id")))
	if err != nil {
		return err
	}
	return sendJSON(c, http.StatusAccepted, job)
}

// readBulk reads the body of POST /bulk: valid, or a ValidationError that names all that is wrong.
func readBulk(c *fiber.Ctx) (contracts.BulkRequest, error) {
	body, err := jsonBody(c, contracts.MaxBodySize)
	if err != nil {
		return contracts.BulkRequest{}, err
	}
	members, err := object(body)
	if err != nil {
		return contracts.BulkRequest{}, err
	}
	r, bad := bulkOf(members)
	if invalid, ok := errors.AsType[*contracts.ValidationError](r.Validate()); ok {
		for _, f := range invalid.Fields {
			// What could not be read is empty, of which nothing more is to be said.
			if !slices.ContainsFunc(bad, func(b contracts.FieldError) bool {
				return b.Field == f.Field || f.Field == "filter" && strings.HasPrefix(b.Field, "filter.")
			}) {
				bad = append(bad, f)
			}
		}
	}
	if len(bad) > 0 {
		return r, &contracts.ValidationError{Fields: bad[:min(len(bad), maxErrors)]}
	}
	return r, nil
}

func bulkOf(members []strictjson.Member) (contracts.BulkRequest, []contracts.FieldError) {
	var r contracts.BulkRequest
	var bad []contracts.FieldError
	for _, m := range members {
		if len(bad) >= maxErrors {
			break
		}
		want := aString
		var read bool
		switch m.Key {
		case "action":
			read = decodeString(m.Value, &r.Action)
		case "reason":
			read = decodeString(m.Value, &r.Reason)
			r.Reason = strings.TrimSpace(r.Reason)
		case "all":
			want, read = "true or false", json.Unmarshal(m.Value, &r.All) == nil
		case "filter":
			var wrong []contracts.FieldError
			r.Filter, wrong = bulkFilterOf(m.Value)
			bad = append(bad, wrong...)
			continue
		default:
			bad = append(bad, unknownField(m.Key))
			continue
		}
		if wrong, is := misread(m, m.Key, want, read); is {
			bad = append(bad, wrong)
		}
	}
	return r, bad
}

// bulkFilterOf reads a filter. An empty text is no filter, and surely a mistake.
func bulkFilterOf(value json.RawMessage) (contracts.BulkFilter, []contracts.FieldError) {
	var f contracts.BulkFilter
	members, err := strictjson.Object(value, contracts.MaxJSONDepth)
	if err != nil {
		return f, []contracts.FieldError{{Field: "filter", Code: "invalid", Message: err.Error()}}
	}
	var status string
	fields := map[string]*string{"status": &status, "kind": &f.Kind, "squad": &f.Squad, "label": &f.Label, "q": &f.Query}
	var bad []contracts.FieldError
	for _, m := range members {
		if len(bad) >= maxErrors {
			break
		}
		to, known := fields[m.Key]
		if !known {
			bad = append(bad, unknownField("filter."+m.Key))
			continue
		}
		wrong, is := misread(m, "filter."+m.Key, aString, decodeString(m.Value, to))
		if m.Key == "q" {
			*to = strings.TrimSpace(*to)
		}
		if !is && *to == "" {
			wrong, is = contracts.FieldError{Field: "filter." + m.Key, Code: "invalid", Message: "is empty; leave it out to filter nothing by it"}, true
		}
		if is {
			bad = append(bad, wrong)
		}
	}
	f.Status = contracts.Status(status)
	return f, bad
}

// bulkRefusal is what bulk jobs, and the removal of missions, are refused for.
func bulkRefusal(err error) (refusal, bool) {
	var adoptable *mission.AdoptableError
	switch {
	case errors.As(err, &adoptable):
		return refusal{status: http.StatusConflict, code: "may_be_adopted",
			detail: fmt.Sprintf("Mission %s is older than what Redis has: from what soldiers and RabbitMQ know of it, it would come back and be carried out again. Remove it after %s.",
				adoptable.MissionID, adoptable.Until.UTC().Format(time.RFC3339))}, true
	case errors.Is(err, bulk.ErrNotFound):
		return refusal{status: http.StatusNotFound, code: "not_found",
			detail: "There is no bulk job with that id, or it is not kept any more. Look it up with GET /bulk."}, true
	case errors.Is(err, bulk.ErrTooMany):
		return refusal{status: http.StatusConflict, code: "too_many_jobs",
			detail: "As many bulk jobs wait as may. Stop some (POST /bulk/{id}/stop), or order this one once others have ended: see GET /bulk."}, true
	}
	return refusal{}, false
}
