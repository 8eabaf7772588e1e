package mission_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// adopts tells what a commander whose store was wiped adopts from a claim of a mission under a seal, and whether it does.
func adopts(t *testing.T, m contracts.Mission, seal string) (contracts.Mission, bool) {
	t.Helper()
	u := contracts.Update{Status: contracts.UpdateInProgress, MissionID: m.MissionID, Attempt: m.Attempt, Execution: "e", Mission: &m, Seal: seal}
	d := mission.Decide(store.Record{}, mission.Item{Update: u, By: mission.Speaker{Session: survivor}}, wipedEpoch(),
		mission.Keys{Ticket: ticketKey, Order: orderKey}, contracts.At(wipedAt.Add(time.Minute)))
	if d.Change == nil {
		return contracts.Mission{}, false
	}
	return d.Change.Record.Mission, true
}

// full is a mission in which everything is set that is adopted.
func full() contracts.Mission {
	m := *told(idOf(-time.Minute, 1), 1)
	m.Error, m.ConcurrencyKey = &contracts.MissionError{Code: "c", Message: "m"}, "key"
	m.UniqueKey, m.DeadlineAt = "u", contracts.At(wipedAt.Add(time.Hour))
	return m
}

func sealOf(t *testing.T, m contracts.Mission) string {
	t.Helper()
	seal, err := mission.Seal(m, orderKey)
	if err != nil {
		t.Fatal(err)
	}
	return seal
}

// TestASealCoversAllThatIsAdopted changes each field of an order's mission in turn. What the seal does not see must not be
// in what is adopted either.
func TestASealCoversAllThatIsAdopted(t *testing.T) {
	seal := sealOf(t, full())
	want, ok := adopts(t, full(), seal)
	if !ok {
		t.Fatal("the order's mission is not adopted")
	}
	changed := map[string]any{
		"MissionID": idOf(-time.Minute, 2), "Name": "other", "Kind": "other", "Payload": json.RawMessage(`{"a":2}`), "Priority": contracts.PriorityLow,
		"Squad": "blue", "Labels": map[string]string{"l": "w"}, "Attempt": 2, "MaxAttempts": 3, "Run": int64(4), "Losses": 2, "TimeoutSeconds": 61,
		"ConcurrencyKey": "other", "Error": &contracts.MissionError{Code: "c", Message: "n"}, "Retry": &contracts.Retry{DelaySeconds: 8, Factor: 1.5, MaxDelaySeconds: 60},
		"UniqueKey": "v", "DeadlineAt": contracts.At(wipedAt.Add(2 * time.Hour)),
	}
	covered := 0
	for i := range reflect.TypeFor[contracts.Mission]().NumField() {
		m, name := full(), reflect.TypeFor[contracts.Mission]().Field(i).Name
		field := reflect.ValueOf(&m).Elem().Field(i)
		if to, known := changed[name]; known {
			field.Set(reflect.ValueOf(to))
		} else {
			fill(t, field)
		}
		if got, ok := adopts(t, m, seal); !ok {
			covered++
		} else if !reflect.DeepEqual(got, want) {
			t.Errorf("%s is adopted, and is not sealed: %+v", name, got)
		}
	}
	if covered != len(changed) {
		t.Errorf("%d fields are covered, want %d", covered, len(changed))
	}
	for name, edit := range map[string]func(*contracts.Mission){
		"no retry":                    func(m *contracts.Mission) { m.Retry = nil },
		"another factor":              func(m *contracts.Mission) { m.Retry.Factor = 1.25 },
		"another greatest delay":      func(m *contracts.Mission) { m.Retry.MaxDelaySeconds = 61 },
		"no concurrency key":          func(m *contracts.Mission) { m.ConcurrencyKey = "" },
		"no unique key":               func(m *contracts.Mission) { m.UniqueKey = "" },
		"no deadline":                 func(m *contracts.Mission) { m.DeadlineAt = contracts.Time{} },
		"no error":                    func(m *contracts.Mission) { m.Error = nil },
		"another code":                func(m *contracts.Mission) { m.Error.Code = "d" },
		"no labels":                   func(m *contracts.Mission) { m.Labels = nil },
		"a label more":                func(m *contracts.Mission) { m.Labels["k"] = "v" },
		"a label of another name":     func(m *contracts.Mission) { m.Labels = map[string]string{"m": "v"} },
		"no payload":                  func(m *contracts.Mission) { m.Payload = nil },
		"name and kind cut elsewhere": func(m *contracts.Mission) { m.Name, m.Kind = m.Name+m.Kind[:1], "k" },
	} {
		m := full()
		edit(&m)
		if _, ok := adopts(t, m, seal); ok {
			t.Errorf("%s: adopted", name)
		}
	}
}

