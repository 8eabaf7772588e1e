package live

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/mattn/go-runewidth"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.Local)

func at(seconds float64) contracts.Time {
	return contracts.At(noon.Add(time.Duration(seconds * float64(time.Second))))
}

func missionOf(n int, status contracts.Status, version int64) contracts.Mission {
	m := contracts.Mission{
		MissionID: fmt.Sprintf("0193a5b0-7c1e-7d7a-9c3b-%012d", n), Name: fmt.Sprintf("recon over sector %d", n), Kind: "simulate",
		Squad: "default", Status: status, Version: version, CreatedAt: at(-60), UpdatedAt: at(float64(n) / 100),
	}
	if status != contracts.StatusQueued {
		m.StartedAt, m.SoldierID = at(-30+float64(n)/100), "soldier-1"
	}
	if status.Terminal() {
		m.FinishedAt = m.UpdatedAt
	}
	if status == contracts.StatusFailed {
		m.Error = &contracts.MissionError{Code: "failed", Message: "the bridge is out"}
	}
	return m
}

// busy is a picture with all that there can be.
func busy() Picture {
	m := NewModel(Filter{}, noon)
	m.link = Link{Live: true, Since: noon, Stood: true}
	m.stats = &client.Stats{
		Counts: map[contracts.Status]int64{
			contracts.StatusScheduled: 3, contracts.StatusQueued: 12_345, contracts.StatusInProgress: 40, contracts.StatusCompleted: 1_234_567,
			contracts.StatusFailed: 12,
		},
		Rates:  client.Rates{CreatedPerMinute: 6_000, CompletedPerMinute: 5_900, FailedPerMinute: 3},
		Queues: []client.QueueDepth{{Name: "status_queue", Consumers: 1}, {Name: "orders_queue", Ready: 12_000, Consumers: 3}, {Name: "orders_queue.heavy.high", Ready: 7}, {Name: "status_refused_queue", Ready: 1}},
	}
	m.fleet = &client.Fleet{Soldiers: []client.Soldier{
		{SoldierID: "soldier-1", State: client.SoldierLive, Slots: 16, Running: make([]contracts.ExecutionRef, 16)},
		{SoldierID: "soldier-2", State: client.SoldierLive, Slots: 16, Draining: true, Running: make([]contracts.ExecutionRef, 2)},
		{SoldierID: "soldier-3", State: client.SoldierDead, Slots: 16},
	}}
	m.health = &client.Health{Status: client.HealthDegraded, Version: "v1", Checks: map[string]client.Check{
		"redis": {Status: "up"}, "rabbitmq": {Status: "down", Error: "connection refused"},
	}}
	for n := range 40 {
		m.put(missionOf(n, contracts.StatusInProgress, 3))
	}
	for n := range 30 {
		m.put(missionOf(100+n, []contracts.Status{contracts.StatusCompleted, contracts.StatusFailed, contracts.StatusCancelled}[n%3], 4))
	}
	return m.Picture("http://127.0.0.1:8080", noon.Add(90*time.Second))
}

func textOf(lines []Line, width int) []string {
	var out []string
	for _, l := range lines {
		out = append(out, strings.TrimRight(l.Render(width, Uncoloured), " "))
	}
	return out
}

func TestViewAt80x24(t *testing.T) {
	want := []string{
		"Mission Control  http://127.0.0.1:8080  live  data of 12:01:30",
		"health   degraded: rabbitmq is away (connection refused)",
		"missions 3 scheduled  12,345 queued  40 in progress  1,234,567 completed",
		"         12 failed  0 cancelled",
		"rates    created 6,000, completed 5,900, failed 3 a minute",
		"queues   orders 12,000  orders_queue.heavy.high 7 that nobody takes",
		"         status_refused 1 set aside  1 empty",
		"fleet    32 of 32 slots in use, 2 soldiers, 1 draining, 1 died of late",
		"",
		"RUNNING 40  longest first, 6 shown",
		"2 m 00 s  …000000000000 soldier-1           simulate   recon over sector 0",
		"1 m 59 s  …000000000001 soldier-1           simulate   recon over sector 1",
		"1 m 59 s  …000000000002 soldier-1           simulate   recon over sector 2",
		"1 m 59 s  …000000000003 soldier-1           simulate   recon over sector 3",
		"1 m 59 s  …000000000004 soldier-1           simulate   recon over sector 4",
		"1 m 59 s  …000000000005 soldier-1           simulate   recon over sector 5",
		"ENDED  newest first",
		"12:00:01 CANCELLED …000000000129 30.0 s    recon over sector 129",
		"12:00:01 FAILED    …000000000128 30.0 s    recon over sector 128  the bridge is…",
		"12:00:01 COMPLETED …000000000127 30.0 s    recon over sector 127",
		"12:00:01 CANCELLED …000000000126 30.0 s    recon over sector 126",
		"12:00:01 FAILED    …000000000125 30.0 s    recon over sector 125  the bridge is…",
		"12:00:01 COMPLETED …000000000124 30.0 s    recon over sector 124",
		"q quit  p pause",
	}
	if diff := cmp.Diff(want, textOf(View(busy(), 80, 24), 80)); diff != "" {
		t.Error(diff)
	}
}

