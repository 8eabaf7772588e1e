package contracts

// Attention is what needs somebody's attention, as the commander that was asked judges it.
type Attention struct {
	// Items are the worst first: by severity, then by since, the oldest first. At most MaxAttention.
	Items []AttentionItem `json:"items"`
	// CheckedAt is when that was so.
	CheckedAt Time `json:"checked_at"`
}

// MaxAttention is how many items an Attention has.
const MaxAttention = 50

// Severity says how bad it is.
type Severity string

// The severities, the worst first.
const (
	// SeverityCritical: missions don't go on, or not all that were accepted may.
	SeverityCritical Severity = "critical"
	// SeverityWarning: some work waits, fails, or was lost, and won't mend by itself.
	SeverityWarning Severity = "warning"
	// SeverityInfo: somebody wanted it so, or it is over; it is good to know.
	SeverityInfo Severity = "info"
)

// AttentionCode is the rule that an item comes from. More may come.
type AttentionCode string

// The codes.
const (
	AttentionRedisAway       AttentionCode = "redis_away"
	AttentionRabbitMQAway    AttentionCode = "rabbitmq_away"
	AttentionRedisWarning    AttentionCode = "redis_warning"
	AttentionRabbitMQWarning AttentionCode = "rabbitmq_warning"
	AttentionSubmissionsKept AttentionCode = "submissions_kept"
	AttentionNoSoldiers      AttentionCode = "no_soldiers"
	AttentionSquadUnserved   AttentionCode = "squad_unserved"
	AttentionKindUnserved    AttentionCode = "kind_unserved"
	AttentionSquadPaused     AttentionCode = "squad_paused"
	AttentionWaitingLong     AttentionCode = "waiting_long"
	AttentionFailingAlike    AttentionCode = "failing_alike"
	AttentionSoldiersLost    AttentionCode = "soldiers_lost"
	AttentionSoldierDraining AttentionCode = "soldier_draining"
	AttentionSetAside        AttentionCode = "set_aside"
	AttentionScheduleSkips   AttentionCode = "schedule_skips"
	AttentionSchedulePaused  AttentionCode = "schedule_paused"
	AttentionBulkFailed      AttentionCode = "bulk_failed"
)

// AttentionItem is one thing that needs attention.
type AttentionItem struct {
	// ID is the same for as long as the cause lasts, as in squad_unserved:mail.
	ID       string        `json:"id"`
	Code     AttentionCode `json:"code"`
	Severity Severity      `json:"severity"`
	// Title is a sentence without its full stop. Detail says why it is thought so, Advice what can be done.
	Title  string `json:"title"`
	Detail string `json:"detail,omitempty"`
	Advice string `json:"advice,omitempty"`
	// Since is when it began, or when the commander that was asked first saw it.
	Since Time `json:"since,omitzero"`
	// Count is of the missions, messages, runs or soldiers concerned; 0 where there is nothing to count.
	Count int64 `json:"count,omitempty"`
	// The rest names what it is about, where it is about one.
	Squad     string `json:"squad,omitempty"`
	Kind      string `json:"kind,omitempty"`
	Status    Status `json:"status,omitempty"`
	Schedule  string `json:"schedule,omitempty"`
	SoldierID string `json:"soldier_id,omitempty"`
	MissionID string `json:"mission_id,omitempty"`
	BulkID    string `json:"bulk_id,omitempty"`
	Queue     string `json:"queue,omitempty"`
}
