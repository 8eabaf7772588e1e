package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
)

const (
	// keep is how many told failures are remembered. More than can be told twice: what changed since the last event.
	keep = 1_000
	// writeEvery is how often the file is written where nothing was told. What is behind is read again after a crash, and
	// is known then.
	writeEvery = time.Second
	// slack covers clocks: Through is the commander's time, but for the very first start.
	slack = time.Minute
)

// state is what the reader knows over restarts.
type state struct {
	// LastEventID is the last event that was dealt with.
	LastEventID string `json:"last_event_id"`
	// Through is when the newest mission that was seen had changed.
	Through contracts.Time `json:"through"`
	// Told are failures that the sink took, oldest first.
	Told []failure `json:"told"`

	path      string
	known     map[failure]bool
	news      bool // something was told since the file was written
	written   time.Time
	writtenID string
}

// failure is one end of one mission: it may be ordered again and fail again, later.
type failure struct {
	MissionID  string         `json:"mission_id"`
	FinishedAt contracts.Time `json:"finished_at"`
}

// openState reads the file, or begins anew where there is none: with what happens from now on. Without a path nothing is
// kept.
func openState(path string, now time.Time) (*state, error) {
	s := &state{path: path, Through: contracts.At(now)}
	if path != "" {
		b, err := os.ReadFile(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, fmt.Errorf("reading the state: %w", err)
		default:
			if err := json.Unmarshal(b, s); err != nil {
				return nil, fmt.Errorf("%s is no state of this program, remove it to begin anew: %w", path, err)
			}
		}
	}
	s.known = make(map[failure]bool, len(s.Told))
	for _, f := range s.Told {
		s.known[f] = true
	}
	return s, nil
}

// told tells whether the sink took this failure before. An event may come twice, and a mission that failed may change.
func (s *state) told(m contracts.Mission) bool { return s.known[failure{m.MissionID, m.FinishedAt}] }

// saw notes that the mission was dealt with, as it is now.
func (s *state) saw(m contracts.Mission) {
	if m.UpdatedAt.After(s.Through.Time) {
		s.Through = m.UpdatedAt
	}
	f := failure{m.MissionID, m.FinishedAt}
	if m.Status != contracts.StatusFailed || s.known[f] {
		return
	}
	s.known[f], s.Told, s.news = true, append(s.Told, f), true
	if over := len(s.Told) - keep; over > 0 {
		for _, old := range s.Told[:over] {
			delete(s.known, old)
		}
		s.Told = append([]failure(nil), s.Told[over:]...)
	}
}

// since is from when on a failure may not have been told.
func (s *state) since() time.Time { return s.Through.Add(-slack) }

// passed notes that all up to the event was dealt with, and writes the file where that matters.
func (s *state) passed(id string, now time.Time) error {
	s.LastEventID = id
	if !s.news && now.Sub(s.written) < writeEvery {
		return nil
	}
	s.written = now
	return s.write()
}

// write writes the file, if there is anything new.
func (s *state) write() error {
	if s.path == "" || !s.news && s.LastEventID == s.writtenID {
		return nil
	}
	b, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encoding the state: %w", err)
	}
	// Whole or not at all: a new file takes the old one's name.
	unfinished, err := os.CreateTemp(filepath.Dir(s.path), filepath.Base(s.path)+".*")
	if err != nil {
		return fmt.Errorf("writing the state: %w", err)
	}
	_, err = unfinished.Write(b)
	if err = errors.Join(err, unfinished.Close()); err == nil {
		err = os.Rename(unfinished.Name(), s.path)
	}
	if err != nil {
		_ = os.Remove(unfinished.Name())
		return fmt.Errorf("writing the state: %w", err)
	}
	s.news, s.writtenID = false, s.LastEventID
	return nil
}