// TestViewFits: whatever is known and however small the terminal, nothing is wider or higher, and nothing moves the cursor.
func TestViewFits(t *testing.T) {
	away := busy()
	away.Link = Link{Since: noon, Stood: true, Heard: noon, Why: strings.Repeat("no answer ", 30)}
	away.Paused = true
	away.Filter = Filter{Status: contracts.StatusFailed, Label: contracts.Label{Key: "team", Value: "blue"}}.String()
	wideText := busy()
	for i := range wideText.Running {
		wideText.Running[i].Name = "作戦🚀" + strings.Repeat("界", 100)
		wideText.Running[i].Note = "\u200d\u0301"
	}
	empty := NewModel(Filter{}, noon).Picture("http://127.0.0.1:8080/\x1b[2J", noon)
	for name, p := range map[string]Picture{"busy": busy(), "away": away, "wide": wideText, "empty": empty} {
		for width := 0; width <= 140; width += 9 {
			for _, height := range []int{0, 1, 2, 5, 9, 10, 11, 12, 13, 24, 60, 100} {
				lines := View(p, width, height)
				if len(lines) > height {
					t.Fatalf("%s at %dx%d: %d lines", name, width, height, len(lines))
				}
				for _, l := range lines {
					plain, coloured := l.Render(width, Uncoloured), l.Render(width, Coloured)
					if runewidth.StringWidth(plain) > width {
						t.Fatalf("%s at %dx%d: too wide: %q", name, width, height, plain)
					}
					if strings.ContainsFunc(plain, unicode.IsControl) {
						t.Fatalf("%s at %dx%d: control characters: %q", name, width, height, plain)
					}
					if strings.Count(coloured, "\x1b[") != 2*strings.Count(coloured, plainAgain) {
						t.Fatalf("%s at %dx%d: a style that does not end: %q", name, width, height, coloured)
					}
				}
			}
		}
	}
}

// TestTheConnectionIsTold in words, with its times.
func TestTheConnectionIsTold(t *testing.T) {
	m := NewModel(Filter{}, noon)
	show := func(now time.Time) string {
		return strings.Join(textOf(View(m.Picture("http://c", now), 100, 24), 100), "\n")
	}
	take := func(e client.Event, after time.Duration) string {
		if _, err := m.Take(e, noon.Add(after)); err != nil {
			t.Fatal(err)
		}
		return show(noon.Add(after))
	}
	refused := client.Event{Type: client.EventDisconnected, Err: errors.New("no commander listens")}
	for _, step := range []struct {
		got  string
		want []string
	}{
		{show(noon), []string{"connecting since 12:00:00", "health   not known yet", "fleet    not known yet"}},
		{take(refused, time.Second), []string{"connecting since 12:00:00", "no commander listens"}},
		{take(client.Event{Type: client.EventConnected}, 2*time.Second), []string{"live  data of 12:00:02"}},
		{take(client.Event{Type: client.EventStats, Data: []byte(`{"degraded":true,"as_of":"` + noon.UTC().Format(time.RFC3339) + `"}`)}, 3*time.Second), []string{"live  data of 12:00:03"}},
		{take(client.Event{Type: client.EventHealth, Data: []byte(`{"status":"degraded","checks":{"redis":{"status":"down","error":"EOF"}}}`)}, 3*time.Second),
			[]string{"degraded: redis is away (EOF); what is shown is the commander's memory, as of 12:00:00", "depths are not known now"}},
		{take(refused, 4*time.Second), []string{"reconnecting since 12:00:04", "data of 12:00:04"}},
		{take(refused, 9*time.Second), []string{"reconnecting since 12:00:04", "data of 12:00:04"}},
		{take(client.Event{Type: client.EventConnected}, 10*time.Second), []string{"live  data of 12:00:10"}},
	} {
		for _, want := range step.want {
			if !strings.Contains(step.got, want) {
				t.Errorf("want %q in\n%s", want, step.got)
			}
		}
	}
	if strings.Contains(show(noon), "no commander listens") {
		t.Error("an old failure is still shown")
	}
}
