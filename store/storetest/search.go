package storetest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// named creates a mission, and returns its id.
func (t *tester) named(name string, edit ...func(*store.Record)) string {
	t.Helper()
	r := record(t.near(together))
	r.Mission.Name = name
	for _, e := range edit {
		e(&r)
	}
	return t.apply(create(r)).Mission.MissionID
}

// wantList lists all pages of a query, and compares their missions, which are named oldest first.
func (t *tester) wantList(q store.Query, want ...string) {
	t.Helper()
	for _, q.Limit = range []int{1, 3, contracts.MaxListLimit} {
		var got []string
		for _, m := range t.pages(q, func() {}) {
			got = append([]string{m.MissionID}, got...)
		}
		if d := diff(want, got); d != "" {
			t.Errorf("%+v: %s", q, d)
		}
	}
}

func labelled(labels ...string) func(*store.Record) {
	return func(r *store.Record) {
		r.Mission.Labels = map[string]string{}
		for _, text := range labels {
			k, v, _ := strings.Cut(text, ":")
			r.Mission.Labels[k] = v
		}
	}
}

func searchTests() []test {
	return []test{
		{"a label filters by key and value", func(t *tester) {
			a := t.named("a", labelled("team:blue", "env:prod"))
			b := t.named("b", labelled("team:red", "env:prod"))
			c := t.named("c", labelled("team:blue", "team2:red"))
			t.named("d")
			e := t.named("e", labelled("team:"))
			f := t.named("f", labelled("url:http://x:1 y|z", "\u00fc:\n"))
			for label, want := range map[contracts.Label][]string{
				{}:                                    nil,
				{Key: "team", Value: "blue"}:          {a, c},
				{Key: "team", Value: "red"}:           {b},
				{Key: "env", Value: "prod"}:           {a, b},
				{Key: "team", Value: ""}:              {e},
				{Key: "team", Value: "blu"}:           {},
				{Key: "TEAM", Value: "blue"}:          {},
				{Key: "none", Value: ""}:              {},
				{Key: "url", Value: "http://x:1 y|z"}: {f},
				{Key: "\u00fc", Value: "\n"}:          {f},
			} {
				if want != nil {
					t.wantList(store.Query{Label: label}, want...)
				}
			}
		}},
		{"a label with the other filters", func(t *tester) {
			var all []store.Record
			for i := range 48 {
				r := record(newID())
				r.Mission.Kind = []string{"resize", "simulate"}[i%2]
				labelled("n:"+fmt.Sprint(i%3), "even:"+fmt.Sprint(i%4 == 0))(&r)
				rec := t.apply(create(r))
				if i%5 == 0 {
					rec = t.apply(next(rec, toStatus(contracts.StatusCompleted)))
				}
				all = append(all, rec)
			}
			for _, status := range []contracts.Status{"", contracts.StatusQueued, contracts.StatusCompleted, contracts.StatusFailed} {
				for _, kind := range []string{"", "resize", "none"} {
					for _, squad := range []string{"", "default", "none"} {
						for _, label := range []contracts.Label{{Key: "n", Value: "1"}, {Key: "even", Value: "true"}, {Key: "n", Value: "9"}} {
							q := store.Query{Status: status, Kind: kind, Squad: squad, Label: label}
							var want []string
							for _, r := range all {
								if q.Fits(r.Mission) {
									want = append(want, r.Mission.MissionID)
								}
							}
							t.wantList(q, want...)
						}
					}
				}
			}
		}},
		{"a label stays through every change", func(t *tester) {
			id := t.named("m", labelled("team:blue"))
			r := t.load(id)
			for _, status := range []contracts.Status{contracts.StatusInProgress, contracts.StatusFailed, contracts.StatusQueued} {
				r = t.apply(next(r, func(r *store.Record) { r.Mission.Status, r.Mission.Labels = status, map[string]string{"other": "x"} }))
				t.wantList(store.Query{Label: contracts.Label{Key: "team", Value: "blue"}, Status: status}, id)
				t.wantList(store.Query{Label: contracts.Label{Key: "other", Value: "x"}})
			}
		}},
		{"a search finds names by their beginning", func(t *tester) {
			a := t.named("Recon over sector 7")
			b := t.named("recon")
			c := t.named(`re"con\\ <&> \u2028 ÜBER`)
			d := t.named("über allen")
			e := t.named("RECONNAISSANCE")
			t.named("a recon")
			for search, want := range map[string][]string{
				"":                         nil,
				"recon":                    {a, b, e},
				"RECON":                    {a, b, e},
				"Recon over sector 7":      {a},
				"Recon over sector 77":     {},
				"re":                       {a, b, c, e},
				`re"`:                      {c},
				`re"con\\`:                 {c},
				`RE"CON\\ <&> \u2028 ÜBER`: {c},
				`re"con\\ <&> \u2028 über`: {}, // a to z alone have two forms
				"ü":                        {d},
				"Ü":                        {},
				"sector":                   {},
				"%":                        {}, "*": {}, "[": {},
			} {
				if want != nil {
					t.wantList(store.Query{Search: search}, want...)
				}
			}
			t.wantList(store.Query{Search: "recon", Status: contracts.StatusFailed})
			t.apply(next(t.load(b), toStatus(contracts.StatusFailed)))
			t.wantList(store.Query{Search: "recon", Status: contracts.StatusFailed}, b)
			t.wantList(store.Query{Search: "recon", Status: contracts.StatusQueued, Squad: "default", Kind: "simulate"}, a, e)
		}},
		{"a search finds an id, whole", func(t *tester) {
			a, b := t.named("a", labelled("team:blue")), t.named("b")
			t.named(a) // a name is not looked at where an id is searched for
			for _, id := range []string{a, b} {
				t.wantList(store.Query{Search: id}, id)
				t.wantList(store.Query{Search: id, Status: contracts.StatusQueued}, id)
				t.wantList(store.Query{Search: id, Status: contracts.StatusFailed})
				t.wantList(store.Query{Search: id, Cursor: id})
				t.wantList(store.Query{Search: id, Cursor: newID()}, id)
			}
			t.wantList(store.Query{Search: a, Label: contracts.Label{Key: "team", Value: "blue"}}, a)
			t.wantList(store.Query{Search: b, Label: contracts.Label{Key: "team", Value: "blue"}})
			t.wantList(store.Query{Search: newID()})
			t.wantList(store.Query{Search: b[:35]})
			for _, m := range t.page(store.Query{Search: a, Limit: 1}).Missions {
				if m.Payload != nil {
					t.Error("a list shows a payload")
				}
			}
		}},
		{"a search looks at the newest missions, and says where it was cut", func(t *tester) {
			old := t.named("needle, old", labelled("age:old"))
			edge := t.named("needle at the edge")
			fill := func(n int) {
				for n > 0 {
					changes, _ := t.creations(min(n, contracts.MaxBatchMissions), together)
					n -= len(changes)
					t.createAll(store.Applied, nil, changes...)
				}
			}
			fill(contracts.SearchWindow - 2)
			search := func(q store.Query) (ids []string, cut bool) {
				q.Limit = 10
				for {
					p := t.page(q)
					for _, m := range p.Missions {
						ids = append(ids, m.MissionID)
					}
					if q.Cursor = p.Next; q.Cursor == "" {
						return ids, p.Cut
					}
				}
			}
			if ids, cut := search(store.Query{Search: "NEEDLE"}); cut || !slices.Equal(ids, []string{edge, old}) {
				t.Errorf("as many missions as are looked at: found %v, cut %v", ids, cut)
			}
			young := t.named("needle, young")
			for name, q := range map[string]store.Query{
				"alone": {Search: "needle"}, "with a filter": {Search: "needle", Status: contracts.StatusQueued, Kind: "simulate"},
			} {
				if ids, cut := search(q); !cut || !slices.Equal(ids, []string{young, edge}) {
					t.Errorf("one mission too many, %s: found %v, cut %v", name, ids, cut)
				}
			}
			if ids, cut := search(store.Query{Search: "needle", Label: contracts.Label{Key: "age", Value: "old"}}); !cut || len(ids) != 0 {
				t.Errorf("a label of an old mission: found %v, cut %v", ids, cut)
			}
			if ids, cut := search(store.Query{Search: old}); cut || !slices.Equal(ids, []string{old}) {
				t.Errorf("an old mission's id: found %v, cut %v", ids, cut)
			}
			if p := t.page(store.Query{Limit: 1}); p.Cut {
				t.Error("a list without a search is cut")
			}
		}},
	}
}
