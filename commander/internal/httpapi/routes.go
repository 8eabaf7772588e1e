package httpapi

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/utils"
	"github.com/google/uuid"

	"github.com/mission-control-dev/mission-control/commander/internal/setaside"
)

// access says who may call a route.
type access int

const (
	forClients   access = iota // the API key, where one is set
	forEverybody               // no key
	forSoldiers                // the enrolment key
)

// route is one call of the contract.
type route struct {
	method string
	// path is fiber's template, and the label in metrics.
	path   string
	access access
	// params are the query parameters that it knows.
	params []string
	// repeated are those of them that may stand more than once.
	repeated []string
	handle   func(ctx context.Context, c *fiber.Ctx) error
	// within bounds the work for a request that may be large; the usual bound where it is 0.
	within time.Duration
	// swift: all that it asks bounds its own time, to less than the usual bound, and a timer would be a tenth of its work.
	swift bool
}

// routes is the whole interface, in the contract's order. Fixed paths stand before templates that they fit.
func (s *Server) routes() []route {
	get, post, put, del := fiber.MethodGet, fiber.MethodPost, fiber.MethodPut, fiber.MethodDelete
	return []route{
		{method: post, path: "/missions", handle: s.createMission},
		{method: get, path: "/missions", handle: s.listMissions,
			params: []string{"status", "kind", "squad", "label", "q", "limit", "cursor"}},
		{method: post, path: "/missions/batch", handle: s.createMissions, within: batchLimit},
		{method: get, path: "/missions/export", handle: s.exportMissions, params: []string{"status", "kind", "squad", "label", "q"}},
		{method: get, path: "/missions/:mission_id", handle: s.getMission, swift: true},
		{method: del, path: "/missions/:mission_id", handle: s.purgeMission},
		{method: get, path: "/missions/:mission_id/history", handle: s.getHistory},
		{method: get, path: "/missions/:mission_id/logs", handle: s.getLogs, params: []string{"after", "limit"}},
		{method: post, path: "/missions/:mission_id/cancel", handle: s.cancelMission},
		{method: post, path: "/missions/:mission_id/retry", handle: s.retryMission},
		{method: post, path: "/bulk", handle: s.orderBulk},
		{method: get, path: "/bulk", handle: s.listBulk},
		{method: post, path: "/bulk/preview", handle: s.previewBulk},
		{method: get, path: "/bulk/:id", handle: s.getBulk},
		{method: post, path: "/bulk/:id/stop", handle: s.stopBulk},
		{method: get, path: "/schedules", handle: s.listSchedules},
		{method: get, path: "/schedules/:name", handle: s.getSchedule},
		{method: put, path: "/schedules/:name", handle: s.putSchedule},
		{method: del, path: "/schedules/:name", handle: s.deleteSchedule},
		{method: post, path: "/schedules/:name/pause", handle: s.pauseSchedule},
		{method: post, path: "/schedules/:name/resume", handle: s.resumeSchedule},
		{method: post, path: "/schedules/:name/run", handle: s.runSchedule},
		{method: get, path: "/events", handle: s.streamEvents,
			params: []string{"mission_id", "watch", "topics", "per_second", "last_event_id"}, repeated: []string{"watch"}},
		{method: get, path: "/stats", handle: s.getStats},
		{method: get, path: "/stats/history", handle: s.getStatsHistory, params: []string{"range"}},
		{method: get, path: "/failures", handle: s.listFailures, params: []string{"range"}},
		{method: get, path: "/attention", handle: s.getAttention},
		{method: get, path: "/soldiers", handle: s.listSoldiers},
		{method: post, path: "/soldiers/:soldier_id/drain", handle: s.drainSoldier},
		{method: get, path: "/limits", handle: s.listLimits},
		{method: get, path: "/limits/:key", handle: s.getLimit},
		{method: fiber.MethodPut, path: "/limits/:key", handle: s.putLimit},
		{method: del, path: "/limits/:key", handle: s.deleteLimit},
		{method: get, path: "/squads", handle: s.listSquads},
		{method: get, path: "/squads/:squad", handle: s.getSquad},
		{method: del, path: "/squads/:squad", handle: s.changeSquad(s.removeSquad)},
		{method: fiber.MethodPut, path: "/squads/:squad/limits", handle: s.putSquadLimit},
		{method: del, path: "/squads/:squad/limits", handle: s.changeSquad(s.removeSquadLimit)},
		{method: post, path: "/squads/:squad/pause", handle: s.changeSquad(s.deps.Squads.Pause)},
		{method: post, path: "/squads/:squad/resume", handle: s.changeSquad(s.deps.Squads.Resume)},
		{method: get, path: "/set-aside", handle: s.listSetAside, within: setAsideLimit, params: []string{"queue", "reason", "limit"}},
		{method: del, path: "/set-aside", handle: s.actOnMany(setaside.Drop), within: setAsideLimit, params: []string{"queue", "reason"}},
		{method: post, path: "/set-aside/resend", handle: s.actOnMany(setaside.Resend), within: setAsideLimit,
			params: []string{"queue", "reason"}},
		{method: del, path: "/set-aside/:id", handle: s.actOnOne(setaside.Drop), within: setAsideLimit},
		{method: post, path: "/set-aside/:id/resend", handle: s.actOnOne(setaside.Resend), within: setAsideLimit},
		{method: get, path: "/health", handle: s.getHealth, access: forEverybody},
		{method: get, path: "/health/live", handle: s.getLiveness, access: forEverybody},
		{method: get, path: "/health/ready", handle: s.getReadiness, access: forEverybody},
		{method: post, path: "/tokens", handle: s.renewToken, access: forSoldiers},
		{method: get, path: "/.well-known/jwks.json", handle: s.getJWKS, access: forEverybody},
		{method: get, path: "/metrics", handle: s.getMetrics},
		{method: get, path: "/openapi.yaml", handle: s.getContract},
		{method: get, path: "/docs", handle: s.getDocs},
	}
}

