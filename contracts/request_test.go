package contracts

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

var requestNow = time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)

func TestRequestWithANameAloneIsValid(t *testing.T) {
	for _, name := range []string{"n", "  n  ", strings.Repeat("é", MaxNameLength), " " + strings.Repeat("n", MaxNameLength) + "\t", "🚀"} {
		r := MissionRequest{Name: name}
		r.Normalize()
		if err := r.Validate(requestNow); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		if r.Name != strings.TrimSpace(name) || r.Kind != "simulate" || string(r.Payload) != "{}" || r.Priority != PriorityNormal ||
			r.Squad != "default" || r.MaxAttempts != 1 || r.TimeoutSeconds != 300 || r.RunAt != nil {
			t.Errorf("normalized to %+v", r)
		}
	}
}

func TestNormalizeIsIdempotent(t *testing.T) {
	r := MissionRequest{Name: " a b ", Payload: json.RawMessage(` { "seed" : 7 } `)}
	r.Normalize()
	once := fmt.Sprintf("%+v", r)
	if string(r.Payload) != `{"seed":7}` {
		t.Errorf("payload %s", r.Payload)
	}
	r.Normalize()
	if twice := fmt.Sprintf("%+v", r); twice != once {
		t.Errorf("%s, then %s", once, twice)
	}
}

