package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

func (s *Server) createMission(ctx context.Context, c *fiber.Ctx) error {
	body, err := jsonBody(c, contracts.MaxBodySize)
	if err != nil {
		return err
	}
	r, err := readMission(body, s.deps.Now().Time)
	if err != nil {
		return err
	}
	if err := s.gated([]contracts.MissionRequest{r}, func(int) string { return "concurrency_key" }); err != nil {
		return err
	}
	key, err := idempotency(c, body)
	if err != nil {
		return err
	}
	m, durable, err := s.deps.Submitter.Submit(ctx, r, key)
	if err != nil {
		return fmt.Errorf("submit mission: %w", err)
	}
	s.explain(&m)
	c.Set(fiber.HeaderLocation, "/missions/"+m.MissionID)
	return sendJSON(c, http.StatusAccepted, &missionView{Mission: m, Durable: durable})
}

func (s *Server) createMissions(ctx context.Context, c *fiber.Ctx) error {
	body, err := jsonBody(c, contracts.MaxBatchBodySize)
	if err != nil {
		return err
	}
	rs, err := readBatch(body, s.deps.Now().Time)
	if err != nil {
		return err
	}
	if err := s.gated(rs, func(i int) string { return contracts.BatchField(i) + ".concurrency_key" }); err != nil {
		return err
	}
	key, err := idempotency(c, body)
	if err != nil {
		return err
	}
	ms, durable, err := s.deps.Submitter.SubmitAll(ctx, rs, key)
	if err != nil {
		return fmt.Errorf("submit %d missions: %w", len(rs), err)
	}
	for i := range ms {
		ms[i] = ms[i].Brief()
		s.explain(&ms[i])
	}
	return sendJSON(c, http.StatusAccepted, &missionBatch{Missions: ms, Durable: durable})
}

func (s *Server) retryMission(ctx context.Context, c *fiber.Ctx) error {
	id, err := missionID(c)
	if err != nil {
		return err
	}
	if err := noBody(c); err != nil {
		return err
	}
	var m contracts.Mission
	if err := s.known(ctx, id, func() (err error) { m, err = s.deps.Missions.Retry(ctx, id); return err }); err != nil {
		return fmt.Errorf("retry mission %s: %w", id, err)
	}
	s.explain(&m)
	return sendJSON(c, http.StatusAccepted, &missionView{Mission: m})
}

func (s *Server) cancelMission(ctx context.Context, c *fiber.Ctx) error {
	id, err := missionID(c)
	if err != nil {
		return err
	}
	if err := noBody(c); err != nil {
		return err
	}
	var m contracts.Mission
	if err := s.known(ctx, id, func() (err error) { m, err = s.deps.Missions.Cancel(ctx, id); return err }); err != nil {
		return fmt.Errorf("cancel mission %s: %w", id, err)
	}
	return sendJSON(c, http.StatusAccepted, &missionView{Mission: m})
}

func (s *Server) getMission(ctx context.Context, c *fiber.Ctx) error {
	id, err := missionID(c)
	if err != nil {
		return err
	}
	var rec store.Record
	var from store.Source
	if err := s.known(ctx, id, func() (err error) { rec, from, err = s.deps.Store.Get(ctx, id); return err }); err != nil {
		return fmt.Errorf("get mission %s: %w", id, err)
	}
	v := &missionView{Mission: rec.Mission, Degraded: from.Degraded, AsOf: asOf(from)}
	if !from.Degraded {
		if why := s.deps.Limits.Why(ctx, rec.Mission); why != "" {
			v.StatusReason = why
		}
		if progressed(rec.Mission) {
			v.ProgressText = s.showProgress(ctx, &v.Mission)
		}
	}
	s.explain(&v.Mission)
	return sendJSON(c, http.StatusOK, v)
}

