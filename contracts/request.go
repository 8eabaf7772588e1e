package contracts

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// MissionRequest is the body of POST /missions. Zero fields are left out of JSON, and get their defaults.
type MissionRequest struct {
	// Name is for people: 1 to 200 characters once trimmed, no control characters. The only field without a default.
	Name string `json:"name"`
	// Kind chooses the handler; default DefaultKind.
	Kind string `json:"kind,omitempty"`
	// Payload is the handler's input: a JSON object of at most 256 KiB, not counting white space; default {}.
	Payload json.RawMessage `json:"payload,omitempty"`
	// Priority and Squad choose the orders queue; defaults PriorityNormal and DefaultSquad.
	Priority Priority `json:"priority,omitempty"`
	Squad    string   `json:"squad,omitempty"`
	// Labels are the client's own: at most 20, keys of 1 to 64 bytes without ':', values up to 256 bytes.
	Labels map[string]string `json:"labels,omitempty"`
	// ConcurrencyKey has missions that share it run one at a time, or as its Limit says: 1 to 200 bytes, see
	// ValidConcurrencyKey; empty is none.
	ConcurrencyKey string `json:"concurrency_key,omitempty"`
	// MaxAttempts is 1 to 100; default DefaultMaxAttempts.
	MaxAttempts int `json:"max_attempts,omitempty"`
	// TimeoutSeconds bounds one attempt, 1 to 86400; default DefaultTimeoutSeconds.
	TimeoutSeconds int `json:"timeout_seconds,omitempty"`
	// Retry is how long the mission waits between attempts; nil is DefaultRetry.
	Retry *RetryRequest `json:"retry,omitempty"`
	// RunAt is the earliest start, at most 366 days ahead; nil, or a time that has passed, is now.
	RunAt *Time `json:"run_at,omitempty"`
	// DelaySeconds is the earliest start, too: so long after the commander accepted the mission, 1 second to 366 days; nil is
	// now. Not to be given together with RunAt.
	DelaySeconds *int `json:"delay_seconds,omitempty"`
	// UniqueKey lets the mission be created only while no other one that has not ended has it: 1 to MaxUniqueKeySize bytes,
	// printable; empty asks nothing.
	UniqueKey string `json:"unique_key,omitempty"`
	// DeadlineAt is when the mission ends, whatever it still waits for: after its start, and at most 366 days ahead; nil is never.
	DeadlineAt *Time `json:"deadline_at,omitempty"`
	// DeadlineSeconds is the same, so long after the commander accepted the mission, 1 second to 366 days. Not to be given
	// together with DeadlineAt.
	DeadlineSeconds *int `json:"deadline_seconds,omitempty"`
}

// DefaultMissionRequest returns a request in which all but the name has its default. A reader that decodes onto it can
// tell a field that was left out from one that was sent as zero: the zero does not pass Validate.
func DefaultMissionRequest() MissionRequest {
	return MissionRequest{
		Kind: DefaultKind, Payload: json.RawMessage(`{}`), Priority: PriorityNormal, Squad: DefaultSquad,
		MaxAttempts: DefaultMaxAttempts, TimeoutSeconds: DefaultTimeoutSeconds,
	}
}

// Normalize gives zero fields their defaults, trims the name, takes the white space out of the payload, and makes no
// labels nil. It makes no invalid request valid but for what is absent.
func (r *MissionRequest) Normalize() {
	d := DefaultMissionRequest()
	r.Name = strings.TrimSpace(r.Name)
	if r.Kind == "" {
		r.Kind = d.Kind
	}
	if len(r.Payload) == 0 {
		r.Payload = d.Payload
	}
	r.Payload = compact(r.Payload)
	if r.Priority == "" {
		r.Priority = d.Priority
	}
	if r.Squad == "" {
		r.Squad = d.Squad
	}
	if len(r.Labels) == 0 {
		r.Labels = nil
	}
	if r.MaxAttempts == 0 {
		r.MaxAttempts = d.MaxAttempts
	}
	if r.TimeoutSeconds == 0 {
		r.TimeoutSeconds = d.TimeoutSeconds
	}
	r.Retry = r.Retry.Retry().Request()
}

