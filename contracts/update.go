package contracts

import "encoding/json"

// UpdateStatus is what a status update says.
type UpdateStatus string

// The status updates.
const (
	// UpdateInProgress is a claim: the soldier asks whether it may start. With a ticket it is no claim: it shows an
	// execution that was granted before, because a commander does not know it.
	UpdateInProgress UpdateStatus = "IN_PROGRESS"
	// UpdateCompleted, UpdateFailed and UpdateReleased are finals: they end an execution.
	UpdateCompleted UpdateStatus = "COMPLETED"
	UpdateFailed    UpdateStatus = "FAILED"
	UpdateReleased  UpdateStatus = "RELEASED"
	// UpdateNoHandler tells an order back that the soldier can't serve.
	UpdateNoHandler UpdateStatus = "NO_HANDLER"
)

// Final tells whether the update ends an execution.
func (s UpdateStatus) Final() bool {
	return s == UpdateCompleted || s == UpdateFailed || s == UpdateReleased
}

// Update is one status update.
type Update struct {
	Status    UpdateStatus `json:"status"`
	MissionID string       `json:"mission_id"`
	Attempt   int          `json:"attempt"`
	// Execution is the random id that the soldier chose for its claim; empty for NO_HANDLER.
	Execution string `json:"execution,omitempty"`
	// Redelivered: the claimed order was marked so by the broker; its earlier holder may be gone.
	Redelivered bool `json:"redelivered,omitempty"`
	// DispatchedAt is that of the order that is claimed: what its queue got long before must have been claimed, too, or is
	// lost. Zero in finals, and where the soldier does not tell.
	DispatchedAt Time `json:"dispatched_at,omitzero"`
	// Ticket is the grant that a final ends, or that an IN_PROGRESS shows. NO_HANDLER has none.
	Ticket *Ticket `json:"ticket,omitempty"`
	// Mission is the order's, as it came, from which a commander whose store was wiped makes it anew. It stands in finals
	// (in a COMPLETED without its payload), in NO_HANDLER, and in an IN_PROGRESS that a commander asked for (AnswerShow).
	Mission *Mission `json:"mission,omitempty"`
	// Seal is that of the order whose Mission stands here, as it came. Without it the mission is not made anew.
	Seal string `json:"seal,omitempty"`
	// Result of a COMPLETED, at most 256 KiB of JSON.
	Result json.RawMessage `json:"result,omitempty"`
	// Error of a FAILED.
	Error *MissionError `json:"error,omitempty"`
	// NoRetry of a FAILED: it is the last attempt, however many are left.
	NoRetry bool `json:"no_retry,omitempty"`
	// RetryAfter of a FAILED, in milliseconds, 1 to MaxRunAtAhead: the next attempt, if one is left, comes so long after this
	// one, instead of when the mission's own delay is over. 0 says nothing.
	RetryAfter int64 `json:"retry_after_ms,omitempty"`
	// MadeAt is when it happened, in the commanders' time.
	MadeAt Time `json:"made_at"`
}

// StatusPack is what a soldier publishes on status_queue: one or more updates under one token.
type StatusPack struct {
	Header
	// Token is the session's current token. Its subject is the session that speaks.
	Token string `json:"token"`
	// SentAt is the token's issue time plus the monotonic time since it was asked for. It must lie in the token's life
	// plus grace.
	SentAt Time `json:"sent_at"`
	// Inbox is the queue that answers go to.
	Inbox   string   `json:"inbox,omitempty"`
	Updates []Update `json:"updates"`
}

// MaxPackedUpdates bounds a StatusPack.
const MaxPackedUpdates = 64

// NewStatusPack returns a pack of updates.
func NewStatusPack(token string, sentAt Time, inbox string, updates ...Update) StatusPack {
	return StatusPack{Header: header(TypeStatus), Token: token, SentAt: sentAt, Inbox: inbox, Updates: updates}
}

// Encode returns the pack as JSON.
func (p StatusPack) Encode() ([]byte, error) {
	w := newWriter(p.room())
	if w.statusPack(&p); w.bad {
		return encode(p)
	}
	return w.b, nil
}

// DecodeStatusPack reads a pack. It fails with ErrMalformed, ErrUnknownType or ErrUnsupportedVersion; the token and
// the tickets are not verified here.
func DecodeStatusPack(body []byte) (StatusPack, error) {
	var p StatusPack
	if !quickly(body, func(r *reader) { r.statusPack(&p) }) || p.Header.check(TypeStatus) != nil {
		p = StatusPack{}
		if err := decode(body, TypeStatus, &p); err != nil {
			return StatusPack{}, err
		}
	}
	switch n := len(p.Updates); {
	case p.Token == "":
		return StatusPack{}, malformed("token is missing")
	case p.SentAt.IsZero():
		return StatusPack{}, malformed("sent_at is missing")
	case n == 0 || n > MaxPackedUpdates:
		return StatusPack{}, malformed("%d updates, must be 1 to %d", n, MaxPackedUpdates)
	}
	for i, u := range p.Updates {
		if err := u.check(); err != nil {
			return StatusPack{}, malformed("updates[%d]: %v", i, err)
		}
	}
	return p, nil
}

func (u Update) check() error {
	if !ValidMissionID(u.MissionID) {
		return malformed("mission_id %q is not a UUID in lower case", u.MissionID)
	}
	if u.Attempt < 1 {
		return malformed("attempt is %d, must be at least 1", u.Attempt)
	}
	if m := u.Mission; m != nil && (m.MissionID != u.MissionID || m.Attempt != u.Attempt) {
		return malformed("the mission is of another order")
	}
	if t := u.Ticket; t != nil && (t.MissionID != u.MissionID || t.Attempt != u.Attempt || t.Execution != u.Execution) {
		return malformed("the ticket is for another execution")
	}
	switch {
	case u.Status == UpdateInProgress:
		if u.Execution == "" {
			return malformed("a claim needs an execution")
		}
	case u.Status.Final():
		switch {
		case u.Ticket == nil:
			return malformed("%s needs a ticket", u.Status)
		case len(u.Result) > MaxResultSize:
			return malformed("result is %d bytes, at most %d", len(u.Result), MaxResultSize)
		case u.RetryAfter < 0 || u.RetryAfter > MaxRunAtAhead.Milliseconds():
			return malformed("retry_after_ms is %d, must be 0 to %d", u.RetryAfter, MaxRunAtAhead.Milliseconds())
		}
	case u.Status == UpdateNoHandler:
		if u.Ticket != nil {
			return malformed("NO_HANDLER has no ticket")
		}
	default:
		return malformed("unknown status %q", u.Status)
	}
	return nil
}
