package journal_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mission-control-dev/mission-control/tools/internal/journal"
)

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, "2026-11-23T"+s+"Z")
	if err != nil {
		panic(err)
	}
	return t
}

func TestRead(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("s1.jsonl", `{"event":"start","mission_id":"old","execution":"x","pid":1,"soldier_id":"s1","at":"2026-11-23T08:00:00Z"}
{"event":"start","mission_id":"a","execution":"e1","run":1,"attempt":1,"soldier_id":"s1","session":"z","pid":1,"at":"2026-11-23T10:00:01.5Z","more":[]}
{"event":"end","mission_id":"a","execution":"e1","run":1,"attempt":1,"soldier_id":"s1","session":"z","pid":1,"at":"2026-11-23T10:00:03Z","outcome":"COMPLETED"}
{"event":"start","mission_id":"other","execution":"e9","soldier_id":"s1","session":"z","pid":1,"at":"2026-11-23T10:00:07Z"}
{"event":"start","mission_id":"a","exec`)
	write("deep/s2.jsonl", `{"event":"start","mission_id":"a","execution":"e0","run":1,"attempt":1,"soldier_id":"s2","session":"y","pid":2,"at":"2026-11-23T10:00:00Z"}
`)
	book, err := journal.Read(dir, at("09:00:00"), func(id string) bool { return id == "a" })
	if err != nil {
		t.Fatal(err)
	}
	one := journal.Process{SoldierID: "s1", Session: "z", PID: 1}
	two := journal.Process{SoldierID: "s2", Session: "y", PID: 2}
	want := journal.Book{
		Files: 2, Torn: 1,
		Executions: []journal.Execution{
			{MissionID: "a", ID: "e0", Run: 1, Attempt: 1, Process: two, Start: at("10:00:00")},
			{MissionID: "a", ID: "e1", Run: 1, Attempt: 1, Process: one, Start: at("10:00:01.5"), End: at("10:00:03"), Outcome: "COMPLETED"},
		},
		Lives: map[journal.Process]journal.Life{
			one: {First: at("10:00:01.5"), Last: at("10:00:07")},
			two: {First: at("10:00:00"), Last: at("10:00:00")},
		},
	}
	if diff := cmp.Diff(want, book); diff != "" {
		t.Error(diff)
	}
}

func TestReadOfNoFolder(t *testing.T) {
	book, err := journal.Read(filepath.Join(t.TempDir(), "absent"), time.Time{}, func(string) bool { return true })
	if err != nil || book.Files != 0 {
		t.Errorf("got %+v, %v", book, err)
	}
}

func TestAssemble(t *testing.T) {
	start := journal.Line{Event: journal.EventStart, MissionID: "a", Execution: "e", PID: 1, At: at("10:00:00")}
	again := start
	again.At = at("10:00:05")
	end := journal.Line{Event: journal.EventEnd, MissionID: "a", Execution: "e", PID: 1, At: at("10:00:09"), Outcome: "FAILED"}
	stranger := end
	stranger.PID = 2

	// An end without a start is nothing; one id that started twice is two executions, and the earlier one ended.
	got := journal.Assemble([]journal.Line{end, stranger, again, start})
	if len(got) != 2 || !got[0].Ended() || got[1].Ended() || !got[0].Start.Equal(start.At) {
		t.Errorf("got %+v", got)
	}
}
