package httpapi

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/commander/internal/events"
	"github.com/mission-control-dev/mission-control/contracts"
)

func TestAttention(t *testing.T) {
	s := newTestServer(t, Config{})
	if a := s.do("GET", "/attention", ""); a.status != 503 || a.problem(t).Code != "store_unavailable" {
		t.Errorf("before the first look: %d %s", a.status, a.body)
	}
	at := contracts.At(time.UnixMilli(1_764_407_000_123))
	want := contracts.Attention{CheckedAt: at, Items: []contracts.AttentionItem{
		{
			ID: "failing_alike:1", Code: contracts.AttentionFailingAlike, Severity: contracts.SeverityWarning, Title: "T", Detail: "D.", Advice: "A.",
			Since: at, Count: 37, Squad: "mail", Kind: "resize", Status: contracts.StatusFailed, Schedule: "nightly", SoldierID: "soldier-1",
			MissionID: s.create("one").MissionID, BulkID: "b", Queue: "orders_dead_queue",
		},
		{ID: "redis_away", Code: contracts.AttentionRedisAway, Severity: contracts.SeverityCritical, Title: "Redis is away"},
	}}
	for _, is := range []contracts.Attention{want, {Items: []contracts.AttentionItem{}, CheckedAt: at}} {
		s.attention.is.Store(&is)
		var got contracts.Attention
		if a := s.do("GET", "/attention", ""); a.status != 200 || decodeJSON(a.body, &got) != nil || !reflect.DeepEqual(got, is) {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	if a := s.do("GET", "/attention?limit=1", ""); a.status != 422 {
		t.Errorf("a parameter that there is not: %d %s", a.status, a.body)
	}
}

// TestTheTopicAttention is told when its items change, not with each look.
func TestTheTopicAttention(t *testing.T) {
	s := newTestServer(t, Config{Streams: events.Config{TopicEvery: 5 * time.Millisecond, Heartbeat: 20 * time.Millisecond}})
	say := func(second int64, titles ...string) {
		is := contracts.Attention{Items: []contracts.AttentionItem{}, CheckedAt: contracts.FromMillis(1_764_407_000_000 + 1000*second)}
		for _, title := range titles {
			is.Items = append(is.Items, contracts.AttentionItem{ID: title, Code: contracts.AttentionRedisAway, Severity: contracts.SeverityCritical, Title: title})
		}
		s.attention.is.Store(&is)
	}
	say(0, "first")
	c := s.openStream("/events?topics=attention")
	e := c.nextOf("attention")
	checkSchema(t, loadContract(t), "Attention", []byte(e.data))
	for beats := 0; beats < 5; {
		say(int64(1+beats), "first")
		switch e := c.next("anything", func(sseEvent) bool { return true }); {
		case e.comment:
			beats++
		case e.kind == "attention":
			t.Fatalf("sent again: %s", e.data)
		}
	}
	say(6, "first", "second")
	c.next("the second item", func(e sseEvent) bool { return e.kind == "attention" && strings.Contains(e.data, "second") })
}
