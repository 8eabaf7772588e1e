package protocol

import (
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
)

// WorkID names one piece of work within its machine.
type WorkID uint64

// Effect is something to be done. The types are Start, Cancel, Settle, Renew, Send and Note.
type Effect interface{ effect() }

// Start calls the handler; HandlerEnded must follow, once, however it ends. Mission and Ticket are to be read only.
type Start struct {
	Work    WorkID
	Mission *contracts.Mission
	Ticket  *contracts.Ticket
}

// Cancel ends the context of a running handler.
type Cancel struct {
	Work  WorkID
	Cause Cause
}

// Settle settles a delivery. That it is stale by then does no harm.
type Settle struct {
	Delivery *broker.Delivery
	Outcome  broker.Outcome
	// MissionID is one of the orders', for logs.
	MissionID string
}

// Renew renews the session at once, by a request sent after this.
type Renew struct{}

// Send: TakePack has something to send.
type Send struct{}

// Note is something worth a line in the log.
type Note struct {
	What      Notable
	MissionID string
	Execution string
	Run       int64
	Attempt   int
	// Reason is what the commander said, or the code of a failure.
	Reason string
}

// Notable says what happened, as the log says it.
type Notable string

// The notables.
const (
	NoteRefused     Notable = "claim refused"
	NoteMisfit      Notable = "grant does not fit its claim"
	NoteNoHandler   Notable = "no handler for the mission's kind"
	NoteEnded       Notable = "mission ended"
	NoteIgnored     Notable = "handler ignores its ended context"
	NoteLost        Notable = "execution was taken away"
	NoteSessionDead Notable = "session was declared dead"
	NoteNewSession  Notable = "new session"
	NoteDrainAsked  Notable = "a commander asks the soldier to drain"
	NoteNotStarted  Notable = "grant waits for the lease"
	NoteShown       Notable = "execution is shown to a commander that does not know it"
	NoteUnlisted    Notable = "grant of a claim that was given up is handed back"
)

// Cause is why a handler's context ended.
type Cause int

// The causes.
const (
	// CauseTimeout: the mission's timeout_seconds are over.
	CauseTimeout Cause = iota + 1
	// CauseDeadline: the mission's deadline_at has come.
	CauseDeadline
	// CauseCancelled: a client asked for the mission's cancellation.
	CauseCancelled
	// CauseSuperseded: the execution is not the current one any more; nothing that comes of it counts.
	CauseSuperseded
	// CauseDraining: the soldier stops.
	CauseDraining
)

func (Start) effect()  {}
func (Cancel) effect() {}
func (Settle) effect() {}
func (Renew) effect()  {}
func (Send) effect()   {}
func (Note) effect()   {}
