package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/mission-control-dev/mission-control/commander/internal/strictjson"
	"github.com/mission-control-dev/mission-control/contracts"
)

// readMission reads the body of POST /missions: normalized and valid, or a ValidationError that names all that is wrong.
func readMission(body []byte, now time.Time) (contracts.MissionRequest, error) {
	members, err := object(body)
	if err != nil {
		return contracts.MissionRequest{}, err
	}
	r := contracts.DefaultMissionRequest()
	bad := decodeMission(members, &r)
	// A field that could not be read has its default, of which nothing is to be said; a name has none.
	if invalid, ok := errors.AsType[*contracts.ValidationError](r.Validate(now)); ok {
		for _, f := range invalid.Fields {
			if !slices.ContainsFunc(bad, func(b contracts.FieldError) bool { return b.Field == f.Field }) {
				bad = append(bad, f)
			}
		}
	}
	bad = append(bad, unsupported(r, bad)...)
	if len(bad) > 0 {
		return contracts.MissionRequest{}, &contracts.ValidationError{Fields: bad}
	}
	r.Normalize()
	return r, nil
}

// decodeMission reads each field onto r, and returns those that it can't read.
func decodeMission(members []strictjson.Member, r *contracts.MissionRequest) []contracts.FieldError {
	type target struct {
		to   any
		want string
	}
	fields := map[string]target{
		"name":            {&r.Name, "a string"},
		"kind":            {&r.Kind, "a string"},
		"payload":         {&r.Payload, "a JSON object"},
		"priority":        {&r.Priority, "a string"},
		"squad":           {&r.Squad, "a string"},
		"max_attempts":    {&r.MaxAttempts, "a whole number"},
		"timeout_seconds": {&r.TimeoutSeconds, "a whole number"},
	}
	var bad []contracts.FieldError
	for _, m := range members {
		t, known := fields[m.Key]
		switch {
		case m.Key == "labels", m.Key == "run_at":
			bad = append(bad, notSupported(m.Key, "is not supported yet; leave it out"))
		case !known:
			bad = append(bad, unknownField(m.Key))
		case bytes.Equal(m.Value, []byte("null")):
			bad = append(bad, contracts.FieldError{Field: m.Key, Code: "invalid",
				Message: "must be " + t.want + ", not null; leave it out for its default"})
		case json.Unmarshal(m.Value, t.to) != nil:
			bad = append(bad, contracts.FieldError{Field: m.Key, Code: "invalid", Message: "must be " + t.want})
		}
	}
	return bad
}

// unsupported names the fields whose value only a later release serves. Those in bad have been named already.
func unsupported(r contracts.MissionRequest, bad []contracts.FieldError) []contracts.FieldError {
	d := contracts.DefaultMissionRequest()
	var out []contracts.FieldError
	add := func(field, message string) {
		if !slices.ContainsFunc(bad, func(b contracts.FieldError) bool { return b.Field == field }) {
			out = append(out, notSupported(field, message))
		}
	}
	if r.Priority != d.Priority {
		add("priority", "only normal is supported yet; leave it out")
	}
	if r.Squad != d.Squad {
		add("squad", "only default is supported yet; leave it out")
	}
	if r.MaxAttempts != d.MaxAttempts {
		add("max_attempts", "only 1 is supported yet; leave it out")
	}
	return out
}

func notSupported(field, message string) contracts.FieldError {
	return contracts.FieldError{Field: field, Code: "not_supported", Message: message}
}

// readRenewal reads the body of POST /tokens. Unknown fields are ignored: a soldier may be a release ahead, and must not
// lose its lease over that.
func readRenewal(body []byte) (contracts.Renewal, error) {
	if _, err := object(body); err != nil {
		return contracts.Renewal{}, err
	}
	var r contracts.Renewal
	if err := json.Unmarshal(body, &r); err != nil {
		field := "body"
		if e := (*json.UnmarshalTypeError)(nil); errors.As(err, &e) && e.Field != "" {
			field = e.Field
		}
		return contracts.Renewal{}, &contracts.ValidationError{Fields: []contracts.FieldError{{
			Field: field, Code: "invalid", Message: "has a value of the wrong type; see the contract in /openapi.yaml",
		}}}
	}
	return r, r.Check()
}
