package faults_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/tools/internal/faults"
	"github.com/mission-control-dev/mission-control/tools/internal/faults/check"
	"github.com/mission-control-dev/mission-control/tools/internal/faults/schedule"
)

func TestPrint(t *testing.T) {
	out := faults.Outcome{Seed: 7, Length: 2 * time.Minute, Dir: "/evidence", Report: check.Report{
		Counts: check.Counts{Asked: 12, Accepted: 11, Lost: 1, OnBroker: 3, GoneWithWipe: 4},
		Flow:   110 * time.Second,
		Slow: []check.Slow{
			{What: "submit", Took: 12 * time.Second, Limit: 10 * time.Second, Text: "the first"},
			{What: "submit", Took: -1, Limit: 10 * time.Second, Text: "the worst"},
		},
		Kinds:      []check.KindSum{{Kind: schedule.Cut, Times: 2, RunAgain: 5, Again: 7 * time.Second, Submit: -1}},
		Recoveries: []check.Recovery{{Kind: schedule.Cut, Where: "soldier-1>redis", Lasted: time.Second, Submit: -1, Read: 40 * time.Millisecond}},
	}}
	for i := range 12 {
		out.Violations = append(out.Violations, check.Violation{Code: check.Lost, MissionID: fmt.Sprint("m", i), Text: "gone\x1b[2K"})
	}
	var b bytes.Buffer
	if err := faults.Print(&b, out); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, want := range []string{
		"seed 7, 2m0s, 1 faults", "12 asked, 11 accepted (0.1 a second)", "never", "3 accepted by RabbitMQ alone", "4, excused and not proven",
		"2 submit (at worst never, not within 10.0 s: the worst)", "40 ms", "(m9)", "lost: 2 more", "12 violations; logs, journals and data are in /evidence",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if strings.Contains(text, "(m10)") || strings.Contains(text, "\x1b") {
		t.Errorf("too much is in\n%s", text)
	}
	out.Alone = true
	b.Reset()
	if err := faults.Print(&b, out); err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`cut +2 +never +0 ms +0 ms +5 +7\.0 s +0`).MatchString(b.String()) {
		t.Errorf("no line for the kind in\n%s", b.String())
	}
	raw, err := json.Marshal(out)
	if err != nil || !strings.Contains(string(raw), `"run_again":0`) || !strings.Contains(string(raw), `"violations":[{"code":"lost"`) {
		t.Errorf("%s, %v", raw, err)
	}
}

func TestADrillWithoutProgramsSaysWhatToDo(t *testing.T) {
	_, err := faults.Run(t.Context(), faults.Config{
		Schedule: schedule.Config{Seed: 1, Length: time.Minute}, BinDir: t.TempDir(), Dir: t.TempDir(), Log: t.Logf,
	})
	if err == nil || !strings.Contains(err.Error(), "./task build") {
		t.Errorf("got %v", err)
	}
}
