package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// Run runs the suite. newStore returns an empty, started store for each test, and sees to its end.
func Run(t *testing.T, newStore func(t *testing.T) store.Store) {
	for _, group := range []struct {
		name  string
		tests []test
	}{
		{"Peek", peekTests()},
		{"Commit", commitTests()},
		{"CreateAll", createAllTests()},
		{"History", historyTests()},
		{"Outbox", outboxTests()},
		{"Unique keys", uniqueTests()},
		{"Deadlines", deadlineTests()},
		{"Shelf", shelfTests()},
		{"BrokerID", brokerIDTests()},
		{"Sessions", sessionTests()},
		{"Bury", buryTests()},
		{"Trim", trimTests()},
		{"Remove", removeTests()},
		{"Documents", documentTests()},
		{"Telemetry", telemetryTests()},
		{"List", listTests()},
		{"Labels and search", searchTests()},
		{"Oldest", oldestTests()},
		{"Counts of squads", squadCountTests()},
		{"Events", eventTests()},
		{"Epochs", epochTests()},
	} {
		t.Run(group.name, func(t *testing.T) {
			for _, tt := range group.tests {
				t.Run(tt.name, func(t *testing.T) {
					ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
					defer cancel()
					tt.run(&tester{T: t, Store: newStore(t), ctx: ctx})
				})
			}
		})
	}
}

type test struct {
	name string
	run  func(t *tester)
}

// tester is one test with its store. Its methods end the test where the store fails.
type tester struct {
	*testing.T
	store.Store
	ctx context.Context
}

// newID returns an id that sorts after all earlier ones.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// near returns a new mission's id that lies together with all others of that word, and with that idempotency key: where a
// test is about what a store promises of such missions alone. See store.Placer.
func (t *tester) near(word string) string {
	if p, ok := t.Store.(store.Placer); ok {
		return p.Place(newID(), word)
	}
	return newID()
}

// together is near's word where any would do.
const together = "together"

// record returns a mission that was just created.
func record(id string) store.Record {
	return store.Record{Mission: contracts.Mission{
		MissionID: id, Name: "mission " + id[30:], Kind: contracts.DefaultKind, Squad: contracts.DefaultSquad,
		Priority: contracts.PriorityNormal, Status: contracts.StatusQueued, Attempt: 1, MaxAttempts: 1,
		TimeoutSeconds: contracts.DefaultTimeoutSeconds, Payload: []byte(`{"n":1}`),
		CreatedAt: contracts.At(time.UnixMilli(1_700_000_000_000)), UpdatedAt: contracts.At(time.UnixMilli(1_700_000_000_000)),
	}}
}

// create returns the change that creates a mission.
func create(r store.Record) store.Change { return store.Change{Record: r} }

// next returns a change of a mission as it is known to be.
func next(r store.Record, edit func(r *store.Record)) store.Change {
	from := r.Mission.Version
	r = r.Clone()
	edit(&r)
	return store.Change{Record: r, IfVersion: from}
}

func toStatus(status contracts.Status) func(*store.Record) {
	return func(r *store.Record) { r.Mission.Status = status }
}

// granted makes a mission run in a session.
func granted(session string) func(*store.Record) {
	return func(r *store.Record) {
		r.Mission.Status, r.Session, r.Execution = contracts.StatusInProgress, session, "execution-"+session
		r.Mission.Run++
	}
}

// commit commits one change.
func (t *tester) commit(c store.Change) store.Outcome {
	t.Helper()
	outcomes, err := t.Commit(t.ctx, c)
	if err != nil {
		t.Fatalf("Commit: %v", err)
	}
	if len(outcomes) != 1 {
		t.Fatalf("Commit of one change gave %d outcomes", len(outcomes))
	}
	return outcomes[0]
}

// apply commits a change that must be applied, and returns the mission as it then is.
func (t *tester) apply(c store.Change) store.Record {
	t.Helper()
	if o := t.commit(c); o.Code != store.Applied {
		t.Fatalf("Commit: outcome %v, want Applied", o)
	}
	return t.load(c.Record.Mission.MissionID)
}

func (t *tester) wantCode(c store.Change, code store.Code) {
	t.Helper()
	if o := t.commit(c); o.Code != code {
		t.Fatalf("Commit: outcome %v, want code %d", o, code)
	}
}

func (t *tester) load(id string) store.Record {
	t.Helper()
	records, err := t.Load(t.ctx, id)
	if err != nil || len(records) != 1 {
		t.Fatalf("Load(%s): %d records, %v", id, len(records), err)
	}
	return records[0]
}

// now is the store's clock.
func (t *tester) now() time.Time {
	t.Helper()
	now, err := t.Now(t.ctx)
	if err != nil {
		t.Fatalf("Now: %v", err)
	}
	return now
}

// awaitClock returns when the store's clock is past the moment.
func (t *tester) awaitClock(moment time.Time) {
	t.Helper()
	for !t.now().After(moment.Add(time.Millisecond)) {
		t.pause()
	}
}

// pause keeps a loop from spinning.
func (t *tester) pause() {
	t.Helper()
	select {
	case <-time.After(time.Millisecond):
	case <-t.ctx.Done():
		t.Fatal("waited too long")
	}
}

// must ends the test on an error.
func (t *tester) must(err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