// fill sets a field to something else than it was.
func fill(t *testing.T, field reflect.Value) {
	t.Helper()
	switch to := field.Addr().Interface().(type) {
	case *string:
		*to = "other"
	case *contracts.Status:
		*to = contracts.StatusCompleted
	case *int:
		*to += 7
	case *int64:
		*to += 7
	case *bool:
		*to = true
	case *json.RawMessage:
		*to = json.RawMessage(`{"other":1}`)
	case *contracts.Time:
		*to = contracts.At(wipedAt.Add(-time.Hour))
	default:
		t.Fatalf("no other value for %T", to)
	}
}

// TestASealOfBefore: a mission without retries of its own, keys and a deadline is sealed as it was before there were any, so that orders and commanders
// of that time go with those of now.
func TestASealOfBefore(t *testing.T) {
	const before = "Uz4tlQCjifir8y-FHmb5j_zeecs_Vxn0a4Cl_FL5RO5ZE7qwnCaLJhCHJ2-ILsZuccxK8Xq0z1aOIdttGlN01g"
	m := full()
	m.MissionID, m.Retry, m.ConcurrencyKey = "0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b", nil, ""
	m.UniqueKey, m.DeadlineAt = "", contracts.Time{}
	if got := sealOf(t, m); got != before {
		t.Errorf("%s, want %s", got, before)
	}
}

func TestOnlyOurSealsCount(t *testing.T) {
	m := full()
	seal := sealOf(t, m)
	raw, err := base64.RawURLEncoding.DecodeString(seal)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := mission.Seal(m, []byte("another key"))
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(raw)
	flipped[len(flipped)-1] ^= 1
	for name, forged := range map[string]string{
		"none": "", "of another key": foreign, "no base64": strings.Repeat("!", len(seal)), "cut": seal[:len(seal)-4],
		"longer": base64.RawURLEncoding.EncodeToString(append(raw, 0)), "a bit flipped": base64.RawURLEncoding.EncodeToString(flipped),
	} {
		if _, ok := adopts(t, m, forged); ok {
			t.Errorf("%s: adopted", name)
		}
	}
}

// TestASealSurvivesOtherLanguages: a soldier may have read the payload and written it again. What says the same fits, what a
// reader could take for something else does not.
func TestASealSurvivesOtherLanguages(t *testing.T) {
	m := full()
	m.Payload = []byte(`{"b":1.0,"10":"\u00e9<","2":[1e3,-0,12345678901234567890],"a":{"y":null,"x":true}}`)
	seal := sealOf(t, m)
	for payload, fits := range map[string]bool{
		`{"2":[1000,0,12345678901234567890],"10":"é\u003c","b":1,"a":{"x":true,"y":null}}`:  true,
		`{"2":[1000,0,12345678901234567000],"10":"é<","b":1,"a":{"y":null,"x":true}}`:       false, // as a double
		`{"2":[1000,0,12345678901234567890],"10":"é<","b":1,"a":{"y":null}}`:                false,
		`{"b":2,"2":[1000,0,12345678901234567890],"10":"é<","b":1,"a":{"y":null,"x":true}}`: false, // which b?
		`{"2":[1000,0,12345678901234567890],"10":"é<","b":1,"a":{"y":null,"x":true}} {}`:    false,
		`[]`: false,
	} {
		told := m
		told.Payload = []byte(payload)
		got, ok := adopts(t, told, seal)
		if ok != fits {
			t.Errorf("%s: adopted %v, want %v", payload, ok, fits)
		}
		if ok && string(got.Payload) != payload {
			t.Errorf("adopted with %s, the seal was checked for %s", got.Payload, payload)
		}
	}
}

func TestAPayloadThatCanNotBeSealed(t *testing.T) {
	m := full()
	m.Payload = []byte(`{"a":1,"a":2}`)
	if seal, err := mission.Seal(m, orderKey); err == nil || seal != "" {
		t.Errorf("sealed as %q", seal)
	}
}

