package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/mission-control-dev/mission-control/commander/internal/strictjson"
	"github.com/mission-control-dev/mission-control/contracts"
)

// maxErrors is how many errors of one mission are named. A body may have many thousands, which nobody would read, and
// which would be compared with each other.
const maxErrors = 50

// readMission reads the body of POST /missions: normalized and valid, or a ValidationError that names all that is wrong.
func readMission(body []byte, now time.Time) (contracts.MissionRequest, error) {
	members, err := object(body)
	if err != nil {
		return contracts.MissionRequest{}, err
	}
	r, bad := missionOf(members, now)
	if len(bad) > 0 {
		return contracts.MissionRequest{}, &contracts.ValidationError{Fields: bad}
	}
	return r, nil
}

// readBatch reads the body of POST /missions/batch, as readMission does.
func readBatch(body []byte, now time.Time) ([]contracts.MissionRequest, error) {
	members, err := object(body)
	if err != nil {
		return nil, err
	}
	list := json.RawMessage(nil)
	var bad []contracts.FieldError
	for _, m := range members {
		if m.Key == "missions" {
			list = m.Value
		} else if len(bad) < maxErrors {
			bad = append(bad, unknownField(m.Key))
		}
	}
	rs, badMissions := missionsOf(list, now)
	if bad = append(bad, badMissions...); len(bad) > 0 {
		return nil, &contracts.ValidationError{Fields: bad}
	}
	return rs, nil
}

// missionsOf reads the list of a batch, and names what is wrong with it or with each of its missions.
func missionsOf(list json.RawMessage, now time.Time) ([]contracts.MissionRequest, []contracts.FieldError) {
	if list == nil {
		return nil, []contracts.FieldError{{Field: "missions", Code: "required",
			Message: fmt.Sprintf("must be an array of 1 to %d missions", contracts.MaxBatchMissions)}}
	}
	elements, err := strictjson.Array(list, contracts.MaxJSONDepth)
	if err != nil {
		return nil, []contracts.FieldError{{Field: "missions", Code: "invalid", Message: err.Error()}}
	}
	if invalid, ok := errors.AsType[*contracts.ValidationError](contracts.CheckBatchSize(len(elements))); ok {
		return nil, invalid.Fields
	}
	rs := make([]contracts.MissionRequest, len(elements))
	var all []contracts.FieldError
	for i, e := range elements {
		members, err := strictjson.Object(e, contracts.MaxJSONDepth)
		if err != nil {
			all = append(all, contracts.FieldError{Field: contracts.BatchField(i), Code: "invalid", Message: err.Error()})
			continue
		}
		var bad []contracts.FieldError
		rs[i], bad = missionOf(members, now)
		for _, f := range bad {
			all = append(all, f.Of(contracts.BatchField(i)))
		}
	}
	return rs, all
}

// missionOf reads one mission: normalized and valid, unless something is named as wrong.
func missionOf(members []strictjson.Member, now time.Time) (contracts.MissionRequest, []contracts.FieldError) {
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
	if len(bad) > maxErrors {
		bad = bad[:maxErrors]
	}
	r.Normalize()
	return r, bad
}

// decodeMission reads each field onto r, and returns those that it can't read.
func decodeMission(members []strictjson.Member, r *contracts.MissionRequest) []contracts.FieldError {
	var bad []contracts.FieldError
	for _, m := range members {
		if len(bad) >= maxErrors {
			break
		}
		switch m.Key {
		case "labels":
			var wrong []contracts.FieldError
			r.Labels, wrong = decodeLabels(m.Value)
			bad = append(bad, wrong...)
		case "retry":
			var wrong []contracts.FieldError
			r.Retry, wrong = decodeRetry(m.Value)
			bad = append(bad, wrong...)
		default:
			if wrong, is := decodeField(m, r); is {
				bad = append(bad, wrong)
			}
		}
	}
	return bad
}

