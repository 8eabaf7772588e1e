package live

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
)

func eventOf(t *testing.T, m contracts.Mission) client.Event {
	t.Helper()
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return client.Event{Type: client.EventMission, Data: b}
}

func ids(rows []Row) []string {
	out := []string{}
	for _, r := range rows {
		out = append(out, r.ID[len(r.ID)-2:]+" "+string(r.Status))
	}
	return out
}

// TestOldPicturesChangeNothing: events may come twice and in the wrong order, and a list may be older than events.
func TestOldPicturesChangeNothing(t *testing.T) {
	m := NewModel(Filter{}, noon)
	check := func(what string, running, latest []string) {
		t.Helper()
		p := m.Picture("", noon)
		if diff := cmp.Diff([][]string{running, latest}, [][]string{ids(p.Running), ids(p.Latest)}); diff != "" {
			t.Errorf("%s:\n%s", what, diff)
		}
	}
	one := func(status contracts.Status, version int64) contracts.Mission { return missionOf(1, status, version) }
	m.put(one(contracts.StatusCompleted, 3))
	m.put(one(contracts.StatusInProgress, 2))
	check("an end, and an older picture", []string{}, []string{"01 COMPLETED"})
	m.put(one(contracts.StatusCompleted, 3))
	m.TakeList([]contracts.Mission{one(contracts.StatusInProgress, 2), missionOf(2, contracts.StatusInProgress, 2)})
	check("the same again, and an older list", []string{"02 IN_PROGRESS"}, []string{"01 COMPLETED"})
	if list, err := m.Take(client.Event{Type: client.EventReset}, noon); !list || err != nil {
		t.Errorf("after a reset nothing is listed: %v", err)
	}
	check("a reset", []string{}, []string{"01 COMPLETED"})
	m.TakeList([]contracts.Mission{missionOf(2, contracts.StatusInProgress, 2), one(contracts.StatusCompleted, 3)})
	check("the list after it", []string{"02 IN_PROGRESS"}, []string{"01 COMPLETED"})
	m.put(missionOf(2, contracts.StatusQueued, 3)) // given back
	check("a release", []string{}, []string{"01 COMPLETED"})
}

func TestFilters(t *testing.T) {
	blue := missionOf(1, contracts.StatusFailed, 2)
	blue.Labels = map[string]string{"team": "blue"}
	for f, want := range map[Filter]bool{
		{}:                               true,
		{Kind: "simulate"}:               true,
		{Kind: "resize"}:                 false,
		{Squad: "default"}:               true,
		{Squad: "heavy"}:                 false,
		{Status: contracts.StatusFailed}: true,
		{Status: contracts.StatusQueued}: false,
		{Label: contracts.Label{Key: "team", Value: "blue"}}: true,
		{Label: contracts.Label{Key: "team", Value: "red"}}:  false,
		{Label: contracts.Label{Key: "env"}}:                 false,
	} {
		m := NewModel(f, noon)
		if _, err := m.Take(eventOf(t, blue), noon); err != nil {
			t.Fatal(err)
		}
		if got := len(m.Picture("", noon).Latest) == 1; got != want || f.Fits(blue) != want {
			t.Errorf("%q: shown %v, fits %v, want %v", f, got, f.Fits(blue), want)
		}
	}
	m := NewModel(Filter{Status: contracts.StatusQueued}, noon)
	m.put(missionOf(1, contracts.StatusQueued, 1))
	m.put(missionOf(1, contracts.StatusInProgress, 2))
	p := m.Picture("", noon)
	if len(p.Latest) != 1 || len(p.Running) != 0 || p.LatestOf != "QUEUED" || p.ListsRunning {
		t.Errorf("of QUEUED: %+v", p)
	}
}

// TestMemoryIsBounded, however many missions come.
func TestMemoryIsBounded(t *testing.T) {
	m := NewModel(Filter{}, noon)
	for n := range maxSeen + maxRunning {
		m.put(missionOf(n, contracts.StatusInProgress, 1))
		m.put(missionOf(n+1_000_000, contracts.StatusCompleted, 1))
	}
	if len(m.running) != maxRunning || len(m.latest) > 2*maxLatest || len(m.seen)+len(m.seenBefore) > 2*maxSeen || !m.more {
		t.Error(m)
	}
	if p := m.Picture("", noon); len(p.Latest) != maxLatest || !p.More {
		t.Errorf("%d latest, more %v", len(p.Latest), p.More)
	}
}

func TestNonsenseIsAnError(t *testing.T) {
	for _, e := range []client.EventType{client.EventMission, client.EventStats, client.EventSoldiers, client.EventHealth} {
		if _, err := NewModel(Filter{}, noon).Take(client.Event{Type: e, Data: []byte("[")}, noon); err == nil {
			t.Errorf("%s: no error", e)
		}
	}
	if list, err := NewModel(Filter{}, noon).Take(client.Event{Type: "of a later release", Data: []byte("[")}, noon); list || err != nil {
		t.Errorf("a type that nobody knows: %v, %v", list, err)
	}
}