// What around and serve leave for others in the fiber.Ctx.
const (
	requestKey = "request" // the request's id
	routeKey   = "route"   // the route's template
)

// unmatched is the route label of what no route takes: paths would be too many labels.
const unmatched = "unmatched"

// around does what every request needs, known path or not.
func (s *Server) around(c *fiber.Ctx) (err error) {
	began := time.Now()
	identify(c)
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	defer func() {
		if p := recover(); p != nil {
			err = panicError{value: p, stack: debug.Stack()}
		}
		if err != nil {
			err = s.refuse(c, err)
		}
		label, ok := c.Locals(routeKey).(string)
		if !ok {
			label = unmatched
		}
		// The metrics keep it, and fiber's string lies in a buffer that the next request overwrites.
		s.deps.Metrics.Request(utils.CopyString(c.Method()), label, c.Response().StatusCode(), time.Since(began))
	}()
	if err := s.hosts.checkHost(c); err != nil {
		return err
	}
	if !s.public[c.Path()] {
		if err := s.keys.checkClient(c); err != nil {
			return err
		}
	}
	return c.Next()
}

// identify gives the request an id, once.
func identify(c *fiber.Ctx) string {
	if id, ok := c.Locals(requestKey).(string); ok {
		return id
	}
	id := newRequestID()
	c.Locals(requestKey, id)
	c.Set(fiber.HeaderXRequestID, id)
	return id
}

// newRequestID returns a random UUID. It is no secret, so it need not cost a system call.
func newRequestID() string {
	var id uuid.UUID
	binary.NativeEndian.PutUint64(id[:8], rand.Uint64())
	binary.NativeEndian.PutUint64(id[8:], rand.Uint64())
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // version 4, as RFC 9562 has it
	return id.String()
}

// serve checks what a route asks for, and calls its handler.
func (s *Server) serve(r route) fiber.Handler {
	return func(c *fiber.Ctx) error {
		c.Locals(routeKey, r.path)
		if r.access == forSoldiers {
			if err := s.keys.checkSoldier(c); err != nil {
				return err
			}
		}
		if r.method != fiber.MethodGet {
			if err := s.hosts.checkOrigin(c); err != nil {
				return err
			}
		}
		if err := checkParams(c, r); err != nil {
			return err
		}
		if r.swift {
			return r.handle(s.base, c)
		}
		ctx, cancel := context.WithTimeout(s.base, max(r.within, requestLimit))
		defer cancel()
		return r.handle(ctx, c)
	}
}
