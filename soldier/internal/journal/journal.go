// Package journal writes down each execution's start and end: evidence of what handlers really did that depends on no
// commander and no broker. It is a file of JSON lines that is only ever appended to, one write a line, so that many
// soldiers may share it and a killed one leaves whole lines.
package journal

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// Event says which end of an execution a line is about.
type Event string

// The events.
const (
	Start Event = "start" // right before the handler is called
	End   Event = "end"   // right after it returned
)

// Line is one line.
type Line struct {
	Event     Event  `json:"event"`
	MissionID string `json:"mission_id"`
	Execution string `json:"execution"`
	Run       int64  `json:"run"`
	Attempt   int    `json:"attempt"`
	SoldierID string `json:"soldier_id"`
	Session   string `json:"session"`
	PID       int    `json:"pid"`
	// At is this machine's wall clock, RFC 3339 with nanoseconds.
	At time.Time `json:"at"`
	// Outcome of an end: COMPLETED, FAILED or RELEASED as the handler's return means it, or SUPERSEDED where nothing of
	// the execution counted any more.
	Outcome string `json:"outcome,omitempty"`
}

// Journal is an open file.
type Journal struct {
	file *os.File
	pid  int
}

// Open opens the file, and creates it where it is missing. Its error says what to do, for whoever named the path.
func Open(path string) (*Journal, error) {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644) //nolint:gosec // evidence for others to read, without payloads
	if err != nil {
		return nil, fmt.Errorf("can't be written, choose a path in a folder that exists and is writable: %w", err)
	}
	return &Journal{file: f, pid: os.Getpid()}, nil
}

// Write appends the line, with this process's id and the time. It is safe for concurrent use.
func (j *Journal) Write(l Line) error {
	l.PID, l.At = j.pid, time.Now().UTC()
	b, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("encoding a journal line: %w", err)
	}
	if _, err := j.file.Write(append(b, '\n')); err != nil {
		return fmt.Errorf("appending to the journal: %w", err)
	}
	return nil
}

// Close closes the file.
func (j *Journal) Close() error { return j.file.Close() }
