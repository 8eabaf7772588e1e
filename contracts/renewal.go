package contracts

// ExecutionRef names one execution that a soldier knows of.
type ExecutionRef struct {
	MissionID string `json:"mission_id"`
	Execution string `json:"execution"`
	// Run is 0 for a claim that has no answer yet.
	Run int64 `json:"run,omitempty"`
}

// Renewal is what a soldier says of itself to keep its lease: the body of POST /tokens, and of a RenewalMessage.
type Renewal struct {
	// SoldierID is the soldier's own name, [a-z0-9][a-z0-9._-]{0,63}; two processes must not share one.
	SoldierID string `json:"soldier_id"`
	// Session is empty at first: the commander answers with a new one.
	Session string `json:"session,omitempty"`
	// Squads and Kinds are what it serves, Slots how many missions at once.
	Squads []string `json:"squads"`
	Kinds  []string `json:"kinds"`
	Slots  int      `json:"slots"`
	// Version is the soldier's release.
	Version string `json:"version"`
	// Packs: it reads orders in packs (OrderPack). A squad gets none while one of its soldiers does not say so.
	Packs bool `json:"packs,omitempty"`
	// Inbox is the queue of its current broker connection, empty without one.
	Inbox string `json:"inbox,omitempty"`
	// Seq numbers the renewals of a session, each with a higher number than the one before, over HTTP and status_queue
	// alike; 0 is no number. A renewal that comes after one with a higher number was overtaken: it renews the lease, and
	// the session stays as the later one described it. The reply repeats the number. Over status_queue a soldier tells by
	// it which renewal was answered, and so how old its lease is at most.
	Seq int64 `json:"seq,omitempty"`
	// Claims are open claims, Running what handlers work on, Unrecorded the finals not yet acknowledged as recorded.
	Claims     []ExecutionRef `json:"claims,omitempty"`
	Running    []ExecutionRef `json:"running,omitempty"`
	Unrecorded []ExecutionRef `json:"unrecorded,omitempty"`
}

// Check returns a ValidationError where a field is outside its limits.
func (r Renewal) Check() error {
	var v validator
	v.token("soldier_id", r.SoldierID)
	if r.Session != "" && !ValidMissionID(r.Session) {
		v.add("session", "invalid", "must be the session that an earlier answer gave, or absent")
	}
	if len(r.Squads) == 0 || len(r.Squads) > 64 {
		v.add("squads", "invalid", "must name 1 to 64 squads")
	}
	for _, s := range r.Squads {
		v.token("squads", s)
	}
	if len(r.Kinds) > 1000 {
		v.add("kinds", "too_large", "must name at most 1000 kinds")
	}
	for _, k := range r.Kinds {
		v.token("kinds", k)
	}
	if r.Slots < 1 || r.Slots > MaxSlots {
		v.add("slots", "invalid", "must be 1 to 10000")
	}
	if len(r.Version) > 100 {
		v.add("version", "too_long", "must be at most 100 bytes")
	}
	if r.Inbox != "" && !ValidInbox(r.Inbox) {
		v.add("inbox", "invalid", "must be a queue that the broker named, or absent")
	}
	return v.err()
}

// StopReason says why an execution must end.
type StopReason string

// The stop reasons.
const (
	// StopCancelled: a cancel was asked for; report how it ended.
	StopCancelled StopReason = "cancelled"
	// StopSuperseded: the execution is not the current one any more; its result will be refused.
	StopSuperseded StopReason = "superseded"
)

// Stop asks a soldier to end one execution.
type Stop struct {
	Execution string     `json:"execution"`
	Reason    StopReason `json:"reason"`
}

// RenewalReply answers a Renewal.
type RenewalReply struct {
	// Session is the soldier's session from now on.
	Session string `json:"session"`
	// Seq is the renewal's.
	Seq int64 `json:"seq,omitempty"`
	// Token is empty in the answer to a RenewalMessage, which renews the lease and nothing else.
	Token string `json:"token,omitempty"`
	// ExpiresIn is the token's life in seconds, counted from when it was asked for.
	ExpiresIn int `json:"expires_in,omitempty"`
	// Lease is false where the commander could not reach its store: the token is good, the lease was not renewed.
	Lease bool `json:"lease"`
	// Stop lists executions to end, Recorded those whose final needs no more sending.
	Stop     []Stop   `json:"stop,omitempty"`
	Recorded []string `json:"recorded,omitempty"`
	// Unlisted are grants that the session holds and the renewal did not name. One that the soldier does not know goes
	// back RELEASED: a late copy of a claim was granted after an earlier copy had been refused and given up.
	Unlisted []Ticket `json:"unlisted,omitempty"`
	// Show lists running executions that the commander does not know, because its store was wiped or lost its last writes:
	// send an IN_PROGRESS of each, with its Ticket and its Mission.
	Show []string `json:"show,omitempty"`
	// Drain: an operator asked the soldier to drain. It takes nothing more, finishes what runs, and ends.
	Drain bool `json:"drain,omitempty"`
	// Dead: the session was declared dead. Cancel all handlers, forget all claims, and ask for a new session.
	Dead bool `json:"dead,omitempty"`
}

// RenewalMessage is a Renewal over status_queue, for the time while HTTP fails. Its token may be of any age.
type RenewalMessage struct {
	Header
	Token   string  `json:"token"`
	Renewal Renewal `json:"renewal"`
}

// NewRenewalMessage returns a renewal for the queue.
func NewRenewalMessage(token string, r Renewal) RenewalMessage {
	return RenewalMessage{Header: header(TypeRenewal), Token: token, Renewal: r}
}

// Encode returns the message as JSON.
func (m RenewalMessage) Encode() ([]byte, error) { return encode(m) }

// DecodeRenewalMessage reads a renewal. It fails with ErrMalformed, ErrUnknownType or ErrUnsupportedVersion.
func DecodeRenewalMessage(body []byte) (RenewalMessage, error) {
	var m RenewalMessage
	if err := decode(body, TypeRenewal, &m); err != nil {
		return RenewalMessage{}, err
	}
	if m.Token == "" {
		return RenewalMessage{}, malformed("token is missing")
	}
	if m.Renewal.Session == "" {
		return RenewalMessage{}, malformed("session is missing")
	}
	if err := m.Renewal.Check(); err != nil {
		return RenewalMessage{}, malformed("%v", err)
	}
	return m, nil
}
