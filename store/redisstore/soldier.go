package redisstore

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// soldier is what a soldier says of itself in a renewal, as it is kept.
type soldier struct {
	SoldierID string                   `json:"i"`
	Squads    []string                 `json:"q,omitempty"`
	Kinds     []string                 `json:"k,omitempty"`
	Slots     int                      `json:"s,omitempty"`
	Version   string                   `json:"v,omitempty"`
	Inbox     string                   `json:"b,omitempty"`
	Running   []contracts.ExecutionRef `json:"r,omitempty"`
	Seq       int64                    `json:"n,omitempty"`
	Packs     bool                     `json:"p,omitempty"`
}

func encodeSoldier(s store.Session) (string, error) {
	b, err := json.Marshal(soldier{
		SoldierID: s.SoldierID, Squads: s.Squads, Kinds: s.Kinds, Slots: s.Slots, Version: s.Version, Inbox: s.Inbox,
		Running: s.Running, Seq: s.Seq, Packs: s.Packs,
	})
	return string(b), err
}

// decodeSession reads the fields of a session's hash, in the order st, j, a, n, u, d.
func decodeSession(id string, f []string) (store.Session, error) {
	var s soldier
	if err := json.Unmarshal([]byte(f[1]), &s); err != nil {
		return store.Session{}, fmt.Errorf("session %s in redis has an unreadable field j: %w", id, err)
	}
	var times [3]contracts.Time
	for i, text := range f[2:5] {
		ms, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return store.Session{}, fmt.Errorf("session %s in redis has an unreadable time: %w", id, err)
		}
		times[i] = contracts.FromMillis(ms)
	}
	return store.Session{
		ID: id, SoldierID: s.SoldierID, State: store.SessionState(f[0]), Squads: s.Squads, Kinds: s.Kinds,
		Slots: s.Slots, Version: s.Version, Inbox: s.Inbox, Running: s.Running, Seq: s.Seq, Packs: s.Packs, Draining: f[5] != "",
		StartedAt: times[0], RenewedAt: times[1], LeaseUntil: times[2],
	}.Clone(), nil
}
