package httpapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/mission-control-dev/mission-control/commander/internal/strictjson"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

// FuzzMissionBody: whatever the body, the answer is a mission within the limits or a refusal that names what is wrong;
// never an internal error.
func FuzzMissionBody(f *testing.F) {
	for _, body := range []string{
		`{"name":"n"}`, `{"name":" n ","kind":"simulate","payload":{"min_seconds":1,"max_seconds":2,"failure_rate":0.5,"seed":7}}`,
		`{"name":"n","priority":"normal","squad":"default","max_attempts":1,"timeout_seconds":60}`,
		`{"name":"n","priority":"high","labels":{"a":"b"},"run_at":"2030-01-01T00:00:00Z","max_attempts":3}`,
		`{"name":"n","labels":{"a":"b","":"x","a:b":"y","n":null,"o":{}}}`, `{"name":"n","labels":[]}`,
		`{"name":"n","retry":{"factor":1.5,"delay_seconds":null},"delay_seconds":7}`, `{"name":"n","retry":[],"run_at":"x"}`,
		`{"name":null,"kind":7,"payload":[],"timeout_seconds":1e400}`, `{"name":"n","name":"m"}`, `{"Name":"n"}`, `[]`, `{`, ``,
		`{"name":"\ud800"}`, `{"name":"a\u0000b"}`, `{"name":"n","payload":{"seed":99999999999999999999}}`,
	} {
		f.Add([]byte(body))
	}
	now := time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := readMission(body, now)
		if err != nil {
			wantNamed(t, body, err)
			return
		}
		if err := r.Validate(now); err != nil {
			t.Errorf("%q: accepted, and yet %v", body, err)
		}
		d := contracts.DefaultMissionRequest()
		if r.Priority != d.Priority || r.Squad != d.Squad {
			t.Errorf("%q: accepted what is not supported: %+v", body, r)
		}
		if _, err := strictjson.Canonical(body); err != nil {
			t.Errorf("%q: %v", body, err)
		}
	})
}

// wantNamed wants a refusal that says what is wrong.
func wantNamed(t *testing.T, body []byte, err error) {
	t.Helper()
	refused := refusalOf(err)
	switch refused.status {
	case http.StatusBadRequest:
	case http.StatusUnprocessableEntity:
		if len(refused.errors) == 0 {
			t.Errorf("%q: 422 names no field", body)
		}
		for _, e := range refused.errors {
			if e.Message == "" || e.Code == "" || len(e.Field) > 100 {
				t.Errorf("%q: %+v", body, e)
			}
		}
	default:
		t.Errorf("%q: %d %v", body, refused.status, err)
	}
}

// FuzzBatchBody: a batch is taken if each of its missions would be taken alone, and then as it would be; otherwise the
// refusal names the missions that would not.
func FuzzBatchBody(f *testing.F) {
	for _, body := range []string{
		`{"missions":[{"name":"n"},{"name":"m","labels":{"a":"b"}}]}`, `{"missions":[{"name":"n"},{"kind":"K"},7,{"name":"n","name":"n"}]}`,
		`{"missions":[]}`, `{"missions":{}}`, `{"missions":[null]}`, `{"missions":[{"name":"n"}],"x":1}`, `{}`, `[]`, `{"missions":[[[[]]]]}`,
	} {
		f.Add([]byte(body))
	}
	now := time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, body []byte) {
		rs, err := readBatch(body, now)
		if err != nil {
			wantNamed(t, body, err)
		} else if len(rs) < 1 || len(rs) > contracts.MaxBatchMissions {
			t.Errorf("%q: accepted %d missions", body, len(rs))
		}
		var sent struct{ Missions []json.RawMessage }
		if refusal := refusalOf(err); err != nil && (refusal.status != http.StatusUnprocessableEntity || json.Unmarshal(body, &sent) != nil) {
			return
		}
		if err == nil && json.Unmarshal(body, &sent) != nil {
			t.Fatalf("%q: accepted", body)
		}
		for i, one := range sent.Missions {
			alone, aloneErr := readMission(one, now)
			if err == nil && (aloneErr != nil || !reflect.DeepEqual(alone, rs[i])) {
				t.Errorf("%q: mission %d is %+v in the batch; alone %+v, %v", body, i, rs[i], alone, aloneErr)
			}
		}
	})
}