// decodeField reads one of the other fields onto r; or tells what is wrong with it.
func decodeField(m strictjson.Member, r *contracts.MissionRequest) (wrong contracts.FieldError, is bool) {
	var want string
	var read bool
	switch m.Key {
	case "name":
		want, read = aString, decodeString(m.Value, &r.Name)
	case "kind":
		want, read = aString, decodeString(m.Value, &r.Kind)
	case "priority":
		want, read = aString, decodeString(m.Value, &r.Priority)
	case "squad":
		want, read = aString, decodeString(m.Value, &r.Squad)
	case "concurrency_key":
		// Missing is none; given, it must be one.
		want, read = "a string of 1 to 200 bytes; leave it out for none", decodeString(m.Value, &r.ConcurrencyKey) && r.ConcurrencyKey != ""
	case "payload":
		// A copy: a mission must not keep the whole body of its batch in memory.
		want, read, r.Payload = "a JSON object", true, bytes.Clone(m.Value)
	case "max_attempts":
		want, read = aNumber, decodeNumber(m.Value, &r.MaxAttempts)
	case "timeout_seconds":
		want, read = aNumber, decodeNumber(m.Value, &r.TimeoutSeconds)
	case "run_at":
		want, read = aTime, decodeOptional(m.Value, &r.RunAt)
	case "delay_seconds":
		want, read = aNumber, decodeOptional(m.Value, &r.DelaySeconds)
	case "unique_key":
		want, read = "a string that is not empty", decodeString(m.Value, &r.UniqueKey) && r.UniqueKey != ""
	case "deadline_at":
		want, read = aTime, decodeOptional(m.Value, &r.DeadlineAt)
	case "deadline_seconds":
		want, read = aNumber, decodeOptional(m.Value, &r.DeadlineSeconds)
	default:
		return unknownField(m.Key), true
	}
	return misread(m, m.Key, want, read)
}

// misread tells what is wrong with a value that was to be read as what is wanted.
func misread(m strictjson.Member, field, want string, read bool) (wrong contracts.FieldError, is bool) { //nolint:revive // it is what happened
	switch {
	case bytes.Equal(m.Value, []byte("null")):
		return contracts.FieldError{Field: field, Code: "invalid", Message: "must be " + want + ", not null; leave it out for its default"}, true
	case !read:
		return contracts.FieldError{Field: field, Code: "invalid", Message: "must be " + want}, true
	}
	return contracts.FieldError{}, false
}

// decodeRetry reads an object of numbers.
func decodeRetry(value json.RawMessage) (*contracts.RetryRequest, []contracts.FieldError) {
	members, err := strictjson.Object(value, contracts.MaxJSONDepth)
	if err != nil {
		return nil, []contracts.FieldError{{Field: "retry", Code: "invalid", Message: err.Error()}}
	}
	r := &contracts.RetryRequest{}
	var bad []contracts.FieldError
	for _, m := range members {
		if len(bad) == maxErrors {
			break
		}
		want := aNumber
		var read bool
		switch m.Key {
		case "delay_seconds":
			read = decodeOptional(m.Value, &r.DelaySeconds)
		case "factor":
			want, read = "a number", decodeOptional(m.Value, &r.Factor)
		case "max_delay_seconds":
			read = decodeOptional(m.Value, &r.MaxDelaySeconds)
		default:
			bad = append(bad, unknownField("retry."+m.Key))
			continue
		}
		if wrong, is := misread(m, "retry."+m.Key, want, read); is {
			bad = append(bad, wrong)
		}
	}
	return r, bad
}

// What a field must be.
const (
	aString = "a string"
	aNumber = "a whole number"
	aTime   = "a time such as 2026-11-23T09:30:00Z (RFC 3339)"
)

// decodeString reads a value that strictjson has read. Most strings have no escapes, and need no decoder.
func decodeString[T ~string](value []byte, to *T) bool {
	if value[0] == '"' && bytes.IndexByte(value, '\\') < 0 {
		*to = T(value[1 : len(value)-1])
		return true
	}
	return json.Unmarshal(value, to) == nil
}

func decodeNumber(value []byte, to *int) bool {
	n, err := strconv.Atoi(string(value))
	if err == nil {
		*to = n
	}
	return err == nil
}

// decodeOptional reads a value that has no default. It stays nil where it can't be read.
func decodeOptional[T any](value []byte, to **T) bool {
	var v T
	if json.Unmarshal(value, &v) != nil {
		return false
	}
	*to = &v
	return true
}

// decodeLabels reads an object of strings.
func decodeLabels(value json.RawMessage) (map[string]string, []contracts.FieldError) {
	members, err := strictjson.Object(value, contracts.MaxJSONDepth)
	if err != nil {
		return nil, []contracts.FieldError{{Field: "labels", Code: "invalid", Message: err.Error()}}
	}
	labels := make(map[string]string, len(members))
	var bad []contracts.FieldError
	for _, m := range members {
		var text *string
		if err := json.Unmarshal(m.Value, &text); err != nil || text == nil {
			if len(bad) == maxErrors {
				break
			}
			bad = append(bad, contracts.FieldError{Field: "labels." + clip(m.Key), Code: "invalid", Message: "must be a string"})
			continue
		}
		labels[m.Key] = *text
	}
	return labels, bad
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
