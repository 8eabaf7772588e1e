package bulk

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// collection is that of the documents.
const collection = "bulk"

// maxMessage is how much of a failure's message is kept, in bytes: so that a document has room for all.
const maxMessage = 200

// job is a job as its document has it.
type job struct {
	contracts.BulkJob
	// Cursor is where its list goes on; Listed tells that there is nothing more to list.
	Cursor string `json:"cursor"`
	Listed bool   `json:"listed,omitempty"`
	// Pending are the missions of the step that is under way, or was when its commander died.
	Pending []string `json:"pending,omitempty"`
	// Owner is the commander that works on it, until its lease runs out.
	Owner string         `json:"owner,omitempty"`
	Until contracts.Time `json:"until,omitzero"`
}

func readJob(d store.Document) (job, error) {
	var j job
	if err := json.Unmarshal(d.Body, &j); err != nil {
		return job{}, fmt.Errorf("bulk job %q is unreadable: %w", d.Name, err)
	}
	return j, nil
}

func (j *job) document(version int64) (store.Document, error) {
	body, err := json.Marshal(j)
	if err != nil {
		return store.Document{}, fmt.Errorf("write bulk job %s: %w", j.ID, err)
	}
	return store.Document{Name: j.ID, Version: version, Body: body}, nil
}

// end gives the job its last state.
func (j *job) end(state contracts.BulkState, now contracts.Time) {
	j.State, j.FinishedAt, j.Owner, j.Until = state, now, "", contracts.Time{}
}

// queryOf is the list of the missions that a filter, which is valid, means.
func queryOf(f contracts.BulkFilter) store.Query {
	q := store.Query{Status: f.Status, Kind: f.Kind, Squad: f.Squad, Search: f.Query}
	if f.Label != "" {
		q.Label, _ = contracts.ParseLabel(f.Label)
	}
	return q
}

// chosen tells whether a mission is one that the request would change, as it is now.
func chosen(r contracts.BulkRequest, m contracts.Mission) bool {
	return slices.Contains(r.Action.Statuses(), m.Status) && !asked(r, m)
}

// asked tells whether a mission's end was asked for already.
func asked(r contracts.BulkRequest, m contracts.Mission) bool {
	return r.Action == contracts.BulkCancel && m.CancelRequested
}

// mark is what the history of each mission says that the job changed.
func (j *job) mark() string { return "bulk job " + j.ID }

// terms are those under which it changes missions.
func (j *job) terms() mission.Terms {
	q, why := queryOf(j.Filter), j.mark()
	if j.Reason != "" {
		why += ": " + j.Reason
	}
	return mission.Terms{Why: why, Fits: func(m contracts.Mission) bool { return q.Fits(m) && !asked(j.BulkRequest, m) }}
}

// tally counts what became of missions.
type tally struct {
	changed, failed int
	skipped         map[string]int
	failures        []contracts.BulkFailure
}

func (t *tally) skip(reason string) {
	if t.skipped == nil {
		t.skipped = map[string]int{}
	}
	t.skipped[reason]++
}

// note counts what became of one mission.
func (t *tally) note(id string, err error) {
	var state *mission.StateError
	var adoptable *mission.AdoptableError
	var taken *mission.TakenError
	switch {
	case err == nil:
		t.changed++
	case errors.Is(err, mission.ErrNotMeant):
		t.skip(contracts.BulkSkippedChanged)
	case errors.Is(err, store.ErrNotFound):
		t.skip(contracts.BulkSkippedGone)
	case errors.As(err, &state) && state.Overdue:
		t.skip(contracts.BulkSkippedOverdue)
	case errors.As(err, &taken):
		t.skip(contracts.BulkSkippedTaken)
	case errors.As(err, &state):
		t.skip(strings.ToLower(string(state.Status)))
	case errors.As(err, &adoptable):
		t.skip(contracts.BulkSkippedAdoptable)
	default:
		t.failed++
		message := err.Error()
		if len(message) > maxMessage {
			message = strings.ToValidUTF8(message[:maxMessage], "")
		}
		t.failures = append(t.failures, contracts.BulkFailure{MissionID: id, Message: message})
	}
}

// count adds to what the job has done.
func (j *job) count(t tally) {
	j.Changed += t.changed
	j.Failed += t.failed
	for reason, n := range t.skipped {
		if j.Skipped == nil {
			j.Skipped = map[string]int{}
		}
		j.Skipped[reason] += n
	}
	room := max(0, contracts.MaxBulkFailures-len(j.Failures))
	j.Failures = append(j.Failures, t.failures[:min(room, len(t.failures))]...)
}
