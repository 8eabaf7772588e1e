package attention

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/commander/internal/health"
	"github.com/mission-control-dev/mission-control/commander/internal/limits"
	"github.com/mission-control-dev/mission-control/commander/internal/squads"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/store"
)

// noon is the Now of all pictures.
var noon = contracts.At(time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)) //nolint:gochecknoglobals // a constant

// ago is a time before noon.
func ago(d time.Duration) contracts.Time { return contracts.At(noon.Add(-d)) }

func check(s health.CheckStatus, since time.Duration, text string) health.Check {
	c := health.Check{Status: s, Since: ago(since), CheckedAt: ago(0)}
	if s == health.CheckDown {
		c.Error = text
	} else {
		c.Warning = text
	}
	return c
}

func checks(redis, rabbit health.Check) Part[health.Report] {
	return known(health.Report{Checks: health.Checks{Redis: redis, RabbitMQ: rabbit}})
}

// calm is a picture of a system in which all is well: two soldiers, two squads, nothing waits.
func calm() Picture {
	up := check(health.CheckUp, time.Hour, "")
	return Picture{
		Now: noon, Health: checks(up, up),
		Counts: known(map[contracts.Status]int64{}),
		Fleet:  known(Fleet{Sessions: []store.Session{soldier("soldier-1", "default"), soldier("soldier-2", "default", "gpu")}}),
		Squads: known([]squads.Squad{{Name: "default"}, {Name: "gpu"}}), Limits: known(map[string]limits.Squad{}),
		Waiting: known(Waiting{}), Failures: known([]contracts.FailureGroup{}), Depths: known(map[string]int{}),
		Schedules: known([]contracts.Schedule{}), Bulk: known([]contracts.BulkJob{}),
	}
}

// soldier is one that lives, with two slots and a handler for simulate.
func soldier(id string, squads ...string) store.Session {
	return store.Session{ID: "s-" + id, SoldierID: id, State: store.SessionLive, Squads: squads, Kinds: []string{"simulate"}, Slots: 2, RenewedAt: ago(0)}
}

func dead(id string, seen time.Duration) store.Session {
	s := soldier(id, "default")
	s.ID, s.State, s.RenewedAt = "dead-"+id+seen.String(), store.SessionBuried, ago(seen)
	return s
}

func busy(s store.Session, missions int) store.Session {
	for i := range missions {
		s.Running = append(s.Running, contracts.ExecutionRef{MissionID: fmt.Sprint("m", i)})
	}
	return s
}

func heap(n int, age time.Duration) Heap {
	return Heap{Count: n, Oldest: "the-oldest", Since: ago(age)}
}

func queued(p *Picture, n int64) { p.Counts.Is[contracts.StatusQueued] = n }

// wanted is what a rule shall find: the id, and words of the title, detail and advice, in this order.
type wanted struct {
	id       string
	severity contracts.Severity
	words    string // between bars, each must be somewhere
}

