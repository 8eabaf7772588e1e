package httpapi

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mission-control-dev/mission-control/contracts"
)

// TestEveryLimitIsRefusedByName: each limit of the interface, one step beyond it. The refusal names the field, and the
// limit where there is a number.
func TestEveryLimitIsRefusedByName(t *testing.T) {
	s := newTestServer(t, Config{})
	deep := func(n int) string { return strings.Repeat(`[`, n) + strings.Repeat(`]`, n) }
	payload := func(size int) string { // of exactly size bytes
		return fmt.Sprintf(`{"a":"%s"}`, strings.Repeat("x", size-len(`{"a":""}`)))
	}
	long := strings.Repeat("n", 200)
	body := func(fields string) string { return `{"name":"n",` + fields + `}` }
	for _, c := range []struct {
		name, body  string
		status      int
		code, field string // of the problem, and of its first error
		fieldCode   string
		limit       string // named in the message
	}{
		{"name absent", `{}`, 422, "invalid", "name", "required", "200"},
		{"name empty", `{"name":""}`, 422, "invalid", "name", "required", "200"},
		{"name blank", `{"name":" \t\n "}`, 422, "invalid", "name", "required", "200"},
		{"name long", `{"name":"` + long + `n"}`, 422, "invalid", "name", "too_long", "200"},
		{"name long in characters", `{"name":"` + strings.Repeat("é", 201) + `"}`, 422, "invalid", "name", "too_long", "200"},
		{"name with line break", `{"name":"a\nb"}`, 422, "invalid", "name", "invalid", "control"},
		{"name with NUL", `{"name":"a\u0000b"}`, 422, "invalid", "name", "invalid", "control"},
		{"name with C1 control", `{"name":"a\u0085b"}`, 422, "invalid", "name", "invalid", "control"},
		{"name a number", `{"name":7}`, 422, "invalid", "name", "invalid", "a string"},
		{"name null", `{"name":null}`, 422, "invalid", "name", "invalid", "null"},
		{"kind empty", body(`"kind":""`), 422, "invalid", "kind", "invalid", "64"},
		{"kind long", body(`"kind":"` + strings.Repeat("k", 65) + `"`), 422, "invalid", "kind", "invalid", "64"},
		{"kind in capitals", body(`"kind":"Simulate"`), 422, "invalid", "kind", "invalid", "a-z"},
		{"kind starts with a point", body(`"kind":".x"`), 422, "invalid", "kind", "invalid", "starting"},
		{"squad with a space", body(`"squad":"a b"`), 422, "invalid", "squad", "invalid", "64"},
		{"payload a list", body(`"payload":[]`), 422, "invalid", "payload", "invalid", "object"},
		{"payload a string", body(`"payload":"{}"`), 422, "invalid", "payload", "invalid", "object"},
		{"payload null", body(`"payload":null`), 422, "invalid", "payload", "invalid", "null"},
		{"payload large", body(`"kind":"k","payload":` + payload(256<<10+1)), 422, "invalid", "payload", "too_large", "262144"},
		{"simulate too slow", body(`"payload":{"max_seconds":86401}`), 422, "invalid", "payload.max_seconds", "invalid", "86400"},
		{"simulate backwards", body(`"payload":{"min_seconds":3,"max_seconds":2}`), 422, "invalid", "payload.max_seconds", "too_small", "min_seconds"},
		{"simulate negative", body(`"payload":{"min_seconds":-1}`), 422, "invalid", "payload.min_seconds", "invalid", "86400"},
		{"simulate rate", body(`"payload":{"failure_rate":1.5}`), 422, "invalid", "payload.failure_rate", "invalid", "0 to 1"},
		{"simulate unknown", body(`"payload":{"minutes":1}`), 422, "invalid", "payload", "invalid", "minutes"},
		{"simulate seed", body(`"payload":{"seed":1.5}`), 422, "invalid", "payload", "invalid", "seed"},
		{"timeout zero", body(`"timeout_seconds":0`), 422, "invalid", "timeout_seconds", "too_small", "86400"},
		{"timeout negative", body(`"timeout_seconds":-5`), 422, "invalid", "timeout_seconds", "too_small", "86400"},
		{"timeout long", body(`"timeout_seconds":86401`), 422, "invalid", "timeout_seconds", "too_large", "86400"},
		{"timeout fraction", body(`"timeout_seconds":1.5`), 422, "invalid", "timeout_seconds", "invalid", "whole number"},
		{"timeout huge", body(`"timeout_seconds":1e99`), 422, "invalid", "timeout_seconds", "invalid", "whole number"},
		{"timeout string", body(`"timeout_seconds":"60"`), 422, "invalid", "timeout_seconds", "invalid", "whole number"},
		{"attempts zero", body(`"max_attempts":0`), 422, "invalid", "max_attempts", "too_small", "100"},
		{"attempts many", body(`"max_attempts":101`), 422, "invalid", "max_attempts", "too_large", "100"},
		{"retry a number", body(`"retry":5`), 422, "invalid", "retry", "invalid", "object"},
		{"retry null", body(`"retry":null`), 422, "invalid", "retry", "invalid", "null"},
		{"retry unknown", body(`"retry":{"delay":5}`), 422, "invalid", "retry.delay", "unknown", "leave it out"},
		{"retry delay negative", body(`"retry":{"delay_seconds":-1}`), 422, "invalid", "retry.delay_seconds", "too_small", "86400"},
		{"retry delay long", body(`"retry":{"delay_seconds":86401}`), 422, "invalid", "retry.delay_seconds", "too_large", "86400"},
		{"retry delay null", body(`"retry":{"delay_seconds":null}`), 422, "invalid", "retry.delay_seconds", "invalid", "null"},
		{"retry delay fraction", body(`"retry":{"delay_seconds":1.5}`), 422, "invalid", "retry.delay_seconds", "invalid", "whole number"},
		{"retry factor small", body(`"retry":{"factor":0.5}`), 422, "invalid", "retry.factor", "invalid", "1 to 10"},
		{"retry factor large", body(`"retry":{"factor":10.5}`), 422, "invalid", "retry.factor", "invalid", "1 to 10"},
		{"retry factor fine", body(`"retry":{"factor":1.005}`), 422, "invalid", "retry.factor", "invalid", "two decimals"},
		{"retry factor string", body(`"retry":{"factor":"2"}`), 422, "invalid", "retry.factor", "invalid", "a number"},
		{"retry factor huge", body(`"retry":{"factor":1e999}`), 422, "invalid", "retry.factor", "invalid", "a number"},
		{"retry maximum long", body(`"retry":{"max_delay_seconds":604801}`), 422, "invalid", "retry.max_delay_seconds", "too_large", "604800"},
		{"retry maximum below", body(`"retry":{"delay_seconds":9,"max_delay_seconds":8}`), 422, "invalid", "retry.max_delay_seconds", "too_small", "9"},
		{"run_at no time", body(`"run_at":"tomorrow"`), 422, "invalid", "run_at", "invalid", "RFC 3339"},
		{"run_at a number", body(`"run_at":0`), 422, "invalid", "run_at", "invalid", "RFC 3339"},
		{"run_at null", body(`"run_at":null`), 422, "invalid", "run_at", "invalid", "null"},
		{"run_at far", body(`"run_at":"2999-01-01T00:00:00Z"`), 422, "invalid", "run_at", "too_large", "366"},
		{"unique key empty", body(`"unique_key":""`), 422, "invalid", "unique_key", "invalid", "not empty"},
		{"unique key long", body(`"unique_key":"` + long + `n"`), 422, "invalid", "unique_key", "too_long", "200"},
		{"unique key with a tab", body(`"unique_key":"a\tb"`), 422, "invalid", "unique_key", "invalid", "printable"},
		{"unique key null", body(`"unique_key":null`), 422, "invalid", "unique_key", "invalid", "null"},
		{"deadline passed", body(`"deadline_at":"2020-01-01T00:00:00Z"`), 422, "invalid", "deadline_at", "too_small", "ahead"},
		{"deadline no time", body(`"deadline_at":"soon"`), 422, "invalid", "deadline_at", "invalid", "a time"},
		{"deadline zero", body(`"deadline_seconds":0`), 422, "invalid", "deadline_seconds", "too_small", "31622400"},
		{"deadline before the start", body(`"delay_seconds":9,"deadline_seconds":9`), 422, "invalid", "deadline_seconds", "too_small", "after"},
		{"deadline twice", body(`"deadline_at":"2020-01-01T00:00:00Z","deadline_seconds":9`), 422, "invalid", "deadline_seconds", "invalid", "deadline_at"},
		{"delay zero", body(`"delay_seconds":0`), 422, "invalid", "delay_seconds", "too_small", "31622400"},
		{"delay long", body(`"delay_seconds":31622401`), 422, "invalid", "delay_seconds", "too_large", "31622400"},
		{"delay a string", body(`"delay_seconds":"5"`), 422, "invalid", "delay_seconds", "invalid", "whole number"},
		{"delay null", body(`"delay_seconds":null`), 422, "invalid", "delay_seconds", "invalid", "null"},
		{"delay and run_at", body(`"delay_seconds":5,"run_at":"2020-01-01T00:00:00Z"`), 422, "invalid", "delay_seconds", "invalid", "run_at"},
		{"priority unknown", body(`"priority":"urgent"`), 422, "invalid", "priority", "invalid", "low, normal or high"},
		{"priority null", body(`"priority":null`), 422, "invalid", "priority", "invalid", "null"},
		{"labels a list", body(`"labels":["a"]`), 422, "invalid", "labels", "invalid", "object"},
		{"labels null", body(`"labels":null`), 422, "invalid", "labels", "invalid", "null"},
		{"label a number", body(`"labels":{"a":1}`), 422, "invalid", "labels.a", "invalid", "a string"},
		{"label null", body(`"labels":{"a":null}`), 422, "invalid", "labels.a", "invalid", "a string"},
		{"label without a key", body(`"labels":{"":"x"}`), 422, "invalid", "labels.", "invalid", "64"},
		{"label key with a colon", body(`"labels":{"a:b":"x"}`), 422, "invalid", "labels.a:b", "invalid", "':'"},
		{"label key with a control", body(`"labels":{"a\u0001":"x"}`), 422, "invalid", "labels.a\x01", "invalid", "control"},
		{"label key long", body(`"labels":{"` + strings.Repeat("é", 33) + `":"x"}`), 422, "invalid", "labels." + strings.Repeat("é", 32) + "...", "too_long", "64"},
		{"label long", body(`"labels":{"a":"` + strings.Repeat("é", 129) + `"}`), 422, "invalid", "labels.a", "too_long", "256"},
		{"labels many", body(`"labels":{` + manyLabels(21) + `}`), 422, "invalid", "labels", "too_large", "20"},
		{"unknown field", body(`"title":"n"`), 422, "invalid", "title", "unknown", "leave it out"},
		{"field in capitals", body(`"Kind":"simulate"`), 422, "invalid", "Kind", "unknown", "leave it out"},
		{"field of the answer", body(`"status":"COMPLETED"`), 422, "invalid", "status", "unknown", "leave it out"},

		{"no object", `["name"]`, 422, "invalid", "body", "invalid", "an array"},
		{"a string", `"name"`, 422, "invalid", "body", "invalid", "a string"},
		{"null", `null`, 422, "invalid", "body", "invalid", "null"},

		{"syntax", `{"name":"n"`, 400, "invalid_json", "", "", ""},
		{"duplicate key", `{"name":"n","name":"m"}`, 400, "invalid_json", "", "", ""},
		{"duplicate key, escaped", `{"name":"n","n\u0061me":"m"}`, 400, "invalid_json", "", "", ""},
		{"duplicate key within", body(`"kind":"k","payload":{"a":[{"b":1,"b":2}]}`), 400, "invalid_json", "", "", ""},
		{"trailing", `{"name":"n"}{}`, 400, "invalid_json", "", "", ""},
		{"deep", body(`"kind":"k","payload":{"a":` + deep(63) + `}`), 400, "invalid_json", "", "", ""},
		{"UTF-8", "{\"name\":\"\xff\"}", 400, "invalid_json", "", "", ""},
		{"lone surrogate", `{"name":"\ud800"}`, 400, "invalid_json", "", "", ""},
		{"byte order mark", "\ufeff" + `{"name":"n"}`, 400, "invalid_json", "", "", ""},
		{"comment", `{"name":"n"/*x*/}`, 400, "invalid_json", "", "", ""},
		{"NaN", body(`"payload":{"seed":NaN}`), 400, "invalid_json", "", "", ""},
		{"large", `{"name":"n"}` + strings.Repeat(" ", 1<<20), 413, "body_too_large", "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := s.do("POST", "/missions", c.body)
			p := a.problem(t)
			if a.status != c.status || p.Code != c.code {
				t.Fatalf("%d %s, want %d %s: %s", a.status, p.Code, c.status, c.code, a.body)
			}
			if c.field == "" {
				return
			}
			if len(p.Errors) == 0 || p.Errors[0].Field != c.field || p.Errors[0].Code != c.fieldCode ||
				!strings.Contains(p.Errors[0].Message, c.limit) {
				t.Errorf("errors %+v, want field %s, code %s, a message with %q", p.Errors, c.field, c.fieldCode, c.limit)
			}
		})
	}
	for name, fields := range map[string]string{
		"name at its limit":     `"name":"` + strings.Repeat("é", 200) + `"`,
		"name trimmed":          `"name":"  ` + long + `  "`,
		"payload at its limit":  `"name":"n","kind":"k","payload":` + payload(256<<10),
		"payload with space":    `"name":"n","kind":"k","payload":` + payload(256<<10-1) + strings.Repeat(" ", 1000),
		"depth at its limit":    `"name":"n","kind":"k","payload":{"a":` + deep(62) + `}`,
		"timeout at its limit":  `"name":"n","timeout_seconds":86400`,
		"surrogate pair":        `"name":"\ud83d\ude80"`,
		"kind at its limit":     `"name":"n","kind":"` + strings.Repeat("k", 64) + `"`,
		"priority high":         `"name":"n","priority":"high"`,
		"priority low":          `"name":"n","priority":"low"`,
		"defaults by name":      `"name":"n","priority":"normal","squad":"default","max_attempts":1`,
		"no labels":             `"name":"n","labels":{}`,
		"attempts at the limit": `"name":"n","max_attempts":100`,
		"retry of nothing":      `"name":"n","retry":{}`,
		"retry at its limits":   `"name":"n","retry":{"delay_seconds":86400,"factor":10,"max_delay_seconds":604800}`,
		"retry at once":         `"name":"n","retry":{"delay_seconds":0,"factor":1.25}`,
		"run_at long ago":       `"name":"n","run_at":"2020-01-01T00:00:00+01:00"`,
		"delay at its limit":    `"name":"n","delay_seconds":31622400`,
		"labels at their limit": `"name":"n","labels":{"` + strings.Repeat("é", 32) + `":"` + strings.Repeat("é", 128) + `",` + manyLabels(19) + `}`,
		"a label of nothing":    `"name":"n","labels":{"a":""}`,
	} {
		if a := s.do("POST", "/missions", `{`+fields+`}`); a.status != http.StatusAccepted {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
}

// manyLabels are the members of a labels object.
func manyLabels(n int) string {
	labels := make([]string, n)
	for i := range labels {
		labels[i] = fmt.Sprintf(`"k%d":"v"`, i)
	}
	return strings.Join(labels, ",")
}

func TestAllErrorsAreNamedAtOnce(t *testing.T) {
	s := newTestServer(t, Config{})
	p := s.do("POST", "/missions", `{"kind":"K","timeout_seconds":"x","color":"red","run_at":0,"payload":{"failure_rate":2}}`).problem(t)
	var got []string
	for _, e := range p.Errors {
		got = append(got, e.Field+" "+e.Code)
	}
	want := []string{
		"timeout_seconds invalid", "color unknown", "run_at invalid", "name required", "kind invalid",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParametersAreRefusedByName(t *testing.T) {
	s := newTestServer(t, Config{})
	id := s.create("m").MissionID
	for _, c := range []struct{ path, field, code, limit string }{
		{"/missions?limit=0", "limit", "invalid", "200"},
		{"/missions?limit=201", "limit", "invalid", "200"},
		{"/missions?limit=ten", "limit", "invalid", "200"},
		{"/missions?limit=", "limit", "invalid", "200"},
		{"/missions?limit=1&limit=2", "limit", "invalid", "twice"},
		{"/missions?status=queued", "status", "invalid", "QUEUED"},
		{"/missions?status=", "status", "invalid", "QUEUED"},
		{"/missions?kind=A", "kind", "invalid", "64"},
		{"/missions?squad=", "squad", "invalid", "64"},
		{"/missions?cursor=nonsense", "cursor", "invalid", "next_cursor"},
		{"/missions?cursor=", "cursor", "invalid", "next_cursor"},
		{"/missions?cursor=" + strings.Repeat("c", 1025), "cursor", "invalid", "next_cursor"},
		{"/missions?page=2", "page", "unknown", "leave it out"},
		{"/missions?q=", "q", "invalid", "200"},
		{"/missions?q=%20%20", "q", "invalid", "200"},
		{"/missions?q=" + strings.Repeat("x", 201), "q", "invalid", "200"},
		{"/missions?q=a%00", "q", "invalid", "200"},
		{"/missions?q=%ff", "q", "invalid", "200"},
		{"/missions?q=a&q=b", "q", "invalid", "twice"},
		{"/missions?label=a", "label", "invalid", "KEY:VALUE"},
		{"/missions?label=", "label", "invalid", "KEY:VALUE"},
		{"/missions?label=:b", "label", "invalid", "64"},
		{"/missions?label=a:%ff", "label", "invalid", "KEY:VALUE"},
		{"/missions?label=a:b&label=c:d", "label", "invalid", "twice"},
		{"/missions?label=" + strings.Repeat("k", 65) + ":v", "label", "too_long", "64"},
		{"/missions?label=k:" + strings.Repeat("v", 257), "label", "too_long", "256"},
		{"/missions/" + id + "?verbose=1", "verbose", "unknown", "leave it out"},
		{"/stats?x=1", "x", "unknown", "leave it out"},
		{"/events?mission_id=7", "mission_id", "invalid", "UUID"},
		{"/events?last_event_id=" + strings.Repeat("9", 1025), "last_event_id", "too_long", "1024"},
		{"/events?types=mission", "types", "unknown", "leave it out"},
	} {
		a := s.do("GET", c.path, "")
		p := a.problem(t)
		if a.status != 422 || len(p.Errors) != 1 || p.Errors[0].Field != c.field || p.Errors[0].Code != c.code ||
			!strings.Contains(p.Errors[0].Message, c.limit) {
			t.Errorf("%s: %d %s", c.path, a.status, a.body)
		}
		if p.Code != "invalid" {
			t.Errorf("%s: code %s, want invalid", c.path, p.Code)
		}
	}
}

func TestIdempotencyKeyLimits(t *testing.T) {
	s := newTestServer(t, Config{})
	for name, keys := range map[string][]with{
		"long":    {{"Idempotency-Key", strings.Repeat("k", 256)}},
		"space":   {{"Idempotency-Key", "a b"}},
		"unicode": {{"Idempotency-Key", "schlüssel"}},
		"two":     {{"Idempotency-Key", "a"}, {"Idempotency-Key", "b"}},
	} {
		a := s.do("POST", "/missions", `{"name":"n"}`, keys...)
		p := a.problem(t)
		if a.status != 422 || len(p.Errors) != 1 || p.Errors[0].Field != "Idempotency-Key" || !strings.Contains(p.Errors[0].Message, "255") {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	if a := s.do("POST", "/missions", `{"name":"n"}`, with{"Idempotency-Key", strings.Repeat("~", 255)}); a.status != http.StatusAccepted {
		t.Errorf("longest key: %d %s", a.status, a.body)
	}
}

func TestMediaTypes(t *testing.T) {
	s := newTestServer(t, Config{})
	const body = `{"name":"n"}`
	for _, c := range []struct {
		headers []with
		want    int
	}{
		{[]with{{"Content-Type", ""}}, 415},
		{[]with{{"Content-Type", ""}, {"Content-Type", "text/plain"}}, 415},
		{[]with{{"Content-Type", ""}, {"Content-Type", "application/x-www-form-urlencoded"}}, 415},
		{[]with{{"Content-Type", ""}, {"Content-Type", "application/json; charset=latin1"}}, 415},
		{[]with{{"Content-Encoding", "gzip"}}, 415},
		{[]with{{"Content-Type", ""}, {"Content-Type", "Application/JSON; charset=UTF-8"}}, 202},
	} {
		for _, path := range []string{"/missions", "/missions/batch", "/tokens"} {
			want := c.want
			if path != "/missions" && want == 202 {
				want = 422
			}
			a := s.do("POST", path, body, append(c.headers, with{"Authorization", "Bearer " + enrollmentKey})...)
			if a.status != want {
				t.Errorf("%s %v: %d, want %d: %s", path, c.headers, a.status, want, a.body)
			}
		}
	}
	id := s.create("m").MissionID
	for _, call := range []string{"/cancel", "/retry"} {
		if a := s.do("POST", "/missions/"+id+call, "reason=x", with{"Content-Type", ""}, with{"Content-Type", "text/plain"}); a.status != 415 {
			t.Errorf("%s with a text: %d", call, a.status)
		}
		if a := s.do("POST", "/missions/"+id+call, `{"reason":"x"}`); a.status != 422 || a.problem(t).Errors[0].Field != "reason" {
			t.Errorf("%s with a reason: %d %s", call, a.status, a.body)
		}
	}
}

func TestRenewalIsChecked(t *testing.T) {
	s := newTestServer(t, Config{})
	key := with{"Authorization", "Bearer " + enrollmentKey}
	good := `{"soldier_id":"s1","squads":["default"],"kinds":["simulate"],"slots":16,"version":"v1"%s}`
	for name, c := range map[string]struct {
		body, field string
		status      int
	}{
		"good":            {fmt.Sprintf(good, ``), "", 200},
		"from the future": {fmt.Sprintf(good, `,"labels":{"zone":"a"}`), "", 200},
		"wrong type":      {fmt.Sprintf(good, `,"inbox":7`), "inbox", 422},
		"no soldier":      {`{"squads":["default"],"kinds":[],"slots":1,"version":"v"}`, "soldier_id", 422},
		"no slots":        {`{"soldier_id":"s1","squads":["default"],"kinds":[],"version":"v"}`, "slots", 422},
		"syntax":          {`{`, "", 400},
	} {
		a := s.do("POST", "/tokens", c.body, key)
		if a.status != c.status {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
		if c.field != "" && a.problem(t).Errors[0].Field != c.field {
			t.Errorf("%s: %s", name, a.body)
		}
	}
	err := error(&contracts.ValidationError{Fields: []contracts.FieldError{{Field: "session", Code: "invalid", Message: "belongs to another soldier"}}})
	s.tokens.err.Store(&err)
	if a := s.do("POST", "/tokens", fmt.Sprintf(good, ``), key); a.status != 422 || a.problem(t).Errors[0].Field != "session" {
		t.Errorf("another soldier's session: %d %s", a.status, a.body)
	}
}
