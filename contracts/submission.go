package contracts

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
)

// Submission is missions that a commander accepted while it could not reach its store. They are created together, all
// or none, once a commander has the store: each unless there is a mission of its id by then. Only commanders write and
// read submissions.
type Submission struct {
	Header
	// Missions are 1 to MaxBatchMissions, as they were accepted: QUEUED or SCHEDULED, of the first attempt.
	Missions []Mission `json:"missions"`
	// MAC is over Missions as they stand in the message, so that nobody but a commander can order a mission this way.
	MAC string `json:"mac"`
}

// NewSubmission returns a submission signed with the commanders' key.
func NewSubmission(key []byte, missions []Mission) (Submission, error) {
	raw, err := encode(missions)
	if err != nil {
		return Submission{}, err
	}
	return Submission{Header: header(TypeSubmission), Missions: missions, MAC: sumSubmission(key, raw)}, nil
}

// Encode returns the submission as JSON.
func (s Submission) Encode() ([]byte, error) { return encode(s) }

// DecodeSubmission reads a submission and verifies its MAC. It fails with ErrMalformed, ErrUnknownType,
// ErrUnsupportedVersion or ErrForgedTicket.
func DecodeSubmission(body, key []byte) (Submission, error) {
	// The MAC is over what was written, which may have fields that this release doesn't know.
	var wire struct {
		Header
		Missions json.RawMessage `json:"missions"`
		MAC      string          `json:"mac"`
	}
	if err := decode(body, TypeSubmission, &wire); err != nil {
		return Submission{}, err
	}
	if !hmac.Equal([]byte(wire.MAC), []byte(sumSubmission(key, wire.Missions))) {
		return Submission{}, ErrForgedTicket
	}
	s := Submission{Header: header(TypeSubmission), MAC: wire.MAC}
	if err := json.Unmarshal(wire.Missions, &s.Missions); err != nil {
		return Submission{}, malformed("missions: %v", err)
	}
	if n := len(s.Missions); n < 1 || n > MaxBatchMissions {
		return Submission{}, malformed("%d missions, must be 1 to %d", n, MaxBatchMissions)
	}
	for _, m := range s.Missions {
		if err := m.checkSubmitted(); err != nil {
			return Submission{}, err
		}
	}
	return s, nil
}

func (m Mission) checkSubmitted() error {
	switch {
	case !ValidMissionID(m.MissionID):
		return malformed("mission_id %q is not a UUID in lower case", m.MissionID)
	case !ValidToken(m.Kind) || !ValidToken(m.Squad):
		return malformed("kind %q or squad %q is not valid", m.Kind, m.Squad)
	case !slices.Contains(Priorities(), m.Priority):
		return malformed("priority %q must be low, normal or high", m.Priority)
	case m.ConcurrencyKey != "" && !ValidConcurrencyKey(m.ConcurrencyKey):
		return malformed("concurrency_key %q is not valid", m.ConcurrencyKey)
	case m.Status != StatusQueued && m.Status != StatusScheduled:
		return malformed("status %q must be QUEUED or SCHEDULED", m.Status)
	case m.Attempt != 1 || m.MaxAttempts < 1 || m.TimeoutSeconds < 1:
		return malformed("attempt is %d of %d, timeout_seconds %d: must be the first of at least 1, and at least 1",
			m.Attempt, m.MaxAttempts, m.TimeoutSeconds)
	}
	return nil
}

func sumSubmission(key, missions []byte) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte("submission/1\x00"))
	h.Write(missions)
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}