// Validate returns a ValidationError with every limit that the request breaks. It may be called before Normalize by a
// reader that decoded onto DefaultMissionRequest, and after it by everybody else.
func (r MissionRequest) Validate(now time.Time) error {
	var v validator
	v.name(r.Name)
	v.token("kind", r.Kind)
	v.payload(r.Kind, r.Payload)
	if !slices.Contains(Priorities(), r.Priority) {
		v.add("priority", "invalid", "must be low, normal or high")
	}
	v.token("squad", r.Squad)
	v.labels(r.Labels)
	v.concurrencyKey(r.ConcurrencyKey)
	v.within("max_attempts", r.MaxAttempts, MaxAttempts)
	v.within("timeout_seconds", r.TimeoutSeconds, MaxTimeoutSeconds)
	v.retry(r.Retry)
	v.start(r, now)
	v.uniqueKey(r.UniqueKey)
	v.deadline(r, now)
	return v.err()
}

func (v *validator) name(s string) {
	s = strings.TrimSpace(s)
	switch n := utf8.RuneCountInString(s); {
	case n == 0:
		v.add("name", "required", "must have 1 to %d characters besides white space", MaxNameLength)
	case n > MaxNameLength:
		v.add("name", "too_long", "has %d characters, at most %d are allowed", n, MaxNameLength)
	}
	if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		v.add("name", "invalid", "must not contain control characters such as line breaks, nor broken UTF-8")
	}
}

func (v *validator) payload(kind string, raw json.RawMessage) {
	trimmed := bytes.TrimSpace(raw)
	if len(trimmed) == 0 || trimmed[0] != '{' || !json.Valid(trimmed) {
		v.add("payload", "invalid", "must be a JSON object")
		return
	}
	if n := len(compact(raw)); n > MaxPayloadSize {
		v.add("payload", "too_large", "has %d bytes without white space, at most %d (256 KiB) are allowed", n, MaxPayloadSize)
		return
	}
	if kind == KindSimulate {
		_, err := ParseSimulatePayload(raw)
		v.merge(err)
	}
}

func (v *validator) labels(labels map[string]string) {
	if n := len(labels); n > MaxLabels {
		v.add("labels", "too_large", "has %d labels, at most %d are allowed", n, MaxLabels)
		return // there may be very many, and what is wrong with each is no help
	}
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		field := "labels." + k
		if len(k) > MaxLabelKeySize {
			field = "labels." + strings.ToValidUTF8(k[:MaxLabelKeySize], "") + "..."
		}
		v.label(field, k, labels[k])
	}
}

func (v *validator) start(r MissionRequest, now time.Time) {
	if r.RunAt != nil && r.RunAt.Sub(now) > MaxRunAtAhead {
		v.add("run_at", "too_large", "must be at most %d days ahead", MaxRunAtAhead/(24*time.Hour))
	}
	switch {
	case r.DelaySeconds == nil:
	case r.RunAt != nil:
		v.add("delay_seconds", "invalid", "can't be given together with run_at; leave one of them out")
	default:
		v.within("delay_seconds", *r.DelaySeconds, MaxStartDelay)
	}
}

// within checks a number against 1 to limit.
func (v *validator) within(field string, n, limit int) { v.between(field, n, 1, limit) }

func (v *validator) between(field string, n, low, high int) {
	switch {
	case n < low:
		v.add(field, "too_small", "is %d, must be %d to %d", n, low, high)
	case n > high:
		v.add(field, "too_large", "is %d, must be %d to %d", n, low, high)
	}
}

// merge takes the fields of a ValidationError over.
func (v *validator) merge(err error) {
	var e *ValidationError
	if errors.As(err, &e) {
		v.fields = append(v.fields, e.Fields...)
	}
}

// compact returns raw without insignificant white space, or raw itself where it is no JSON.
func compact(raw json.RawMessage) json.RawMessage {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return raw
	}
	return b.Bytes()
}
