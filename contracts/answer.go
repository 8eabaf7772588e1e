package contracts

// AnswerType is what an Answer says.
type AnswerType string

// The answers.
const (
	// AnswerGranted grants the claim of Execution: Ticket is the right to work.
	AnswerGranted AnswerType = "granted"
	// AnswerRefused: ack the order and forget it. The store stands behind the mission.
	AnswerRefused AnswerType = "refused"
	// AnswerSessionDead: keep the order, renew as a new session, claim afresh.
	AnswerSessionDead AnswerType = "session_dead"
	// AnswerRecorded: the final of Execution needs no more sending, it is recorded or refused for good.
	AnswerRecorded AnswerType = "recorded"
	// AnswerShow: the store was wiped and does not know the mission. Send the claim of Execution again, with its Mission.
	AnswerShow AnswerType = "show"
	// AnswerStop asks for the end of a running execution.
	AnswerStop AnswerType = "stop"
	// AnswerDrain asks the soldier to drain: take nothing more, finish what runs, and end. Every reply to a renewal says so
	// again.
	AnswerDrain AnswerType = "drain"
	// AnswerRenewed answers a RenewalMessage.
	AnswerRenewed AnswerType = "renewed"
	// AnswerPing says nothing. That it can be delivered is what the sender wants to know.
	AnswerPing AnswerType = "ping"
	// AnswerMarker gives a marker back to the commander that sent it.
	AnswerMarker AnswerType = "marker"
)

// Answer goes to an inbox. Any answer may be lost, and may come twice.
type Answer struct {
	Type      AnswerType `json:"type"`
	MissionID string     `json:"mission_id,omitempty"`
	Execution string     `json:"execution,omitempty"`
	// Ticket of a grant.
	Ticket *Ticket `json:"ticket,omitempty"`
	// Reason of a refusal, for logs; the StopReason of a stop; the id of a marker.
	Reason string `json:"reason,omitempty"`
	// Left of a grant: how long until the mission's deadline, in ms, when the answer was made. Zero where the mission has none.
	Left int64 `json:"left_ms,omitempty"`
	// Renewal of AnswerRenewed.
	Renewal *RenewalReply `json:"renewal,omitempty"`
}

// AnswerPack is what a commander publishes to an inbox.
type AnswerPack struct {
	Header
	Answers []Answer `json:"answers"`
}

// NewAnswerPack returns a pack of answers.
func NewAnswerPack(answers ...Answer) AnswerPack {
	return AnswerPack{Header: header(TypeAnswers), Answers: answers}
}

// Encode returns the pack as JSON.
func (p AnswerPack) Encode() ([]byte, error) {
	w := newWriter(p.room())
	if w.answerPack(&p); w.bad {
		return encode(p)
	}
	return w.b, nil
}

// DecodeAnswerPack reads a pack. It fails with ErrMalformed, ErrUnknownType or ErrUnsupportedVersion. Answers of
// unknown type are left to the reader, which ignores them.
func DecodeAnswerPack(body []byte) (AnswerPack, error) {
	var p AnswerPack
	if !quickly(body, func(r *reader) { r.answerPack(&p) }) || p.check(TypeAnswers) != nil {
		p = AnswerPack{}
		if err := decode(body, TypeAnswers, &p); err != nil {
			return AnswerPack{}, err
		}
	}
	return p, nil
}
