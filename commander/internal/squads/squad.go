package squads

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/mission-control-dev/mission-control/contracts"
)

// Most is how many squads there may be: each has three queues at the broker, and two shelves in the store for each queue.
const Most = 100

// Errors of a Registry, beside store.ErrUnavailable.
var (
	// ErrNotFound: there is no such squad.
	ErrNotFound = errors.New("no such squad")
	// ErrTooMany: it would be one more than Most.
	ErrTooMany = fmt.Errorf("there are %d squads, as many as there may be", Most)
	// ErrDefault: the default squad can't be removed.
	ErrDefault = errors.New("the default squad can't be removed")
)

// InUseError says why a squad can't be removed.
type InUseError struct{ Squad, Why string }

func (e *InUseError) Error() string { return fmt.Sprintf("squad %s is in use: %s", e.Squad, e.Why) }

// Squad is a named group of soldiers with orders queues of its own, and what was set for it.
type Squad struct {
	Name string `json:"-"`
	// Paused: its missions wait.
	Paused bool `json:"paused"`
	// CreatedAt is when it was used first.
	CreatedAt contracts.Time `json:"created_at"`
}

// entry is a squad as it is kept.
type entry struct {
	Squad
	version int64
	body    []byte
	// declared: its queues are at the broker.
	declared bool
}

// read reads a document's body. What can't be read is as if it had not been set.
func read(name string, body []byte) (Squad, error) {
	s := Squad{}
	err := json.Unmarshal(body, &s)
	if err != nil {
		s = Squad{}
	}
	s.Name = name
	return s, err
}

// write returns a squad as a document's body. What else was in it, from a newer release, stays.
func (s Squad) write(before []byte) ([]byte, error) {
	members := map[string]json.RawMessage{}
	if len(before) > 0 && json.Unmarshal(before, &members) != nil {
		members = map[string]json.RawMessage{}
	}
	own, err := json.Marshal(s)
	if err == nil {
		err = json.Unmarshal(own, &members)
	}
	if err != nil {
		return nil, fmt.Errorf("write squad %s: %w", s.Name, err)
	}
	return json.Marshal(members)
}
