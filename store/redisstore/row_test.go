package redisstore

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// usual is a mission as most are once they have ended.
func usual() store.Record {
	at := func(s int64) contracts.Time { return contracts.FromMillis(1_700_000_000_123 + s*1000) }
	return store.Record{
		Mission: contracts.Mission{
			MissionID: uuid.Must(uuid.NewV7()).String(), Name: "mission 17", Kind: "resize", Payload: []byte(`{"min_seconds":0}`),
			Priority: contracts.PriorityNormal, Squad: contracts.DefaultSquad, Labels: map[string]string{"team": "blue"},
			Status: contracts.StatusCompleted, Attempt: 1, MaxAttempts: 1, Run: 1, TimeoutSeconds: 300, Progress: 100,
			SoldierID: "soldier-1", Result: []byte(`{"slept_seconds":7.25}`), CreatedAt: at(0), UpdatedAt: at(3), StartedAt: at(1),
			FinishedAt: at(3), Version: 3,
		},
		Recorded: uuid.NewString(),
	}
}

func lines() []contracts.HistoryLine {
	return []contracts.HistoryLine{
		{MadeAt: contracts.FromMillis(5), RecordedAt: contracts.FromMillis(7), Status: contracts.StatusCompleted,
			Cause: contracts.CauseCompleted, Attempt: 1, Run: 2, SoldierID: "soldier-1"},
		{},
		{RecordedAt: contracts.FromMillis(1), Status: "RELEASED", Message: "late", Refused: true},
	}
}

// rowOf is the row that lua/apply.lua makes of a creation.
func rowOf(r store.Record, lines []contracts.HistoryLine) string {
	b := append(put64([]byte{rowLayout}, 17), 0, 0, 0, 9)
	b = putSection(b, func(b []byte) []byte { return putFixed(b, r.Mission) })
	return string(putTail(putLines(b, lines), r, r.Mission.Version))
}

func TestARowIsReadAsItWasWritten(t *testing.T) {
	failed := usual()
	failed.Mission.Error, failed.Mission.Labels = &contracts.MissionError{Code: "x"}, nil
	failed.Execution, failed.Recorded, failed.Session = "no UUID", "", "session|1"
	failed.Mission.Squad, failed.Mission.Kind, failed.Mission.Priority = "", "", contracts.PriorityHigh
	failed.Mission.Retry = &contracts.Retry{DelaySeconds: 86400, Factor: 9.99, MaxDelaySeconds: 604800}
	failed.Mission.UniqueKey, failed.Mission.DeadlineAt = strings.Repeat("k", contracts.MaxUniqueKeySize), contracts.FromMillis(1_700_000_000_123)
	failed.Mission.Run, failed.Mission.RunAt = -1<<62, contracts.FromMillis(-1)
	for _, want := range []store.Record{usual(), failed} {
		got, err := readRow(want.Mission.MissionID, rowOf(want, lines()))
		if err != nil {
			t.Fatal(err)
		}
		history, err := readLines(got.lines)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got.record) + cmp.Diff(lines(), history); d != "" || got.dropped != 9 {
			t.Errorf("%d dropped, %s", got.dropped, d)
		}
	}
}

// A mission that has nothing which is new since has the row that the release before squads, keys and deadlines wrote, byte for byte: either
// release reads the other's.
func TestRowsOfTheReleaseBefore(t *testing.T) {
	const written = "\x02\x00\x00\x00\x00\x00\x00\x00\x11\x00\x00\x00\t\x00\x00\x00N\x00\x00\x00\nmission 17" +
		"\x01\x06resize\x02\x04blue\x03\x04high\x04\x04team\x04blue\x05\xd8\x04\x06\xf6\xa1\xab\xfe\xf9b\b\n\x00\xc8x\x00" +
		"{\"min_seconds\":0}\x00\x00\x00 \x01\n\x02\x04\x03C\x05\tcompleted\x06\x02\a\x04\b\tsoldier-1\x00\x00\x00\x00" +
		"\x00\x00\x00\x14\x02\x02\x04\bRELEASED\t\x04late\n\x02" +
		"\x03\x02\x04\x02\x05\x02\a\xc8\x01\b\tsoldier-1\n\xe6Ы\xfe\xf9b\fƱ\xab\xfe\xf9b\r\xe6Ы\xfe\xf9b\x0f\x00o+K\x0e\r\nK\x8e\x9aI\v\x9d/\x1d|\x11\x00" +
		"{\"slept_seconds\":7.25}session|1\x00\x00\x00\x00\x00\x00\x00\x03C\x00\x00\x00\x00[\x00\t"
	want := usual()
	want.Mission.MissionID, want.Recorded = "0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b", "6f2b4b0e-0d0a-4b8e-9a49-0b9d2f1d7c11"
	want.Mission.Priority, want.Mission.Squad, want.Session = contracts.PriorityHigh, "blue", "session|1"
	want.Mission.Retry = &contracts.Retry{DelaySeconds: 5, Factor: 2, MaxDelaySeconds: 60}
	got, err := readRow(want.Mission.MissionID, written)
	if d := cmp.Diff(want, got.record); err != nil || d != "" {
		t.Error(err, d)
	}
	if now := rowOf(want, lines()); now != written {
		t.Errorf("this release writes %q", now)
	}
}

func TestARowOfAnotherLayoutIsRefused(t *testing.T) {
	text := rowOf(usual(), nil)
	_, err := readRow("id", "\x01"+text[1:])
	if err == nil || !strings.Contains(err.Error(), "its layout is 1, this release knows 2") {
		t.Error(err)
	}
}

func TestIDsInSixteenBytes(t *testing.T) {
	a, b := uuid.Must(uuid.NewV7()).String(), uuid.Must(uuid.NewV7()).String()
	rawA, okA := parseID(a)
	rawB, okB := parseID(b)
	if !okA || !okB || rawA.String() != a || (string(rawA[:]) < string(rawB[:])) != (a < b) {
		t.Errorf("%s is %x, %s is %x", a, rawA, b, rawB)
	}
	for _, id := range []string{"", "m", strings.ToUpper(a), a + "0", uuid.Nil.String()} {
		if raw, ok := parseID(id); ok || raw != (rawID{}) {
			t.Errorf("%q passes for an id", id)
		}
	}
}

// FuzzRow: whatever Redis holds is read, or refused with an error; what is read is the same after another trip.
func FuzzRow(f *testing.F) {
	f.Add(rowOf(usual(), lines()))
	f.Add(rowOf(store.Record{}, nil))
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		first, err := readRow("id", text)
		if err != nil {
			return
		}
		history, err := readLines(first.lines)
		if err != nil || len(first.record.Mission.Payload) > bodyInRow || len(first.record.Mission.Result) > bodyInRow {
			return
		}
		again, err := readRow("id", rowOf(first.record, history))
		if err != nil {
			t.Fatal(err)
		}
		lines, err := readLines(again.lines)
		if d := cmp.Diff(first.record, again.record) + cmp.Diff(history, lines); d != "" || err != nil {
			t.Error(err, d)
		}
	})
}

func BenchmarkEncodeChange(b *testing.B) {
	c := store.Change{Record: usual(), IfVersion: 2, History: lines()[:1]}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := encodeChange(c); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeRecord(b *testing.B) {
	r := usual()
	text := rowOf(r, lines())
	b.ReportAllocs()
	for b.Loop() {
		found, err := readRow(r.Mission.MissionID, text)
		if err != nil || !json.Valid(found.record.Mission.Result) {
			b.Fatal(err)
		}
	}
}
