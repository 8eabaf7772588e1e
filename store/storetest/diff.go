package storetest

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/mission-control-dev/mission-control/store"
)

// diff returns nothing where the two are the same (no elements and nil are), else both, to be printed.
func diff[T any](want, got T) string {
	w, g := reflect.ValueOf(&want).Elem(), reflect.ValueOf(&got).Elem()
	if w.Kind() == reflect.Slice && w.Len() == 0 && g.Len() == 0 || reflect.DeepEqual(want, got) {
		return ""
	}
	return fmt.Sprintf("\nwant %s\n got %s", show(want), show(got))
}

func show(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("%+v", v)
	}
	return string(text)
}

// missions are those of due entries, in their order.
func missions(entries []store.Due) []string {
	var ids []string
	for _, e := range entries {
		ids = append(ids, e.MissionID)
	}
	return ids
}

// withoutIDs are events without their ids, which each store makes up for itself.
func withoutIDs(events []store.Event) []store.Event {
	var bare []store.Event
	for _, e := range events {
		e.ID = ""
		bare = append(bare, e)
	}
	return bare
}
