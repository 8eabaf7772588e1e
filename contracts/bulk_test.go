package contracts

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestABulkRequestMeansSomething(t *testing.T) {
	for _, r := range []BulkRequest{
		{Action: BulkCancel, All: true},
		{Action: BulkRetry, Filter: BulkFilter{Status: StatusFailed}, Reason: strings.Repeat("é", MaxBulkReason)},
		{Action: BulkPurge, Filter: BulkFilter{Kind: "a", Squad: "b", Label: "team:", Query: "a name"}},
	} {
		if err := r.Validate(); err != nil {
			t.Errorf("%+v: %v", r, err)
		}
	}
	for field, r := range map[string]BulkRequest{
		"action":        {Action: "drop", All: true},
		"filter":        {Action: BulkCancel},
		"all":           {Action: BulkCancel, All: true, Filter: BulkFilter{Kind: "a"}},
		"filter.status": {Action: BulkCancel, Filter: BulkFilter{Status: StatusFailed}},
		"filter.kind":   {Action: BulkCancel, Filter: BulkFilter{Kind: "A"}},
		"filter.squad":  {Action: BulkCancel, Filter: BulkFilter{Squad: "a b"}},
		"filter.label":  {Action: BulkCancel, Filter: BulkFilter{Label: "team"}},
		"filter.q":      {Action: BulkCancel, Filter: BulkFilter{Query: " a"}},
		"reason":        {Action: BulkCancel, All: true, Reason: "a\nb"},
	} {
		var invalid *ValidationError
		if err := r.Validate(); !errors.As(err, &invalid) || len(invalid.Fields) != 1 || invalid.Fields[0].Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// TestBulkActionsFitTheTransitions: what an action says that it can change, the table of transitions lets it.
func TestBulkActionsFitTheTransitions(t *testing.T) {
	from := func(cause Cause, to Status) (all []Status) {
		for _, x := range Transitions() {
			if x.To == to && slices.Contains(x.Causes, cause) {
				all = append(all, x.From)
			}
		}
		return all
	}
	for action, want := range map[BulkAction][]Status{
		BulkCancel: from(CauseCancel, StatusCancelled), BulkRetry: from(CauseOperatorRetry, StatusQueued),
	} {
		got := action.Statuses()
		for _, s := range want {
			if !slices.Contains(got, s) {
				t.Errorf("%s leaves out %s", action, s)
			}
		}
	}
	for _, s := range Statuses() {
		if s.Terminal() != slices.Contains(BulkPurge.Statuses(), s) {
			t.Errorf("purge and %s", s)
		}
	}
}

func TestFirstMissionID(t *testing.T) {
	at := At(time.UnixMilli(1_764_407_000_123))
	id := FirstMissionID(at)
	if !ValidMissionID(id) {
		t.Errorf("%q", id)
	}
	if next := FirstMissionID(At(at.Add(time.Millisecond))); id >= next || len(next) != len(id) {
		t.Errorf("%q, then %q", id, next)
	}
	if of := id[:14] + "7" + id[15:]; of <= id {
		t.Errorf("%q is not before %q", id, of)
	} else if created, ok := MissionCreated(of); !ok || !created.Equal(at.Time) {
		t.Errorf("%q was created at %v", of, created)
	}
}
