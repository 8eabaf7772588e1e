package redisstore_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/redisserver/redistest"
	"github.com/mission-control-dev/mission-control/store/redisstore"
)

// FuzzOpaque: whatever a client sends back as an event's id or a list's cursor, it is served or told that it is none of
// ours. Any other error would have it wait for a Redis that is not away.
func FuzzOpaque(f *testing.F) {
	for _, id := range []string{
		"", "0-0", "0-1", "1-0", "1733651627038-0", "18446744073709551615-18446744073709551615", "18446744073709551616-0", "-", "+", "$", "(0-0", "1",
		"0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b", "[a", "\x00",
	} {
		f.Add(id)
	}
	s := start(f, redisstore.Config{URL: redistest.Shared(f).URL(), Logger: zap.NewNop()})
	f.Fuzz(func(t *testing.T, id string) {
		if _, err := s.ReadEvents(t.Context(), id, 1, 0); err != nil && !errors.Is(err, store.ErrEventsTrimmed) {
			t.Errorf("events after %q: %v", id, err)
		}
		_, err := s.List(t.Context(), store.Query{Limit: 1, Cursor: id})
		_, notUUID := uuid.Parse(id)
		if err != nil && !errors.Is(err, store.ErrCursor) || err == nil && id != "" && notUUID != nil {
			t.Errorf("list behind %q: %v", id, err)
		}
	})
}