// FuzzRenewalBody: as FuzzMissionBody, for soldiers.
func FuzzRenewalBody(f *testing.F) {
	f.Add([]byte(`{"soldier_id":"s1","squads":["default"],"kinds":["simulate"],"slots":16,"version":"v1","running":[{"mission_id":"m","execution":"e","run":1}]}`))
	f.Add([]byte(`{"soldier_id":7,"running":{}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := readRenewal(body)
		if err == nil && r.Check() == nil {
			// What the commander takes can be told to it by the broker too.
			b, err := contracts.NewRenewalMessage("token", r).Encode()
			if err != nil {
				t.Fatalf("%q: %v", body, err)
			}
			if _, err := contracts.DecodeRenewalMessage(b); err != nil && r.Session != "" {
				t.Errorf("%q: %v", body, err)
			}
			return
		}
		if refused := refusalOf(err); refused.status != http.StatusBadRequest && refused.status != http.StatusUnprocessableEntity {
			t.Errorf("%q: %d %v", body, refused.status, err)
		}
	})
}

// query gives a request with this raw query and header to f, as fiber would.
func query(app *fiber.App, raw, header, value string, f func(c *fiber.Ctx)) {
	var fast fasthttp.RequestCtx
	fast.Request.URI().SetQueryString(raw)
	if value != "" {
		fast.Request.Header.Set(header, value)
	}
	c := app.AcquireCtx(&fast)
	defer app.ReleaseCtx(c)
	f(c)
}

// invalid wants a refusal that names its fields, and tells whether there was one.
func invalid(t *testing.T, what string, err error) bool {
	t.Helper()
	if err == nil {
		return false
	}
	if refused := refusalOf(err); refused.status != http.StatusUnprocessableEntity || len(refused.errors) == 0 {
		t.Errorf("%q: %d %v", what, refused.status, err)
	}
	return true
}

// FuzzListQuery: whatever the query, GET /missions has a page or a refusal that names the parameter. A cursor that no
// list gave is one.
func FuzzListQuery(f *testing.F) {
	for _, raw := range []string{
		"", "limit=1", "limit=200&status=QUEUED&kind=simulate&squad=default", "limit=0", "limit=%31", "limit=1&limit=2", "cursor=",
		"cursor=0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b", "cursor=x", "cursor=%00", "q=a", "label=a:b", "nothing=1", "status=queued", "%zz=%zz", "kind=%ff",
	} {
		f.Add(raw)
	}
	app, s := fiber.New(), memstore.New(memstore.Config{})
	r := route{params: []string{"status", "kind", "squad", "label", "q", "limit", "cursor"}}
	f.Fuzz(func(t *testing.T, raw string) {
		query(app, raw, "", "", func(c *fiber.Ctx) {
			if invalid(t, raw, checkParams(c, r)) {
				return
			}
			q, err := readQuery(c)
			if invalid(t, raw, err) {
				return
			}
			if q.Limit < 1 || q.Limit > contracts.MaxListLimit || q.Status != "" && !q.Status.Valid() {
				t.Errorf("%q: %+v", raw, q)
			}
			if _, err := s.List(t.Context(), q); err != nil {
				invalid(t, raw, err)
			}
		})
	})
}

// FuzzEventsQuery: whatever a client wants to resume from, it is served from there, or told that it must list again.
func FuzzEventsQuery(f *testing.F) {
	for _, seed := range [][2]string{
		{"", ""}, {"", "7"}, {"mission_id=0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b", "0-0"}, {"mission_id=x", ""}, {"last_event_id=3", ""},
		{"last_event_id=3", "4"}, {"topics=squads,stats", ""}, {"topics=", ""}, {"topics=,,", ""},
		{"per_second=50&watch=0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b&watch=0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5c", "7"}, {"per_second=0", ""}, {"watch=", ""},
		{"last_event_id=%ff", ""}, {"", "9223372036854775808"}, {"", "-1"}, {"", strings.Repeat("1", maxOpaque+1)},
	} {
		f.Add(seed[0], seed[1])
	}
	app, s := fiber.New(), memstore.New(memstore.Config{})
	topics := []string{"stats", "soldiers", "health", "squads"}
	r := route{params: []string{"mission_id", "watch", "topics", "per_second", "last_event_id"}, repeated: []string{"watch"}}
	f.Fuzz(func(t *testing.T, raw, last string) {
		query(app, raw, headerLastEventID, last, func(c *fiber.Ctx) {
			if invalid(t, raw, checkParams(c, r)) {
				return
			}
			req, err := readStream(c, topics)
			if invalid(t, raw+" "+last, err) {
				return
			}
			if len(req.Watch) > maxWatched || req.PerSecond < 0 || req.PerSecond > maxPerSecond || len(req.Topics) == 0 || len(req.LastEventID) > maxOpaque || req.MissionID != "" && !contracts.ValidMissionID(req.MissionID) {
				t.Errorf("%q, %q: %+v", raw, last, req)
			}
			if _, err := s.ReadEvents(t.Context(), req.LastEventID, 1, 0); err != nil && !errors.Is(err, store.ErrEventsTrimmed) {
				t.Errorf("%q, %q: %v", raw, last, err)
			}
		})
	})
}

// FuzzIdempotencyKey: a key is taken as it is or refused, and bodies that are the same JSON have the same hash.
func FuzzIdempotencyKey(f *testing.F) {
	f.Add("key-1", []byte(`{"name":"n","payload":{"b":1,"a":[1.0,"\u00e9"]}}`))
	f.Add("a key", []byte(`{"name":"n"}`))
	f.Add(strings.Repeat("k", maxIdempotencyKey+1), []byte(`{ "name" : "n" }`))
	app := fiber.New()
	f.Fuzz(func(t *testing.T, key string, body []byte) {
		canonical, err := strictjson.Canonical(body)
		if err != nil {
			return // such a body is refused before
		}
		query(app, "", headerIdempotencyKey, key, func(c *fiber.Ctx) {
			got, err := idempotency(c, body)
			if invalid(t, key, err) {
				return
			}
			if got == nil {
				if key != "" {
					t.Errorf("%q was left out", key)
				}
				return
			}
			if len(got.Key) > maxIdempotencyKey || strings.ContainsFunc(got.Key, func(r rune) bool { return r < '!' || r > '~' }) {
				t.Errorf("took the key %q", got.Key)
			}
			same, err := idempotency(c, canonical)
			if err != nil || same.BodyHash != got.BodyHash || same.Key != got.Key {
				t.Errorf("%q: the same body is another: %v %v", body, same, err)
			}
		})
	})
}