func (s *Server) getHistory(ctx context.Context, c *fiber.Ctx) error {
	id, err := missionID(c)
	if err != nil {
		return err
	}
	var h store.History
	if err := s.known(ctx, id, func() (err error) { h, err = s.deps.Store.History(ctx, id); return err }); err != nil {
		return fmt.Errorf("get history of mission %s: %w", id, err)
	}
	return sendJSON(c, http.StatusOK, historyView{
		History: orEmpty(h.Lines), Dropped: h.Dropped, Degraded: h.Source.Degraded, AsOf: asOf(h.Source),
	})
}

// known does what needs a mission. What the store does not have may have been accepted while it was away; if it does not wait
// any more, it may have been created since the store was asked.
func (s *Server) known(ctx context.Context, id string, do func() error) error {
	err := do()
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if s.deps.Submissions.Waiting(ctx, id) {
		return refusal{status: http.StatusServiceUnavailable, code: "not_created_yet", retryAfter: retrySoon,
			detail: "Missions that were accepted while Redis was away are being created, and this one may be among them. Ask again in a moment."}
	}
	return do()
}

func (s *Server) listMissions(ctx context.Context, c *fiber.Ctx) error {
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	page, err := s.deps.Store.List(ctx, q)
	if err != nil {
		return fmt.Errorf("list missions: %w", err)
	}
	list := &missionList{
		Missions: orEmpty(page.Missions), Complete: page.Complete, Degraded: page.Source.Degraded, AsOf: asOf(page.Source),
	}
	for i := range list.Missions {
		s.explain(&list.Missions[i])
	}
	if !page.Source.Degraded {
		s.showRunning(ctx, list.Missions)
	}
	if page.Next != "" {
		list.NextCursor = &page.Next
	}
	if page.Cut {
		list.Searched = contracts.SearchWindow
	}
	return sendJSON(c, http.StatusOK, list)
}

func readQuery(c *fiber.Ctx) (store.Query, error) {
	q := store.Query{Limit: contracts.DefaultListLimit}
	var bad []contracts.FieldError
	refuse := func(field, message string) {
		bad = append(bad, contracts.FieldError{Field: field, Code: "invalid", Message: message})
	}
	if v, ok := param(c, "status"); ok {
		if q.Status = contracts.Status(v); !q.Status.Valid() {
			refuse("status", fmt.Sprintf("must be one of %v", contracts.Statuses()))
		}
	}
	for name, to := range map[string]*string{"kind": &q.Kind, "squad": &q.Squad} {
		if v, ok := param(c, name); ok {
			if *to = v; !contracts.ValidToken(v) {
				refuse(name, "must be 1 to 64 of a-z, 0-9, '.', '_' and '-', starting with a letter or digit")
			}
		}
	}
	if v, ok := param(c, "label"); ok {
		label, err := contracts.ParseLabel(v)
		if invalid, wrong := errors.AsType[*contracts.ValidationError](err); wrong {
			bad = append(bad, invalid.Fields...)
		}
		q.Label = label
	}
	if v, ok := param(c, "q"); ok {
		q.Search = strings.TrimSpace(v)
		if n := utf8.RuneCountInString(q.Search); n < 1 || n > contracts.MaxSearchLength || !utf8.ValidString(v) ||
			strings.ContainsFunc(q.Search, unicode.IsControl) {
			refuse("q", fmt.Sprintf("must be a mission's id, or 1 to %d characters of a name's beginning", contracts.MaxSearchLength))
		}
	}
	if v, ok := param(c, "limit"); ok {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > contracts.MaxListLimit {
			refuse("limit", fmt.Sprintf("must be a whole number, 1 to %d", contracts.MaxListLimit))
		}
		q.Limit = n
	}
	if v, ok := param(c, "cursor"); ok {
		if q.Cursor = v; v == "" || len(v) > maxOpaque {
			refuse("cursor", "must be the next_cursor of a list; leave it out to begin anew")
		}
	}
	if bad != nil {
		return q, &contracts.ValidationError{Fields: bad}
	}
	return q, nil
}

// orEmpty makes an absent list an empty one in JSON.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
