package dualstore

import (
	"strings"
	"testing"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"pgregory.net/rapid"
)

// The twin stays within its bounds, accounts rightly, and never goes back in version, whatever comes in whatever order.
func TestTheTwinIsBoundedAndNeverGoesBack(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		cfg := Config{
			MaxMissions: rapid.IntRange(1, 8).Draw(r, "missions"), MaxBytes: rapid.Int64Range(2_000, 20_000).Draw(r, "bytes"),
			BodyLimit: rapid.IntRange(1, 400).Draw(r, "body"),
		}
		tw := newTwin(cfg)
		ids := []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}
		seen := map[string]int64{}
		record := func(r *rapid.T) store.Record {
			text := func(name string) string {
				return strings.Repeat("x", rapid.IntRange(0, 800).Draw(r, name))
			}
			return store.Record{Mission: contracts.Mission{
				MissionID: rapid.SampledFrom(ids).Draw(r, "id"), Version: rapid.Int64Range(1, 6).Draw(r, "version"),
				Status: contracts.StatusQueued, Name: text("name"), Payload: []byte(text("payload")), Result: []byte(text("result")),
			}}
		}
		r.Repeat(map[string]func(*rapid.T){
			"changed": func(r *rapid.T) {
				c := store.Change{Record: record(r)}
				c.IfVersion = c.Record.Mission.Version - 1
				for range rapid.IntRange(0, 30).Draw(r, "lines") {
					c.History = append(c.History, contracts.HistoryLine{Message: "message"})
				}
				tw.changed(c)
			},
			"learned": func(r *rapid.T) {
				tw.learned(record(r), rapid.SampledFrom([]place{inFront, behind}).Draw(r, "place"))
			},
			"listed":   func(r *rapid.T) { tw.listed([]contracts.Mission{record(r).Mission.Brief()}) },
			"to front": func(r *rapid.T) { tw.toFront(rapid.SampledFrom(ids).Draw(r, "id")) },
			"forget": func(r *rapid.T) {
				id := rapid.SampledFrom(ids).Draw(r, "id")
				tw.forget(id)
				delete(seen, id)
			},
			"reload": func(r *rapid.T) {
				for _, id := range tw.reload() {
					next := record(r)
					next.Mission.MissionID = id
					if rapid.Bool().Draw(r, "gone") {
						next = store.Record{}
					}
					tw.reloaded(id, next)
					delete(seen, id) // it may go back: the primary is the truth
				}
			},
			"": func(r *rapid.T) {
				var bytes int64
				for id, e := range tw.entries {
					bytes += e.size()
					if e.record.Mission.MissionID != id || e.place.Value.(string) != id {
						r.Fatalf("entry %s is of %s, in the place of %v", id, e.record.Mission.MissionID, e.place.Value)
					}
					if e.version() < seen[id] {
						r.Fatalf("%s went back from version %d to %d", id, seen[id], e.version())
					}
					seen[id] = e.version()
					if len(e.record.Mission.Payload) > cfg.BodyLimit || len(e.record.Mission.Result) > cfg.BodyLimit {
						r.Fatalf("%s has a body over the limit", id)
					}
					if len(e.history) > contracts.MaxHistoryLines {
						r.Fatalf("%s has %d lines", id, len(e.history))
					}
				}
				for id := range seen {
					if tw.entries[id] == nil {
						delete(seen, id) // dropped for room
					}
				}
				if bytes != tw.bytes {
					r.Fatalf("%d bytes are accounted, %d are there", tw.bytes, bytes)
				}
				if n := len(tw.entries); n > cfg.MaxMissions || n != tw.order.Len() || tw.bytes > cfg.MaxBytes && n > 1 {
					r.Fatalf("%d missions (%d in order), %d bytes; bounds %d, %d", n, tw.order.Len(), tw.bytes, cfg.MaxMissions, cfg.MaxBytes)
				}
				p, err := tw.list(store.Query{Limit: 200})
				if err != nil || len(p.Missions) != len(tw.entries) {
					r.Fatalf("%d missions are listed, %d are there, %v", len(p.Missions), len(tw.entries), err)
				}
			},
		})
	})
}
