package contracts

import "time"

// Limits of the HTTP interface and of messages. Sizes are bytes unless said otherwise.
const (
	MaxNameLength     = 200 // characters, after trimming
	MaxPayloadSize    = 256 << 10
	MaxLabels         = 20
	MaxLabelKeySize   = 64
	MaxLabelValueSize = 256
	MaxAttempts       = 100
	MaxTimeoutSeconds = 86400
	MaxRunAtAhead     = 366 * 24 * time.Hour
	MaxStartDelay     = 366 * 24 * 3600 // seconds, as MaxRunAtAhead
	MaxDeadlineAhead  = 366 * 24 * time.Hour
	MaxDeadline       = 366 * 24 * 3600 // seconds, as MaxDeadlineAhead
	MaxUniqueKeySize  = 200
	MaxJSONDepth      = 64
	MaxBodySize       = 1 << 20
	MaxBatchBodySize  = 16 << 20
	MaxRenewalSize    = 8 << 20 // of a soldier with MaxSlots slots and as many unrecorded finals as it may have
	MaxBatchMissions  = 1000
	MaxSubmissionSize = 8 << 20 // what goes through the broker while the store is away, as one message
	MaxSlots          = 10_000
	MaxListLimit      = 200
	DefaultListLimit  = 50
	MaxSearchLength   = MaxNameLength // characters, after trimming
	SearchWindow      = 10_000        // a search by name looks at so many missions, the newest
	MaxResultSize     = 256 << 10
	MaxErrorSize      = 8 << 10
	MaxHistoryLines   = 200
	MaxRefusedLines   = 20 // of the history
)

// Limits of bulk jobs.
const (
	MaxBulkReason   = 200 // characters
	MaxBulkFailures = 100
	MaxBulkSample   = 10
	// MaxBulkPreview is how many missions a preview looks at.
	MaxBulkPreview = 100_000
)

// Limits of a mission's retries.
const (
	MaxRetryDelaySeconds    = 86400
	MaxRetryFactor          = 10
	MaxRetryMaxDelaySeconds = 604800
)

// Limits of the protocol.
const (
	// MaxLosses: the fifth lost execution fails the mission with soldier_lost.
	MaxLosses = 5
	// MaxDispatches: after so many lost orders without a grant the mission fails as undeliverable.
	MaxDispatches = 20
	// LeaseDuration is how long a session lives after its last renewal.
	LeaseDuration = 35 * time.Second
	// RenewAfter is when a soldier renews, counted from when it asked for its last token.
	RenewAfter = 25 * time.Second
	// ClaimRepeat is how often an unanswered claim is sent again.
	ClaimRepeat = 3 * time.Second
	// FinalRepeat is how often an unrecorded final is sent again.
	FinalRepeat = 30 * time.Second
	// RenewalMessageEvery is how often a soldier whose HTTP fails renews over the broker.
	RenewalMessageEvery = 5 * time.Second
	// RenewWhileDisconnected is how often a soldier without a broker connection renews over HTTP.
	RenewWhileDisconnected = 2 * time.Second
	// AckRunningAfter: an order still unacked after so long of running is acked; the lease stands behind it.
	AckRunningAfter = 60 * time.Second
	// CancelGrace is how long a handler may ignore its ended context before the mission is reported without it.
	CancelGrace = 10 * time.Second
	// NoHandlerDelay is when a mission that a soldier had no handler for is ordered again.
	NoHandlerDelay = 30 * time.Second
	// DispatchHold is how long a due entry belongs to the commander that wrote or took it.
	DispatchHold = 10 * time.Second
	// SuspectGrace is how long a session whose inbox is gone has to renew.
	SuspectGrace = 5 * time.Second
	// AdoptionPeriod is for how long after a wipe of the store what went with it is made anew from what soldiers have.
	AdoptionPeriod = 24 * time.Hour
	// UnrecordedPerSlot bounds kept results: at so many times the slots a soldier claims no more.
	UnrecordedPerSlot = 4
)