func TestEveryLimitOfARequest(t *testing.T) {
	ahead := func(d time.Duration) *Time { at := At(requestNow.Add(d)); return &at }
	labels := func(n int) map[string]string {
		m := map[string]string{}
		for i := range n {
			m[fmt.Sprint("k", i)] = "v"
		}
		return m
	}
	number := func(n int) *int { return &n }
	retry := func(delay int, factor float64, most int) *RetryRequest {
		return &RetryRequest{DelaySeconds: &delay, Factor: &factor, MaxDelaySeconds: &most}
	}
	payload := func(size int) json.RawMessage {
		return json.RawMessage(`{"a":"` + strings.Repeat("x", size-8) + `"}`)
	}
	for _, c := range []struct {
		name        string
		edit        func(*MissionRequest)
		field, code string // empty: allowed
		limit       string
	}{
		{"name of 201", func(r *MissionRequest) { r.Name = strings.Repeat("n", 201) }, "name", "too_long", "200"},
		{"no name", func(r *MissionRequest) { r.Name = " " }, "name", "required", "200"},
		{"tab in name", func(r *MissionRequest) { r.Name = "a\tb" }, "name", "invalid", "control"},
		{"broken UTF-8 in name", func(r *MissionRequest) { r.Name = "a\xff" }, "name", "invalid", "UTF-8"},
		{"zero kind", func(r *MissionRequest) { r.Kind = "" }, "kind", "invalid", "64"},
		{"kind of 65", func(r *MissionRequest) { r.Kind = strings.Repeat("k", 65) }, "kind", "invalid", "64"},
		{"kind of 64", func(r *MissionRequest) { r.Kind = strings.Repeat("k", 64) }, "", "", ""},
		{"squad with /", func(r *MissionRequest) { r.Squad = "a/b" }, "squad", "invalid", "64"},
		{"payload a list", func(r *MissionRequest) { r.Payload = json.RawMessage(`[]`) }, "payload", "invalid", "object"},
		{"payload half", func(r *MissionRequest) { r.Payload = json.RawMessage(`{`) }, "payload", "invalid", "object"},
		{"no payload", func(r *MissionRequest) { r.Payload = nil }, "payload", "invalid", "object"},
		{"largest payload", func(r *MissionRequest) { r.Kind, r.Payload = "k", payload(MaxPayloadSize) }, "", "", ""},
		{"too large a payload", func(r *MissionRequest) { r.Kind, r.Payload = "k", payload(MaxPayloadSize+1) }, "payload", "too_large", "262144"},
		{"simulate's payload", func(r *MissionRequest) { r.Payload = json.RawMessage(`{"failure_rate":2}`) }, "payload.failure_rate", "invalid", "0 to 1"},
		{"another kind's payload", func(r *MissionRequest) { r.Kind, r.Payload = "k", json.RawMessage(`{"failure_rate":2}`) }, "", "", ""},
		{"priority", func(r *MissionRequest) { r.Priority = "urgent" }, "priority", "invalid", "low, normal or high"},
		{"20 labels", func(r *MissionRequest) { r.Labels = labels(20) }, "", "", ""},
		{"21 labels", func(r *MissionRequest) { r.Labels = labels(21) }, "labels", "too_large", "20"},
		{"label key of 64", func(r *MissionRequest) { r.Labels = map[string]string{strings.Repeat("k", 64): ""} }, "", "", ""},
		{"label key of 65", func(r *MissionRequest) { r.Labels = map[string]string{strings.Repeat("k", 65): ""} }, "labels." + strings.Repeat("k", 64) + "...", "too_long", "64"},
		{"empty label key", func(r *MissionRequest) { r.Labels = map[string]string{"": "v"} }, "labels.", "invalid", "64"},
		{"label key with a colon", func(r *MissionRequest) { r.Labels = map[string]string{"a:b": "v"} }, "labels.a:b", "invalid", "':'"},
		{"label of 256", func(r *MissionRequest) { r.Labels = map[string]string{"k": strings.Repeat("v", 256)} }, "", "", ""},
		{"label of 257", func(r *MissionRequest) { r.Labels = map[string]string{"k": strings.Repeat("v", 257)} }, "labels.k", "too_long", "256"},
		{"a concurrency key", func(r *MissionRequest) { r.ConcurrencyKey = strings.Repeat("é", 100) }, "", "", ""},
		{"a concurrency key of 201 bytes", func(r *MissionRequest) { r.ConcurrencyKey = strings.Repeat("k", 201) }, "concurrency_key", "too_long", "200"},
		{"a concurrency key with a line break", func(r *MissionRequest) { r.ConcurrencyKey = "a\nb" }, "concurrency_key", "invalid", "printable"},
		{"a concurrency key of broken UTF-8", func(r *MissionRequest) { r.ConcurrencyKey = "\xff" }, "concurrency_key", "invalid", "printable"},
		{"a concurrency key that ends with a space", func(r *MissionRequest) { r.ConcurrencyKey = "k " }, "concurrency_key", "invalid", "spaces"},
		{"no attempt", func(r *MissionRequest) { r.MaxAttempts = 0 }, "max_attempts", "too_small", "100"},
		{"100 attempts", func(r *MissionRequest) { r.MaxAttempts = 100 }, "", "", ""},
		{"101 attempts", func(r *MissionRequest) { r.MaxAttempts = 101 }, "max_attempts", "too_large", "100"},
		{"no time", func(r *MissionRequest) { r.TimeoutSeconds = 0 }, "timeout_seconds", "too_small", "86400"},
		{"a day", func(r *MissionRequest) { r.TimeoutSeconds = 86400 }, "", "", ""},
		{"more than a day", func(r *MissionRequest) { r.TimeoutSeconds = 86401 }, "timeout_seconds", "too_large", "86400"},
		{"in 366 days", func(r *MissionRequest) { r.RunAt = ahead(366 * 24 * time.Hour) }, "", "", ""},
		{"later still", func(r *MissionRequest) { r.RunAt = ahead(366*24*time.Hour + time.Millisecond) }, "run_at", "too_large", "366"},
		{"retries at their limits", func(r *MissionRequest) { r.Retry = retry(86400, 10, 604800) }, "", "", ""},
		{"retries at once", func(r *MissionRequest) { r.Retry = retry(0, 1, 0) }, "", "", ""},
		{"a factor of two decimals", func(r *MissionRequest) { r.Retry = retry(5, 1.07, 600) }, "", "", ""},
		{"a negative delay", func(r *MissionRequest) { r.Retry = retry(-1, 2, 600) }, "retry.delay_seconds", "too_small", "0 to 86400"},
		{"a delay over a day", func(r *MissionRequest) { r.Retry = retry(86401, 2, 604800) }, "retry.delay_seconds", "too_large", "86400"},
		{"a factor below 1", func(r *MissionRequest) { r.Retry = retry(5, 0.99, 600) }, "retry.factor", "invalid", "1 to 10"},
		{"a factor over 10", func(r *MissionRequest) { r.Retry = retry(5, 10.01, 600) }, "retry.factor", "invalid", "1 to 10"},
		{"a factor of three decimals", func(r *MissionRequest) { r.Retry = retry(5, 1.234, 600) }, "retry.factor", "invalid", "two decimals"},
		{"no number of a factor", func(r *MissionRequest) { r.Retry = retry(5, math.NaN(), 600) }, "retry.factor", "invalid", "1 to 10"},
		{"a negative maximum", func(r *MissionRequest) { r.Retry = retry(5, 2, -1) }, "retry.max_delay_seconds", "too_small", "0 to 604800"},
		{"a maximum over a week", func(r *MissionRequest) { r.Retry = retry(5, 2, 604801) }, "retry.max_delay_seconds", "too_large", "604800"},
		{"a maximum below the delay", func(r *MissionRequest) { r.Retry = retry(60, 2, 59) }, "retry.max_delay_seconds", "too_small", "60"},
		{"a unique key", func(r *MissionRequest) { r.UniqueKey = "nightly: é 1" }, "", "", ""},
		{"a unique key of 200 bytes", func(r *MissionRequest) { r.UniqueKey = strings.Repeat("é", 100) }, "", "", ""},
		{"a unique key of more", func(r *MissionRequest) { r.UniqueKey = strings.Repeat("é", 101) }, "unique_key", "too_long", "200"},
		{"a unique key with a line break", func(r *MissionRequest) { r.UniqueKey = "a\nb" }, "unique_key", "invalid", "printable"},
		{"a unique key of broken UTF-8", func(r *MissionRequest) { r.UniqueKey = "a\xff" }, "unique_key", "invalid", "UTF-8"},
		{"a deadline", func(r *MissionRequest) { r.DeadlineAt = ahead(time.Millisecond) }, "", "", ""},
		{"a deadline that has passed", func(r *MissionRequest) { r.DeadlineAt = ahead(0) }, "deadline_at", "too_small", "ahead"},
		{"a deadline in 366 days", func(r *MissionRequest) { r.DeadlineAt = ahead(366 * 24 * time.Hour) }, "", "", ""},
		{"a deadline later than that", func(r *MissionRequest) { r.DeadlineAt = ahead(366*24*time.Hour + time.Millisecond) }, "deadline_at", "too_large", "366"},
		{"a deadline at the start", func(r *MissionRequest) { r.RunAt, r.DeadlineAt = ahead(time.Hour), ahead(time.Hour) }, "deadline_at", "too_small", "after"},
		{"a deadline before a delayed start", func(r *MissionRequest) { r.DelaySeconds, r.DeadlineAt = number(3600), ahead(time.Hour) }, "deadline_at", "too_small", "after"},
		{"a deadline after a start that has passed", func(r *MissionRequest) { r.RunAt, r.DeadlineAt = ahead(-time.Hour), ahead(time.Second) }, "", "", ""},
		{"a deadline in a second", func(r *MissionRequest) { r.DeadlineSeconds = number(1) }, "", "", ""},
		{"a deadline in no seconds", func(r *MissionRequest) { r.DeadlineSeconds = number(0) }, "deadline_seconds", "too_small", "31622400"},
		{"a deadline in more than 366 days", func(r *MissionRequest) { r.DeadlineSeconds = number(31622401) }, "deadline_seconds", "too_large", "31622400"},
		{"seconds to the deadline and the start", func(r *MissionRequest) { r.DelaySeconds, r.DeadlineSeconds = number(60), number(60) }, "deadline_seconds", "too_small", "after"},
		{"two deadlines", func(r *MissionRequest) { r.DeadlineAt, r.DeadlineSeconds = ahead(time.Hour), number(60) }, "deadline_seconds", "invalid", "deadline_at"},
		{"a delay of nothing", func(r *MissionRequest) { r.DelaySeconds = number(0) }, "delay_seconds", "too_small", "31622400"},
		{"a second", func(r *MissionRequest) { r.DelaySeconds = number(1) }, "", "", ""},
		{"366 days", func(r *MissionRequest) { r.DelaySeconds = number(31622400) }, "", "", ""},
		{"more than 366 days", func(r *MissionRequest) { r.DelaySeconds = number(31622401) }, "delay_seconds", "too_large", "31622400"},
		{"both a time and a delay", func(r *MissionRequest) { r.RunAt, r.DelaySeconds = ahead(time.Hour), number(1) }, "delay_seconds", "invalid", "run_at"},
		{"in the past", func(r *MissionRequest) { r.RunAt = ahead(-time.Hour) }, "", "", ""},
	} {
		r := DefaultMissionRequest()
		r.Name = "n"
		c.edit(&r)
		err := r.Validate(requestNow)
		if c.field == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		var invalid *ValidationError
		if !errors.As(err, &invalid) || len(invalid.Fields) != 1 {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if f := invalid.Fields[0]; f.Field != c.field || f.Code != c.code || !strings.Contains(f.Message, c.limit) {
			t.Errorf("%s: %+v, want field %q, code %q, a message with %q", c.name, f, c.field, c.code, c.limit)
		}
	}
}

// TestRetriesHaveDefaults: what is left out fits what is given.
func TestRetriesHaveDefaults(t *testing.T) {
	for body, want := range map[string]string{
		`{}`: `{"delay_seconds":5,"factor":2,"max_delay_seconds":600}`, `{"factor":1}`: `{"delay_seconds":5,"factor":1,"max_delay_seconds":600}`,
		`{"delay_seconds":0}`:     `{"delay_seconds":0,"factor":2,"max_delay_seconds":600}`,
		`{"delay_seconds":3600}`:  `{"delay_seconds":3600,"factor":2,"max_delay_seconds":3600}`,
		`{"max_delay_seconds":3}`: `{"delay_seconds":3,"factor":2,"max_delay_seconds":3}`,
		`{"max_delay_seconds":0}`: `{"delay_seconds":0,"factor":2,"max_delay_seconds":0}`,
	} {
		r := MissionRequest{Name: "n", Retry: &RetryRequest{}}
		if err := json.Unmarshal([]byte(body), r.Retry); err != nil {
			t.Fatal(err)
		}
		r.Normalize()
		got, err := json.Marshal(r.Retry)
		if err != nil || string(got) != want {
			t.Errorf("%s: %s, %v; want %s", body, got, err, want)
		}
		if err := r.Validate(requestNow); err != nil {
			t.Errorf("%s: %v", body, err)
		}
		if again := r.Retry.Retry().Request().Retry(); *again != *r.Retry.Retry() {
			t.Errorf("%s: %+v", body, again)
		}
	}
	r := MissionRequest{Name: "n"}
	if r.Normalize(); r.Retry != nil {
		t.Errorf("%+v out of nothing", r.Retry)
	}
}

// TestRequestAsJSON: what a Go client leaves zero is absent, so that the commander's defaults count.
func TestRequestAsJSON(t *testing.T) {
	b, err := json.Marshal(MissionRequest{Name: "n"})
	if err != nil || string(b) != `{"name":"n"}` {
		t.Errorf("%s %v", b, err)
	}
}

func TestContractIsEmbedded(t *testing.T) {
	if !strings.HasPrefix(OpenAPI(), "openapi: 3.") {
		t.Errorf("begins %.20q", OpenAPI())
	}
}