func TestRules(t *testing.T) {
	critical, warning, info := contracts.SeverityCritical, contracts.SeverityWarning, contracts.SeverityInfo
	for name, c := range map[string]struct {
		change func(p *Picture)
		want   []wanted
	}{
		"all is well":      {func(*Picture) {}, nil},
		"nothing is known": {func(p *Picture) { *p = Picture{Now: noon} }, nil},
		"not looked at yet": {func(p *Picture) {
			none := health.Check{Status: health.CheckDown, Error: "not checked yet"}
			p.Health = checks(none, none)
		}, nil},
		"embedded": {func(p *Picture) {
			none := health.Check{Status: health.CheckNotUsed, Since: ago(time.Hour)}
			p.Health = checks(none, none)
		}, nil},
		"redis away": {func(p *Picture) {
			p.Health.Is.Checks.Redis = check(health.CheckDown, 4*time.Minute+10*time.Second, "connection refused")
		}, []wanted{{"redis_away", critical, "Redis is away|Since 11:55:50 UTC, for 4 min: connection refused. Missions can be ordered without an Idempotency-Key|REDIS_URL"}}},
		"rabbitmq away": {func(p *Picture) {
			p.Health.Is.Checks.RabbitMQ = check(health.CheckDown, 25*time.Hour, "blocks publishing:\nlow on disk.")
		}, []wanted{{"rabbitmq_away", critical, "RabbitMQ is away|Since 2026-11-28 11:00:00 UTC, for 1 day 1 h: blocks publishing: low on disk. Redis keeps|disk or memory"}}},
		"both away, the older first": {func(p *Picture) {
			p.Health = checks(check(health.CheckDown, time.Second, "x"), check(health.CheckDown, time.Minute, "y"))
		}, []wanted{
			{"rabbitmq_away", critical, "Redis is away as well, so nothing can be ordered"},
			{"redis_away", critical, "for less than a minute|RabbitMQ is away as well, so nothing can be ordered"},
		}},
		"warnings": {func(p *Picture) {
			p.Health = checks(check(health.CheckWarn, time.Hour, "appendfsync is everysec"), check(health.CheckWarn, 2*time.Hour, "two brokers"))
		}, []wanted{{"rabbitmq_warning", warning, "two brokers."}, {"redis_warning", warning, "appendfsync is everysec."}}},
		"submissions kept": {func(p *Picture) {
			p.Health.Is.Checks.Redis = check(health.CheckDown, time.Minute, "x")
			p.Depths.Is[topology.Submissions] = 1200
		}, []wanted{{"redis_away", critical, ""}, {"submissions_kept", warning, "RabbitMQ keeps 1200 submissions|once Redis is back"}}},
		"submissions are created": {func(p *Picture) { p.Depths.Is[topology.Submissions] = 1 }, []wanted{
			{"submissions_kept", info, "RabbitMQ keeps 1 submission for|are being created now"},
		}},
		"no soldiers, and nothing waits": {func(p *Picture) { p.Fleet.Is.Sessions = nil }, nil},
		"no soldiers": {func(p *Picture) {
			p.Fleet.Is.Sessions = nil
			queued(p, 7)
			p.Waiting.Is.BySquad = map[string]Heap{"gpu": heap(7, time.Hour)}
		}, []wanted{{"no_soldiers", critical, "7 missions wait as QUEUED.|Start a soldier"}}},
		"all soldiers drain": {func(p *Picture) {
			for i := range p.Fleet.Is.Sessions {
				p.Fleet.Is.Sessions[i].Draining = true
			}
			queued(p, 1)
		}, []wanted{{"no_soldiers", critical, "1 mission waits as QUEUED. 2 soldiers drain, and take nothing more."}}},
		"soldiers not known": {func(p *Picture) {
			p.Fleet = Part[Fleet]{}
			queued(p, 7)
			p.Waiting.Is.BySquad = map[string]Heap{"gpu": heap(7, time.Hour)}
		}, nil},
		"a soldier lost": {func(p *Picture) {
			lost := dead("soldier-9", 3*time.Minute)
			p.Fleet.Is.Sessions, p.Fleet.Is.Lost = append(p.Fleet.Is.Sessions, lost), map[string]int{lost.ID: 2}
		}, []wanted{{"soldiers_lost", warning, "1 soldier died with 2 missions in hand|soldier-9 (last heard of at 11:57:00 UTC)|given back to be run again. 1 of them is not back.|memory"}}},
		"soldiers lost that are back, and a drained one": {func(p *Picture) {
			one, two, drained := dead("soldier-1", 3*time.Minute), dead("soldier-2", 5*time.Minute), dead("soldier-8", time.Minute)
			drained.Draining = true
			p.Fleet.Is.Sessions = append(p.Fleet.Is.Sessions, one, two, drained)
			p.Fleet.Is.Lost = map[string]int{one.ID: 1, two.ID: 1}
		}, []wanted{{"soldiers_lost", info, "2 soldiers died with 2 missions in hand|soldier-1|soldier-2|All are back.|Nothing has to be done"}}},
		"soldiers gone that ran nothing": {func(p *Picture) {
			for i := range 5 {
				p.Fleet.Is.Sessions = append(p.Fleet.Is.Sessions, dead(fmt.Sprint("worker-", i), time.Duration(i+1)*time.Minute))
			}
			p.Fleet.Is.Sessions = append(p.Fleet.Is.Sessions, dead("soldier-1", time.Minute)) // which is back
		}, []wanted{{"soldiers_lost", info, "5 soldiers are gone|worker-0 (last heard of at 11:59:00 UTC), worker-1|and 2 more."}}},
		"a soldier drains for long": {func(p *Picture) {
			s := &p.Fleet.Is.Sessions[0]
			*s = busy(*s, 1)
			s.Draining = true
			p.Fleet.Is.Draining = map[string]contracts.Time{s.ID: ago(longDrain)}
		}, []wanted{{"soldier_draining:s-soldier-1", info, "Soldier soldier-1 drains for long|Since 11:50:00 UTC, for 10 min: it still runs 1 mission"}}},
		"a soldier drains": {func(p *Picture) {
			s := &p.Fleet.Is.Sessions[0]
			s.Draining = true
			p.Fleet.Is.Draining = map[string]contracts.Time{s.ID: ago(longDrain - time.Second)}
		}, nil},
		"a squad that nobody serves": {func(p *Picture) {
			p.Squads.Is = append(p.Squads.Is, squads.Squad{Name: "mail"}, squads.Squad{Name: "idle"})
			p.Waiting.Is.BySquad = map[string]Heap{"mail": heap(3, 90*time.Second)}
		}, []wanted{{"squad_unserved:mail", warning, "No soldier serves squad mail|3 missions wait, the oldest of them for 1 min.|SOLDIER_SQUADS=mail"}}},
		"a squad whose soldier drains": {func(p *Picture) {
			p.Fleet.Is.Sessions[1].Draining = true
			p.Waiting.Is.BySquad = map[string]Heap{"gpu": {Count: 100, More: true, Since: ago(2 * time.Hour)}}
		}, []wanted{{"squad_unserved:gpu", warning, "At least 100 missions wait."}}},
		"a kind that nobody serves": {func(p *Picture) {
			p.Waiting.Is.ByKind = map[KindOf]Heap{{"default", "resize"}: heap(1, time.Minute), {"gpu", "simulate"}: heap(5, time.Minute), {"mail", "resize"}: heap(1, time.Minute)}
		}, []wanted{{"kind_unserved:default:resize", warning, "No soldier of squad default has a handler for kind resize|1 mission waits, for 1 min. 2 soldiers of squad default have no handler for it.|misspelt"}}},
		"soldiers that name no kinds": {func(p *Picture) {
			p.Fleet.Is.Sessions[1].Kinds = nil
			p.Waiting.Is.ByKind = map[KindOf]Heap{{"default", "resize"}: heap(1, time.Minute)}
		}, nil},
		"a kind that another squad serves": {func(p *Picture) {
			p.Fleet.Is.Sessions[1].Squads, p.Fleet.Is.Sessions[1].Kinds = []string{"gpu"}, []string{"render"}
			p.Waiting.Is.ByKind = map[KindOf]Heap{{"default", "render"}: heap(1, time.Minute)}
		}, []wanted{{"kind_unserved:default:render", warning, "1 soldier of squad default has no handler for it. Soldiers of other squads have one: soldier-2."}}},
		"a squad is paused": {func(p *Picture) {
			p.Squads.Is[1].Paused = true
			p.Waiting.Is.BySquad = map[string]Heap{"gpu": heap(12, 2*time.Hour)}
			p.Waiting.Is.ByKind = map[KindOf]Heap{{"gpu", "render"}: heap(1, time.Minute)}
		}, []wanted{{"squad_paused:gpu", info, "Squad gpu is paused|12 missions wait|Resume it"}}},
		"a squad is paused, and Redis away": {func(p *Picture) {
			p.Squads.Is[0].Paused, p.Waiting = true, Part[Waiting]{}
		}, []wanted{{"squad_paused:default", info, "None of its missions starts."}}},
		"missions wait for slots": {func(p *Picture) {
			for i, s := range p.Fleet.Is.Sessions {
				p.Fleet.Is.Sessions[i] = busy(s, 2)
			}
			p.Waiting.Is.BySquad = map[string]Heap{"default": {Count: 9, Keyed: 2, Oldest: "m", Since: ago(7 * time.Minute)}}
		}, []wanted{{"waiting_long:default", warning, "Missions of squad default wait for more than 5 min|9 missions wait, the oldest of them for 7 min. None of the 4 slots of its 2 soldiers is free. 2 of them have a concurrency key|Start more soldiers"}}},
		"missions wait though slots are free": {func(p *Picture) {
			p.Fleet.Is.Sessions[1] = busy(p.Fleet.Is.Sessions[1], 1)
			p.Waiting.Is.BySquad = map[string]Heap{"gpu": heap(1, 7*time.Minute)}
		}, []wanted{{"waiting_long:gpu", warning, "1 of the 2 slots of its 1 soldier is free.|status_reason"}}},
		"missions wait for their keys": {func(p *Picture) {
			p.Waiting.Is.BySquad = map[string]Heap{"gpu": {Count: 3, Keyed: 3, Oldest: "m", Since: ago(7 * time.Minute)}}
		}, []wanted{{"waiting_long:gpu", warning, "2 of the 2 slots of its 1 soldier are free, and all who wait have a concurrency key|missionctl limits"}}},
		"missions wait for the squad's limit": {func(p *Picture) {
			p.Limits.Is["gpu"] = limits.Squad{MaxRunning: 4, Gate: store.Gate{Admitted: 4, Waiting: 30}}
			p.Waiting.Is.BySquad = map[string]Heap{"gpu": heap(30, 7*time.Minute)}
		}, []wanted{{"waiting_long:gpu", warning, "The squad may run 4 at once, and 30 missions wait for a place.|missionctl squads limit gpu N"}}},
		"attempts fail alike": {func(p *Picture) {
			p.Failures.Is = []contracts.FailureGroup{
				{Kind: "mail", Code: "error", Message: "smtp: connection refused", Count: 37, FirstAt: ago(50 * time.Minute), LastAt: ago(time.Minute), MissionID: "m"},
				{Kind: "mail", Code: "error", Message: "other", Count: alike - 1, FirstAt: ago(time.Minute), LastAt: ago(0)},
			}
		}, []wanted{{"failing_alike:" + shape(contracts.FailureGroup{Kind: "mail", Code: "error", Message: "smtp: connection refused"}), warning,
			"37 attempts of kind mail failed with the same error|from 11:10:00 UTC to 11:59:00 UTC: error, smtp: connection refused.|missionctl retry --status FAILED --kind mail"}}},
		"set aside": {func(p *Picture) {
			p.Depths.Is = map[string]int{topology.StatusRefused: 1, topology.OrdersDead: 12, topology.SubmissionsRefused: 0}
		}, []wanted{
			{"set_aside:orders_dead_queue", warning, "12 messages are set aside in orders_dead_queue"},
			{"set_aside:status_refused_queue", warning, "1 message is set aside in status_refused_queue"},
		}},
		"runs skipped": {func(p *Picture) {
			p.Schedules.Is = []contracts.Schedule{
				{Name: "nightly", Runs: []contracts.ScheduleRun{
					{At: ago(time.Hour), MissionID: "m"},
					{At: ago(3 * time.Hour), Until: ago(2 * time.Hour), Skipped: contracts.SkippedRefused, Detail: "unique_key is taken."},
					{At: ago(25 * time.Hour), Until: ago(23 * time.Hour), Skipped: contracts.SkippedOverlap},
					{At: ago(50 * time.Hour), Skipped: contracts.SkippedMissed},
				}},
				{Name: "often", Runs: []contracts.ScheduleRun{{At: ago(time.Minute), Skipped: contracts.SkippedOverlap}}},
				{Name: "fine", Runs: []contracts.ScheduleRun{{At: ago(time.Minute), MissionID: "m"}, {At: ago(25 * time.Hour), Skipped: contracts.SkippedMissed}}},
			}
		}, []wanted{
			{"schedule_skips:nightly", warning, "Schedule nightly skipped runs|2 times within the last day, the latest of 10:00:00 UTC: its mission could not be created: unique_key is taken."},
			{"schedule_skips:often", info, "1 time within the last day, the latest of 11:59:00 UTC: its last mission had not ended."},
		}},
		"a schedule is paused": {func(p *Picture) {
			p.Schedules.Is = []contracts.Schedule{{Name: "nightly", Paused: true, UpdatedAt: ago(24 * time.Hour)}}
		}, []wanted{{"schedule_paused:nightly", info, "It was last changed at 2026-11-28 12:00:00 UTC."}}},
		"bulk jobs failed": {func(p *Picture) {
			job := func(id string, s contracts.BulkState, failed int, ended time.Duration) contracts.BulkJob {
				j := contracts.BulkJob{ID: id, State: s, Failed: failed, Matched: 12, Changed: 3, FinishedAt: ago(ended), BulkRequest: contracts.BulkRequest{Action: contracts.BulkRetry}}
				if failed > 0 {
					j.Failures = []contracts.BulkFailure{{Message: "try again"}}
				}
				return j
			}
			gaveUp := job("a", contracts.BulkFailed, 0, time.Hour)
			gaveUp.Error = "it can't be read"
			p.Bulk.Is = []contracts.BulkJob{
				gaveUp, job("b", contracts.BulkDone, 9, 2*time.Hour), job("c", contracts.BulkDone, 0, time.Hour), job("d", contracts.BulkFailed, 9, 25*time.Hour),
				{ID: "e", State: contracts.BulkRunning, Failed: 1},
			}
		}, []wanted{
			{"bulk_failed:b", warning, "A bulk retry could not change 9 missions|It changed 3 of 12 missions that it chose. The first failure: try again."},
			{"bulk_failed:a", warning, "A bulk retry gave up|it can't be read. It changed 3 of 12"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			p := calm()
			c.change(&p)
			items, seen := judge(p)
			compare(t, items, c.want)
			for _, item := range items {
				if at, ok := seen[item.ID]; !ok || !at.Equal(noon.Time) {
					t.Errorf("%s was first seen at %v", item.ID, at)
				}
			}
		})
	}
}

func compare(t *testing.T, items []contracts.AttentionItem, want []wanted) {
	t.Helper()
	if len(items) != len(want) {
		t.Fatalf("got %+v, want %d", items, len(want))
	}
	for i, w := range want {
		got := items[i]
		if got.ID != w.id || got.Severity != w.severity || codeOf(got.ID) != got.Code {
			t.Errorf("item %d is %s %s (%s), want %s %s", i, got.Severity, got.ID, got.Code, w.severity, w.id)
		}
		text := got.Title + "\n" + got.Detail + "\n" + got.Advice
		for words := range strings.SplitSeq(w.words, "|") {
			if !strings.Contains(text, words) {
				t.Errorf("%s lacks %q:\n%s", got.ID, words, text)
			}
		}
		if got.Since.IsZero() || got.Since.After(noon.Time) || strings.HasSuffix(got.Title, ".") || !strings.HasSuffix(got.Detail, ".") || !strings.HasSuffix(got.Advice, ".") && !strings.HasSuffix(got.Advice, "?") {
			t.Errorf("%+v", got)
		}
		if strings.ContainsAny(text, "!%") || strings.Contains(text, "  ") || strings.Contains(text, "..") {
			t.Errorf("%s says\n%s", got.ID, text)
		}
	}
}

// TestEveryCodeHasARule, and each rule gives no codes but its own.
func TestEveryCodeHasARule(t *testing.T) {
	named := map[contracts.AttentionCode]int{}
	for _, r := range rules() {
		for _, code := range r.codes {
			named[code]++
		}
	}
	text := contracts.OpenAPI()
	for code, n := range named {
		if n != 1 {
			t.Errorf("%s is that of %d rules", code, n)
		}
		if !strings.Contains(text, "`"+string(code)+"`") {
			t.Errorf("openapi.yaml does not name %s", code)
		}
	}
}

// TestSinceLastsAsLongAsItsCause: a rule that can't judge for a while does not begin anew.
func TestSinceLastsAsLongAsItsCause(t *testing.T) {
	p := calm()
	p.Squads.Is = append(p.Squads.Is, squads.Squad{Name: "mail"})
	p.Waiting.Is.BySquad = map[string]Heap{"mail": heap(3, time.Hour)}
	began := noon
	look := func(after time.Duration, want bool) {
		t.Helper()
		p.Now = contracts.At(p.Now.Add(after))
		items, seen := judge(p)
		p.Seen = seen
		if want != (len(items) == 1) {
			t.Fatalf("got %+v", items)
		}
		if want && !items[0].Since.Equal(began.Time) {
			t.Errorf("since %v, want %v", items[0].Since, began)
		}
	}
	look(0, true)
	look(time.Minute, true)
	p.Waiting.Known = false
	look(time.Minute, false)
	p.Waiting.Known = true
	look(time.Minute, true)
	p.Waiting.Is.BySquad = nil
	look(time.Minute, false)
	p.Waiting.Is.BySquad = map[string]Heap{"mail": heap(3, time.Hour)}
	began = contracts.At(p.Now.Add(time.Minute))
	look(time.Minute, true)
}

// TestTheShapeOfAnErrorIsThatOfItsGroup.
func TestTheShapeOfAnErrorIsThatOfItsGroup(t *testing.T) {
	of := func(message string) string {
		return shape(contracts.FailureGroup{Kind: "mail", Code: "error", Message: message})
	}
	same := []string{
		`order 12 of "ann" failed after 3.5s: 550e8400-e29b-41d4-a716-446655440000`,
		`order 1347 of "bob" failed after 12.25s: 00000000-e29b-41d4-a716-44665544ffff`,
	}
	if of(same[0]) != of(same[1]) {
		t.Errorf("%q and %q are not alike", same[0], same[1])
	}
	for _, other := range []string{"order of ann failed", "order 12 failed"} {
		if of(other) == of(same[0]) {
			t.Errorf("%q is like %q", other, same[0])
		}
	}
}

func TestNoMoreThanMayBe(t *testing.T) {
	p := calm()
	for i := range 2 * contracts.MaxAttention {
		p.Schedules.Is = append(p.Schedules.Is, contracts.Schedule{Name: fmt.Sprint("s", i), Paused: true, UpdatedAt: ago(time.Duration(i) * time.Minute)})
	}
	p.Health.Is.Checks.Redis = check(health.CheckDown, 0, "x")
	items, _ := judge(p)
	if len(items) != contracts.MaxAttention || items[0].Code != contracts.AttentionRedisAway || items[1].Schedule != fmt.Sprint("s", 2*contracts.MaxAttention-1) {
		t.Errorf("%d items: %+v", len(items), items[:2])
	}
	if !slices.IsSortedFunc(items[1:], func(a, b contracts.AttentionItem) int { return a.Since.Compare(b.Since.Time) }) {
		t.Error("not the oldest first")
	}
}

func TestSpan(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"less than a minute": 59 * time.Second, "1 min": 119 * time.Second, "59 min": time.Hour - 1, "1 h 0 min": time.Hour,
		"23 h 59 min": 24*time.Hour - 1, "1 day 0 h": 24 * time.Hour, "3 days 4 h": 76 * time.Hour,
	} {
		if got := span(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}