// TestOneSpellingOfNumbersIsAdopted: whoever publishes an order again chooses how its numbers are written, and a handler may read
// whole numbers only where they look so.
func TestOneSpellingOfNumbersIsAdopted(t *testing.T) {
	m := full()
	m.Payload = []byte(`{"width":640,"ratio":0.5,"note":"64e1"}`)
	seal := sealOf(t, m)
	for _, payload := range []string{
		`{"width":640,"ratio":0.5,"note":"64e1"}`, `{"width":640.0,"ratio":0.50,"note":"64e1"}`, `{"width":64e1,"ratio":5E-1,"note":"64e1"}`,
	} {
		told := m
		told.Payload = []byte(payload)
		got, ok := adopts(t, told, seal)
		if !ok || string(got.Payload) != `{"width":640,"ratio":0.5,"note":"64e1"}` {
			t.Errorf("%s: adopted %v with %s", payload, ok, got.Payload)
		}
	}
	m.Payload = []byte(`{"a":[` + strings.Repeat("1e20,", contracts.MaxPayloadSize/6) + `1]}`)
	if got, ok := adopts(t, m, sealOf(t, m)); ok {
		t.Errorf("adopted with a payload of %d bytes", len(got.Payload))
	}
}

// TestKeysThatDifferInCaseOnly: encoding/json takes one for the other, which soldiers in other languages do not. So one reads
// another mission than the other.
func TestKeysThatDifferInCaseOnly(t *testing.T) {
	m := full()
	text := func(mission string) []byte {
		return []byte(`{"v":1,"type":"status","token":"t","updates":[{"status":"FAILED"},{"status":"FAILED","mission":` + mission +
			`,"result":{"a":1,"a":2}}]}`)
	}
	genuine, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	rest := strings.TrimPrefix(string(genuine), "{")
	for name, c := range map[string]struct {
		mission string
		same    bool
	}{
		"as it was":                  {string(genuine), true},
		"no mission":                 {`null`, true},
		"with keys of a later time":  {`{"later":1,` + rest, true},
		"an evil payload":            {`{"Payload":{"evil":1},` + rest, false},
		"an evil one, hidden":        {`{"\u0050ayload":{"evil":1},` + rest, false},
		"an evil one, twice":         {`{"payload":{"evil":1},` + rest, false},
		"only the other case":        {strings.Replace(string(genuine), `"payload"`, `"PAYLOAD"`, 1), false},
		"another kind":               {`{"Kind":"evil",` + rest, false},
		"a kind with a Kelvin sign":  {`{"\u212aind":"evil",` + rest, false},
		"another timeout":            {`{"Timeout_seconds":1,` + rest, false},
		"a timeout with a long s":    {`{"timeout_\u017feconds":1,` + rest, false},
		"another error":              {strings.Replace(string(genuine), `"code"`, `"Code":"evil","code"`, 1), false},
		"another retry":              {strings.Replace(string(genuine), `"factor"`, `"Factor":9,"factor"`, 1), false},
		"a payload's key twice":      {strings.Replace(string(genuine), `{"a":1}`, `{"a":2,"a":1}`, 1), false},
		"a payload's keys two cases": {strings.Replace(string(genuine), `{"a":1}`, `{"a":2,"A":1}`, 1), true},
		"no object":                  {`[]`, false},
	} {
		if got := sameForAll(string(text(c.mission)), 2); !reflect.DeepEqual(got, []bool{true, c.same}) {
			t.Errorf("%s: %v, want %v", name, got, c.same)
		}
	}
	for _, no := range []string{``, `[]`, `{"updates":{}}`} {
		if got := sameForAll(no, 1); got[0] {
			t.Errorf("%s: %v", no, got)
		}
	}
	if got := sameForAll(`{"updates":[{"Mission":{}},1]}`, 3); !reflect.DeepEqual(got, []bool{false, false, false}) {
		t.Errorf("%v", got)
	}
}

func sameForAll(text string, updates int) []bool {
	same := make([]bool, updates)
	for i, of := 0, mission.NewText([]byte(text)); i < updates; i++ {
		same[i] = of.SameForAll(i)
	}
	return same
}

func TestWithoutAKeyNothingIsSealed(t *testing.T) {
	m := full()
	if seal, err := mission.Seal(m, nil); err == nil || seal != "" {
		t.Errorf("sealed as %q", seal)
	}
	// The seal that an empty key would make.
	u := contracts.Update{Status: contracts.UpdateInProgress, MissionID: m.MissionID, Attempt: m.Attempt, Execution: "e", Mission: &m}
	u.Seal = mission.SealUnder(m, nil)
	d := mission.Decide(store.Record{}, mission.Item{Update: u, By: mission.Speaker{Session: survivor}}, wipedEpoch(),
		mission.Keys{Ticket: ticketKey}, contracts.At(wipedAt.Add(time.Minute)))
	if d.Change != nil {
		t.Error("adopted under no key")
	}
}
