package httpapi

import (
	"bytes"
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"github.com/mission-control-dev/mission-control/commander/internal/submit"
	"github.com/mission-control-dev/mission-control/contracts"
)

// What writes itself must write what encoding/json writes. That a mission does is tested in contracts.
func TestViewsWriteThemselvesAsEncodingJSONDoes(t *testing.T) {
	times := rapid.Map(rapid.Int64Range(0, 4e12), contracts.FromMillis)
	durables := rapid.SampledFrom([]submit.Durable{submit.InStore, submit.OnBroker})
	missions := rapid.Custom(func(r *rapid.T) contracts.Mission {
		m := contracts.Mission{
			MissionID: "0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b", Name: rapid.String().Draw(r, "name"), Kind: "kind", Status: contracts.StatusFailed,
			CreatedAt: times.Draw(r, "created"), RunAt: times.Draw(r, "run"), Version: rapid.Int64().Draw(r, "version"),
			Labels: rapid.MapOfN(rapid.String(), rapid.String(), 0, 3).Draw(r, "labels"),
		}
		if rapid.Bool().Draw(r, "bodies") {
			m.Payload, m.Result = []byte(`{"a" : "<&"}`), []byte(`null`)
			m.Error = &contracts.MissionError{Code: "code", Message: rapid.String().Draw(r, "message")}
		}
		return m
	})
	lists := rapid.Map(rapid.SliceOfN(missions, 0, 3), orEmpty)
	cursors := rapid.Ptr(rapid.String(), true)
	views := rapid.OneOf(
		rapid.Custom(func(r *rapid.T) appender {
			return &missionView{
				Mission: missions.Draw(r, "mission"), Durable: durables.Draw(r, "durable"),
				Degraded: rapid.Bool().Draw(r, "degraded"), AsOf: times.Draw(r, "as of"),
			}
		}),
		rapid.Custom(func(r *rapid.T) appender {
			return &missionBatch{Missions: lists.Draw(r, "missions"), Durable: durables.Draw(r, "durable")}
		}),
		rapid.Custom(func(r *rapid.T) appender {
			return &missionList{
				Missions: lists.Draw(r, "missions"), NextCursor: cursors.Draw(r, "next"), Complete: rapid.Bool().Draw(r, "complete"),
				Searched: rapid.IntRange(0, 2).Draw(r, "searched"), Degraded: rapid.Bool().Draw(r, "degraded"), AsOf: times.Draw(r, "as of"),
			}
		}),
	)
	rapid.Check(t, func(r *rapid.T) {
		v := views.Draw(r, "view")
		got, err := encode(v)
		if err != nil {
			r.Fatal(err)
		}
		var want bytes.Buffer
		e := json.NewEncoder(&want)
		e.SetEscapeHTML(false)
		if err := e.Encode(v); err != nil {
			r.Fatal(err)
		}
		if string(got) != want.String() {
			r.Errorf("got %s\nwant %s", got, want.String())
		}
	})
}

// A mission with a body that is no JSON is an error, and no answer.
func TestAViewOfWhatIsNoJSONIsAnError(t *testing.T) {
	bad := contracts.Mission{Payload: []byte(`{`)}
	for _, v := range []appender{&missionView{Mission: bad}, &missionBatch{Missions: []contracts.Mission{bad}}, &missionList{Missions: []contracts.Mission{bad}}} {
		if b, err := encode(v); err == nil {
			t.Errorf("%T: %s", v, b)
		}
	}
}
