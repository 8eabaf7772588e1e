package mission

import (
	"encoding/json"
	"reflect"
	"strings"

	"github.com/mission-control-dev/mission-control/commander/internal/strictjson"
	"github.com/mission-control-dev/mission-control/contracts"
)

// The keys that encoding/json reads, whatever their case.
//
//nolint:gochecknoglobals // constants
var (
	updateKeys  = keysOf(reflect.TypeFor[contracts.Update]())
	missionKeys = keysOf(reflect.TypeFor[contracts.Mission]())
	errorKeys   = keysOf(reflect.TypeFor[contracts.MissionError]())
	retryKeys   = keysOf(reflect.TypeFor[contracts.Retry]())
)

func keysOf(t reflect.Type) []string {
	var keys []string
	for _, f := range reflect.VisibleFields(t) {
		if key, _, _ := strings.Cut(f.Tag.Get("json"), ","); key != "" && key != "-" {
			keys = append(keys, key)
		}
	}
	return keys
}

// Text is a status message as it came. It tells of its updates whether every reader of JSON reads the same mission there. That
// costs as much as all else about the message, and matters only where the store does not know the mission: it is found out
// when it is asked for. It is not for use by several goroutines.
type Text struct {
	body  []byte
	same  []bool
	known bool
}

// NewText returns the text of a message, which must not change any more.
func NewText(body []byte) *Text { return &Text{body: body} }

// SameForAll tells of the update with that number, from 0, whether no key of its mission stands twice, and none differs from one
// of the contract's only in case. It is false for all updates of a text that is no status message. A soldier's own words
// beside the mission are not looked at so strictly: they are the soldier's.
func (t *Text) SameForAll(update int) bool {
	if !t.known {
		t.same, t.known = sameForAll(t.body), true
	}
	return update < len(t.same) && t.same[update]
}

func sameForAll(text []byte) []bool {
	var pack struct {
		Updates []json.RawMessage `json:"updates"`
	}
	if json.Unmarshal(text, &pack) != nil {
		return nil
	}
	same := make([]bool, len(pack.Updates))
	for i, u := range pack.Updates {
		var update map[string]json.RawMessage
		if json.Unmarshal(u, &update) != nil {
			continue
		}
		same[i] = true
		for key := range update {
			same[i] = same[i] && exact(key, updateKeys)
		}
		same[i] = same[i] && missionIsExact(update["mission"])
	}
	return same
}

func missionIsExact(text []byte) bool {
	if nothing(text) {
		return true
	}
	mission, err := strictjson.Object(text, 1+contracts.MaxJSONDepth) // a payload may be so deep
	if err != nil {
		return false
	}
	for _, m := range mission {
		switch {
		case !exact(m.Key, missionKeys),
			m.Key == "error" && !membersAreExact(m.Value, errorKeys),
			m.Key == "retry" && !membersAreExact(m.Value, retryKeys):
			return false
		}
	}
	return true
}

// membersAreExact is of an object that holds no others.
func membersAreExact(text []byte, known []string) bool {
	if nothing(text) {
		return true
	}
	members, err := strictjson.Object(text, 1+contracts.MaxJSONDepth)
	if err != nil {
		return false
	}
	for _, m := range members {
		if !exact(m.Key, known) {
			return false
		}
	}
	return true
}

// nothing tells whether a value is missing, or null.
func nothing(text []byte) bool { return len(text) == 0 || string(text) == "null" }

// exact tells whether a key is one of the known ones, or none that encoding/json would take for one.
func exact(key string, known []string) bool {
	for _, k := range known {
		if key != k && strings.EqualFold(key, k) {
			return false
		}
	}
	return true
}
