package httpapi

import (
	"reflect"
	"testing"
	"time"

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
