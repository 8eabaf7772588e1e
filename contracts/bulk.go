package contracts

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// BulkAction is what is done to many missions.
type BulkAction string

// The bulk actions.
const (
	// BulkCancel asks for the end of missions that have not ended.
	BulkCancel BulkAction = "cancel"
	// BulkRetry sends missions out again that FAILED or were CANCELLED.
	BulkRetry BulkAction = "retry"
	// BulkPurge removes missions that have ended, for good.
	BulkPurge BulkAction = "purge"
)

// BulkActions are all of them.
func BulkActions() []BulkAction { return []BulkAction{BulkCancel, BulkRetry, BulkPurge} }

// Statuses are those of the missions that the action can be done to; nil for what is no action.
func (a BulkAction) Statuses() []Status {
	switch a {
	case BulkCancel:
		return []Status{StatusScheduled, StatusQueued, StatusInProgress}
	case BulkRetry:
		return []Status{StatusFailed, StatusCancelled}
	case BulkPurge:
		return []Status{StatusCompleted, StatusFailed, StatusCancelled}
	}
	return nil
}

// BulkFilter chooses missions: those that fit all that is given.
type BulkFilter struct {
	Status Status `json:"status,omitempty"`
	Kind   string `json:"kind,omitempty"`
	Squad  string `json:"squad,omitempty"`
	// Label is KEY:VALUE, as String of a Label.
	Label string `json:"label,omitempty"`
	// Query is a mission's id, or the beginning of a name, in capital or small letters. Unlike that of a list it is looked for
	// among all missions.
	Query string `json:"q,omitempty"`
}

// BulkRequest is the body of POST /bulk and of POST /bulk/preview.
type BulkRequest struct {
	Action BulkAction `json:"action"`
	Filter BulkFilter `json:"filter,omitzero"`
	// All says that all missions are meant; so a filter that was forgotten is not taken for that.
	All bool `json:"all,omitempty"`
	// Reason is for the histories of the missions, at most MaxBulkReason characters.
	Reason string `json:"reason,omitempty"`
}

// Validate returns a ValidationError with all that is wrong with the request.
func (r BulkRequest) Validate() error {
	var v validator
	if r.Action.Statuses() == nil {
		v.add("action", "invalid", "must be one of %v", BulkActions())
	}
	if n := utf8.RuneCountInString(r.Reason); n > MaxBulkReason {
		v.add("reason", "too_long", "has %d characters, at most %d are allowed", n, MaxBulkReason)
	} else if strings.ContainsFunc(r.Reason, unicode.IsControl) || !utf8.ValidString(r.Reason) {
		v.add("reason", "invalid", "must be text on one line")
	}
	switch none := r.Filter == (BulkFilter{}); {
	case none && !r.All:
		v.add("filter", "required", "must say which missions are meant by status, kind, squad, label or q; for all there are give \"all\": true instead")
	case !none && r.All:
		v.add("all", "invalid", "can't stand beside a filter: leave one of them out")
	}
	v.bulkFilter(r.Filter, r.Action)
	return v.err()
}

func (v *validator) bulkFilter(f BulkFilter, a BulkAction) {
	switch can := a.Statuses(); {
	case f.Status == "":
	case !f.Status.Valid():
		v.add("filter.status", "invalid", "must be one of %v", Statuses())
	case can != nil && !slices.Contains(can, f.Status):
		v.add("filter.status", "invalid", "must be one of %v: no other mission can be changed by %s", can, a)
	}
	if f.Kind != "" {
		v.token("filter.kind", f.Kind)
	}
	if f.Squad != "" {
		v.token("filter.squad", f.Squad)
	}
	if f.Label != "" {
		if _, err := ParseLabel(f.Label); err != nil {
			v.add("filter.label", "invalid", "%v", err)
		}
	}
	if f.Query != "" && !ValidSearch(f.Query) {
		v.add("filter.q", "invalid", "must be a mission's id, or 1 to %d characters of a name's beginning", MaxSearchLength)
	}
}

// ValidSearch tells whether missions can be searched for by it: a mission's id, or the beginning of a name.
func ValidSearch(s string) bool {
	n := utf8.RuneCountInString(s)
	return n >= 1 && n <= MaxSearchLength && utf8.ValidString(s) && strings.TrimSpace(s) == s && !strings.ContainsFunc(s, unicode.IsControl)
}

// BulkState is what has become of a bulk job.
type BulkState string

// The bulk states. A job is running from when it was ordered, also while it waits for others, or for Redis.
const (
	BulkRunning BulkState = "running"
	BulkDone    BulkState = "done"
	BulkStopped BulkState = "stopped"
	BulkFailed  BulkState = "failed"
)

// Why a bulk job leaves a mission alone that it had chosen. It can also be a status in small letters: the mission is in it, and
// so can't be changed so.
const (
	// BulkSkippedChanged: it does not fit the filter any more.
	BulkSkippedChanged = "changed"
	// BulkSkippedGone: it was removed.
	BulkSkippedGone = "gone"
	// BulkSkippedAdoptable: it is older than the last wipe of Redis, and would be carried out again; see AdoptionPeriod.
	BulkSkippedAdoptable = "may_be_adopted"
	// BulkSkippedOverdue: its deadline_at has passed, and so it can't be retried.
	BulkSkippedOverdue = "deadline_passed"
	// BulkSkippedTaken: another mission has its unique key and has not ended, and so it can't be retried.
	BulkSkippedTaken = "unique_key_taken"
)

// BulkJob is one bulk job. Only missions that were there when it was ordered are changed, each at most once.
type BulkJob struct {
	ID string `json:"id"`
	BulkRequest
	State BulkState `json:"state"`
	// Error is why it FAILED, for people.
	Error      string `json:"error,omitempty"`
	CreatedAt  Time   `json:"created_at"`
	FinishedAt Time   `json:"finished_at,omitzero"`
	// Examined missions were looked at, Matched of them were chosen. Of these Changed were changed, Failed could not be for
	// what Failures say of the first MaxBulkFailures, and Skipped were left alone, by reason. The rest has not come to its turn.
	Examined int            `json:"examined"`
	Matched  int            `json:"matched"`
	Changed  int            `json:"changed"`
	Skipped  map[string]int `json:"skipped,omitempty"`
	Failed   int            `json:"failed"`
	Failures []BulkFailure  `json:"failures,omitempty"`
}

// BulkFailure is a mission that could not be changed.
type BulkFailure struct {
	MissionID string `json:"mission_id"`
	Message   string `json:"message"`
}

// BulkPreview is what a bulk job would choose now.
type BulkPreview struct {
	// Matched missions of those that were looked at would be changed.
	Matched int `json:"matched"`
	// Complete: all missions were looked at. Otherwise there are more than the preview looks at, or it took too long.
	Complete bool `json:"complete"`
	// Sample are the newest, up to MaxBulkSample, without payload and result.
	Sample []Mission `json:"sample"`
}
