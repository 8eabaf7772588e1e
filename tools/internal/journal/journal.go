// Package journal reads what soldiers wrote down about their executions: evidence that depends on no commander, no
// broker and no store.
//
// A soldier appends a line of JSON right before a handler is called and one right after it returned, each in one write.
// So a start without an end is a handler that still runs, or whose process died. Who died can't be read from the
// journal alone: see Life.Gone.
package journal

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// The events of a Line.
const (
	EventStart = "start"
	EventEnd   = "end"
)

// The outcomes of an end.
const (
	OutcomeCompleted = "COMPLETED"
	OutcomeFailed    = "FAILED"
	// OutcomeReleased: the soldier drained and handed the mission back.
	OutcomeReleased = "RELEASED"
	// OutcomeSuperseded: the execution did not count any more when its handler returned.
	OutcomeSuperseded = "SUPERSEDED"
)

// Line is one line of a journal.
type Line struct {
	Event     string    `json:"event"`
	MissionID string    `json:"mission_id"`
	Execution string    `json:"execution"`
	Run       int64     `json:"run"`
	Attempt   int       `json:"attempt"`
	SoldierID string    `json:"soldier_id"`
	Session   string    `json:"session"`
	PID       int       `json:"pid"`
	At        time.Time `json:"at"`
	Outcome   string    `json:"outcome"`
}

// Process is one life of a soldier, as far as its journal shows it.
type Process struct {
	SoldierID, Session string
	PID                int
}

// Life is what is known of a Process. It was alive at least from First to Last, the times of its lines.
type Life struct {
	First, Last time.Time
	// Gone: it is known to have died since. Read can't know; see package drill.
	Gone bool
}

// Execution is one call of a handler.
type Execution struct {
	MissionID string
	ID        string
	Run       int64
	Attempt   int
	Process   Process
	Start     time.Time
	// End is zero where the journal has none; Outcome is empty then.
	End     time.Time
	Outcome string
}

// Ended tells whether the handler is known to have returned.
func (e Execution) Ended() bool { return !e.End.IsZero() }

// Book is what the journals of a folder say.
type Book struct {
	// Files is how many journals there are; 0 proves nothing.
	Files int
	// Executions are those of the wanted missions, by their start.
	Executions []Execution
	// Lives is every process that wrote a line, about wanted missions or not.
	Lives map[Process]Life
	// Torn counts lines that can't be read: a machine that lost power leaves some, a killed process doesn't.
	Torn int
}

// Read reads all journals (every file) below dir that were written since the given time, and keeps the executions of wanted
// missions. A folder that is not there is an empty Book.
func Read(dir string, since time.Time, wanted func(missionID string) bool) (Book, error) {
	b := Book{Lives: map[Process]Life{}}
	var lines []Line
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case !d.Type().IsRegular():
			return nil
		}
		b.Files++
		if info, err := d.Info(); err != nil || info.ModTime().Before(since) {
			return err
		}
		return b.readFile(path, since, func(l Line) {
			if wanted(l.MissionID) {
				lines = append(lines, l)
			}
		})
	})
	if err != nil {
		return Book{}, fmt.Errorf("reading the soldiers' journals below %s: %w", dir, err)
	}
	b.Executions = Assemble(lines)
	return b, nil
}

func (b *Book) readFile(path string, since time.Time, take func(Line)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // what was read is read
	in := bufio.NewReader(f)
	for {
		raw, err := in.ReadBytes('\n')
		if len(raw) > 1 {
			var l Line
			if json.Unmarshal(raw, &l) != nil || l.Execution == "" || l.At.IsZero() {
				b.Torn++
			} else if !l.At.Before(since) {
				b.saw(l)
				take(l)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (b *Book) saw(l Line) {
	p := Process{SoldierID: l.SoldierID, Session: l.Session, PID: l.PID}
	life, known := b.Lives[p]
	if !known || l.At.Before(life.First) {
		life.First = l.At
	}
	if l.At.After(life.Last) {
		life.Last = l.At
	}
	b.Lives[p] = life
}

// Assemble puts starts and ends together. Each start is an execution of its own, even under an id that was seen before;
// an end belongs to the earliest start of its id and process that has none.
func Assemble(lines []Line) []Execution {
	lines = slices.Clone(lines)
	slices.SortStableFunc(lines, func(a, b Line) int { return a.At.Compare(b.At) })
	type key struct {
		mission, execution string
		pid                int
	}
	var all []Execution
	open := map[key][]int{} // executions without an end, by their place in all
	for _, l := range lines {
		k := key{l.MissionID, l.Execution, l.PID}
		switch l.Event {
		case EventStart:
			open[k] = append(open[k], len(all))
			all = append(all, Execution{
				MissionID: l.MissionID, ID: l.Execution, Run: l.Run, Attempt: l.Attempt, Start: l.At,
				Process: Process{SoldierID: l.SoldierID, Session: l.Session, PID: l.PID},
			})
		case EventEnd:
			if waiting := open[k]; len(waiting) > 0 {
				e := &all[waiting[0]]
				e.End, e.Outcome = l.At, l.Outcome
				open[k] = waiting[1:]
			}
		}
	}
	return all
}
