package httpapi

import (
	"encoding/json"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/commander/internal/strictjson"
	"github.com/mission-control-dev/mission-control/contracts"
)

// FuzzMissionBody: whatever the body, the answer is a mission within the limits or a refusal that names what is wrong;
// never an internal error.
func FuzzMissionBody(f *testing.F) {
	for _, body := range []string{
		`{"name":"n"}`, `{"name":" n ","kind":"simulate","payload":{"min_seconds":1,"max_seconds":2,"failure_rate":0.5,"seed":7}}`,
		`{"name":"n","priority":"normal","squad":"default","max_attempts":1,"timeout_seconds":60}`,
		`{"name":"n","priority":"high","labels":{"a":"b"},"run_at":"2030-01-01T00:00:00Z","max_attempts":3}`,
		`{"name":"n","labels":{"a":"b","":"x","a:b":"y","n":null,"o":{}}}`, `{"name":"n","labels":[]}`,
		`{"name":null,"kind":7,"payload":[],"timeout_seconds":1e400}`, `{"name":"n","name":"m"}`, `{"Name":"n"}`, `[]`, `{`, ``,
		`{"name":"\ud800"}`, `{"name":"a\u0000b"}`, `{"name":"n","payload":{"seed":99999999999999999999}}`,
	} {
		f.Add([]byte(body))
	}
	now := time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := readMission(body, now)
		if err != nil {
			wantNamed(t, body, err)
			return
		}
		if err := r.Validate(now); err != nil {
			t.Errorf("%q: accepted, and yet %v", body, err)
		}
		d := contracts.DefaultMissionRequest()
		if r.Priority != d.Priority || r.Squad != d.Squad || r.MaxAttempts != 1 || r.RunAt != nil {
			t.Errorf("%q: accepted what is not supported: %+v", body, r)
		}
		if _, err := strictjson.Canonical(body); err != nil {
			t.Errorf("%q: %v", body, err)
		}
	})
}

// wantNamed wants a refusal that says what is wrong.
func wantNamed(t *testing.T, body []byte, err error) {
	t.Helper()
	refused := refusalOf(err)
	switch refused.status {
	case http.StatusBadRequest:
	case http.StatusUnprocessableEntity:
		if len(refused.errors) == 0 {
			t.Errorf("%q: 422 names no field", body)
		}
		for _, e := range refused.errors {
			if e.Message == "" || e.Code == "" || len(e.Field) > 100 {
				t.Errorf("%q: %+v", body, e)
			}
		}
	default:
		t.Errorf("%q: %d %v", body, refused.status, err)
	}
}

// FuzzBatchBody: a batch is taken if each of its missions would be taken alone, and then as it would be; otherwise the
// refusal names the missions that would not.
func FuzzBatchBody(f *testing.F) {
	for _, body := range []string{
		`{"missions":[{"name":"n"},{"name":"m","labels":{"a":"b"}}]}`, `{"missions":[{"name":"n"},{"kind":"K"},7,{"name":"n","name":"n"}]}`,
		`{"missions":[]}`, `{"missions":{}}`, `{"missions":[null]}`, `{"missions":[{"name":"n"}],"x":1}`, `{}`, `[]`, `{"missions":[[[[]]]]}`,
	} {
		f.Add([]byte(body))
	}
	now := time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, body []byte) {
		rs, err := readBatch(body, now)
		if err != nil {
			wantNamed(t, body, err)
		} else if len(rs) < 1 || len(rs) > contracts.MaxBatchMissions {
			t.Errorf("%q: accepted %d missions", body, len(rs))
		}
		var sent struct{ Missions []json.RawMessage }
		if refusal := refusalOf(err); err != nil && (refusal.status != http.StatusUnprocessableEntity || json.Unmarshal(body, &sent) != nil) {
			return
		}
		if err == nil && json.Unmarshal(body, &sent) != nil {
			t.Fatalf("%q: accepted", body)
		}
		for i, one := range sent.Missions {
			alone, aloneErr := readMission(one, now)
			if err == nil && (aloneErr != nil || !reflect.DeepEqual(alone, rs[i])) {
				t.Errorf("%q: mission %d is %+v in the batch; alone %+v, %v", body, i, rs[i], alone, aloneErr)
			}
		}
	})
}

// FuzzRenewalBody: as FuzzMissionBody, for soldiers.
func FuzzRenewalBody(f *testing.F) {
	f.Add([]byte(`{"soldier_id":"s1","squads":["default"],"kinds":["simulate"],"slots":16,"version":"v1","running":[{"mission_id":"m","execution":"e","run":1}]}`))
	f.Add([]byte(`{"soldier_id":7,"running":{}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := readRenewal(body)
		if err == nil && r.Check() == nil {
			return
		}
		if refused := refusalOf(err); refused.status != http.StatusBadRequest && refused.status != http.StatusUnprocessableEntity {
			t.Errorf("%q: %d %v", body, refused.status, err)
		}
	})
}
