package redisstore

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// A row is a mission as Redis keeps it. Numbers of fixed length are big-endian; n is the length of a text, which stands before
// it, or in the tail. The scripts read and write rows by the same table (lua/row.lua, lua/apply.lua); what creation fixed,
// what changes and the lines are opaque to them, but for the name.
//
//	bytes  what
//	1      layout of the row: 2
//	8      Dispatch of its last due entry; 0 if it had none
//	4      how many history lines were dropped
//	4 + n  what creation fixed: the name (4 + n), fields, payload unless it lies apart, under p:<mission>
//	rest   history lines, oldest first: 4 + n each, of fields; the oldest may lie apart, under h:<mission>
//	n      what changes: fields, result unless it lies apart
//	n      the session of its run, if any
//	8      version
//	1      status, see statusByte
//	1      1: its result lies apart, under o:<mission>
//	4      how long what changes and the session are
//	2      how long the session is
//
// So a change takes the row up to its lines, and appends what the commander sends, as it came: new lines and all that
// follows. Taking a row apart and putting it together again cost a script as much as all its commands.
const rowLayout = 2

// tailBytes is how long the fields at the end are.
const tailBytes = 16

// A payload or a result of more bytes lies apart: so large a row would be written again with each change, and read with
// each list. Lines of more than 1 KiB together are put apart by lua/apply.lua.
const bodyInRow = 512

// statusByte is a status in rows, indexes and events; 0 for what is none.
func statusByte(s contracts.Status) byte {
	switch s {
	case contracts.StatusScheduled:
		return 'S'
	case contracts.StatusQueued:
		return 'Q'
	case contracts.StatusInProgress:
		return 'I'
	case contracts.StatusCompleted:
		return 'C'
	case contracts.StatusFailed:
		return 'F'
	case contracts.StatusCancelled:
		return 'X'
	default:
		return 0
	}
}

func statusOf(is byte) (contracts.Status, error) {
	for _, s := range contracts.Statuses() {
		if statusByte(s) == is {
			return s, nil
		}
	}
	return "", fmt.Errorf("unknown status %q", is)
}

// The fields of what creation fixed.
const (
	kindTag = iota + 1
	squadTag
	priorityTag
	labelTag // key and value
	timeoutTag
	createdTag
	payloadApartTag
	retryTag // delay, factor in hundredths (two bytes) and greatest delay
	// These two stand right behind the name and the concurrency key, in this order, where lua/gates.lua finds them.
	uniqueTag   // its length in one byte, and the text
	deadlineTag // ms, in digits as those of a due entry
)

// gateTag has the concurrency key. It stands first, where lua/gates.lua looks for it. It finds kind and squad behind those two above.
const gateTag = 64

func putFixed(b []byte, m contracts.Mission) []byte {
	b = putSection(b, func(b []byte) []byte { return append(b, m.Name...) })
	b = putText(b, gateTag, m.ConcurrencyKey, "")
	if key := m.UniqueKey; key != "" {
		b = append(append(b, uniqueTag, byte(len(key))), key...) //nolint:gosec // store.Change.Check bounds it
	}
	if !m.DeadlineAt.IsZero() {
		b = putDigits(append(b, deadlineTag), m.DeadlineAt)
	}
	b = putText(b, kindTag, m.Kind, contracts.DefaultKind)
	b = putText(b, squadTag, m.Squad, contracts.DefaultSquad)
	b = putText(b, priorityTag, string(m.Priority), string(contracts.PriorityNormal))
	for k, v := range m.Labels {
		b = putString(putString(append(b, labelTag), k), v)
	}
	b = putInt(b, timeoutTag, int64(m.TimeoutSeconds))
	b = putInt(b, createdTag, m.CreatedAt.Millis())
	if r := m.Retry; r != nil {
		b = put16(binary.AppendVarint(append(b, retryTag), int64(r.DelaySeconds)), int(math.Round(100*r.Factor)))
		b = binary.AppendVarint(b, int64(r.MaxDelaySeconds))
	}
	if len(m.Payload) > bodyInRow {
		return putInt(b, payloadApartTag, 1)
	}
	return putBody(b, m.Payload)
}

// putCreated appends what a creation alone writes: a count of dropped lines, and what it fixes.
func putCreated(b []byte, m contracts.Mission) []byte {
	b = append(b, 0, 0, 0, 0)
	return putSection(b, func(b []byte) []byte { return putFixed(b, m) })
}

// putTail appends what each change writes anew.
func putTail(b []byte, r store.Record, version int64) []byte {
	at := len(b)
	b = append(putChanging(b, r), r.Session...)
	n := len(b) - at
	b = append(put64(b, version), statusByte(r.Mission.Status), flag(len(r.Mission.Result) > bodyInRow))
	b = binary.BigEndian.AppendUint32(b, uint32(n)) //nolint:gosec // far below 4 GiB: Redis takes 512 MiB
	return put16(b, len(r.Session))
}

// readFixed tells also whether the payload lies apart.
func readFixed(text string, m *contracts.Mission) (apart bool, err error) {
	r := reader{b: text}
	m.Name = string([]byte(r.section(4)))
	m.Kind, m.Squad, m.Priority = contracts.DefaultKind, contracts.DefaultSquad, contracts.PriorityNormal
	for r.err == nil {
		switch tag := r.next(); tag {
		case gateTag:
			m.ConcurrencyKey = r.text()
		case kindTag:
			m.Kind = r.text()
		case squadTag:
			m.Squad = r.text()
		case priorityTag:
			m.Priority = contracts.Priority(r.text())
		case labelTag:
			if m.Labels == nil {
				m.Labels = map[string]string{}
			}
			key := r.text()
			m.Labels[key] = r.text()
		case timeoutTag:
			m.TimeoutSeconds = r.int()
		case createdTag:
			m.CreatedAt = contracts.FromMillis(r.int64())
		case payloadApartTag:
			apart = r.int64() != 0
		case retryTag:
			m.Retry = &contracts.Retry{DelaySeconds: r.int(), Factor: float64(r.fixed(2)) / 100, MaxDelaySeconds: r.int()}
		case uniqueTag:
			m.UniqueKey = strings.Clone(r.section(1))
		case deadlineTag:
			m.DeadlineAt = contracts.FromMillis(r.digits())
		case body:
			m.Payload = r.rest()
			return apart, r.err
		default:
			return false, unknownField(tag)
		}
	}
	return false, r.err
}

// The fields of what changes.
const (
	reasonTag = iota + 1
	cancelTag
	attemptTag
	maxAttemptsTag
	runTag
	lossesTag
	progressTag
	soldierTag
	errorTag // code and message
	updatedTag
	runAtTag
	startedTag
	finishedTag
	executionTag
	recordedTag
	dispatchesTag
	refusalsTag
)

func putChanging(b []byte, r store.Record) []byte {
	m := r.Mission
	b = putText(b, reasonTag, m.StatusReason, "")
	if m.CancelRequested {
		b = putInt(b, cancelTag, 1)
	}
	b = putInt(b, attemptTag, int64(m.Attempt))
	b = putInt(b, maxAttemptsTag, int64(m.MaxAttempts))
	b = putInt(b, runTag, m.Run)
	b = putInt(b, lossesTag, int64(m.Losses))
	b = putInt(b, progressTag, int64(m.Progress))
	b = putText(b, soldierTag, m.SoldierID, "")
	if m.Error != nil {
		b = putString(putString(append(b, errorTag), m.Error.Code), m.Error.Message)
	}
	b = putInt(b, updatedTag, m.UpdatedAt.Millis())
	b = putInt(b, runAtTag, m.RunAt.Millis())
	b = putInt(b, startedTag, m.StartedAt.Millis())
	b = putInt(b, finishedTag, m.FinishedAt.Millis())
	b = putID(b, executionTag, r.Execution)
	b = putID(b, recordedTag, r.Recorded)
	b = putInt(b, dispatchesTag, int64(r.Dispatches))
	b = putInt(b, refusalsTag, int64(r.Refusals))
	if len(m.Result) <= bodyInRow {
		b = putBody(b, m.Result)
	}
	return b
}

func readChanging(text string, rec *store.Record) error {
	r, m := reader{b: text}, &rec.Mission
	for r.err == nil {
		switch tag := r.next(); tag {
		case reasonTag:
			m.StatusReason = r.text()
		case cancelTag:
			m.CancelRequested = r.int64() != 0
		case attemptTag:
			m.Attempt = r.int()
		case maxAttemptsTag:
			m.MaxAttempts = r.int()
		case runTag:
			m.Run = r.int64()
		case lossesTag:
			m.Losses = r.int()
		case progressTag:
			m.Progress = r.int()
		case soldierTag:
			m.SoldierID = r.text()
		case errorTag:
			m.Error = &contracts.MissionError{Code: r.text(), Message: r.text()}
		case updatedTag:
			m.UpdatedAt = contracts.FromMillis(r.int64())
		case runAtTag:
			m.RunAt = contracts.FromMillis(r.int64())
		case startedTag:
			m.StartedAt = contracts.FromMillis(r.int64())
		case finishedTag:
			m.FinishedAt = contracts.FromMillis(r.int64())
		case executionTag:
			rec.Execution = r.id()
		case recordedTag:
			rec.Recorded = r.id()
		case dispatchesTag:
			rec.Dispatches = r.int()
		case refusalsTag:
			rec.Refusals = r.int()
		case body:
			m.Result = r.rest()
			return r.err
		default:
			return unknownField(tag)
		}
	}
	return r.err
}

// row is what readRow finds.
type row struct {
	record store.Record
	// apart: its payload or its result is not in the row.
	apart   bool
	dropped int
	lines   string
}

// readRow reads a row; the bodies are there unless they lie apart.
func readRow(id, text string) (row, error) {
	found, err := parseRow(id, text)
	if err != nil {
		return row{}, fmt.Errorf("mission %s in redis is unreadable: %w", id, err)
	}
	return found, nil
}

func parseRow(id, text string) (found row, err error) {
	r, m := reader{b: text}, &found.record.Mission
	if layout := r.fixed(1); layout != rowLayout {
		return row{}, fmt.Errorf("its layout is %d, this release knows %d", layout, rowLayout)
	}
	r.fixed(8)
	found.dropped = int(r.fixed(4)) //nolint:gosec // four bytes
	fixed := r.section(4)
	tail := reader{b: r.takeLast(tailBytes)}
	m.MissionID = id
	m.Version = int64(tail.fixed(8))                               //nolint:gosec // written from an int64
	status, resultApart := byte(tail.fixed(1)), tail.fixed(1) == 1 //nolint:gosec // one byte
	size := tail.fixed(4)
	changing := reader{b: r.takeLast(size)}
	found.record.Session = strings.Clone(changing.takeLast(tail.fixed(2)))
	found.lines = r.b
	if err := cmp.Or(r.err, tail.err, changing.err); err != nil {
		return row{}, err
	}
	if m.Status, err = statusOf(status); err != nil {
		return row{}, err
	}
	payloadApart, err := readFixed(fixed, m)
	if err != nil {
		return row{}, err
	}
	found.apart = payloadApart || resultApart
	return found, readChanging(changing.b, &found.record)
}

// The fields of a history line.
const (
	madeTag       = iota + 1
	delayTag      // between made and recorded
	lineStatusTag // one byte, see statusByte
	lineOtherTag  // what a refused update wanted to be, where it is no status
	causeTag
	lineAttemptTag
	lineRunTag
	lineSoldierTag
	messageTag
	refusedTag
)

func putLine(b []byte, l contracts.HistoryLine) []byte {
	b = putInt(b, madeTag, l.MadeAt.Millis())
	b = putInt(b, delayTag, l.RecordedAt.Millis()-l.MadeAt.Millis())
	if c := statusByte(l.Status); c != 0 {
		b = append(b, lineStatusTag, c)
	} else {
		b = putText(b, lineOtherTag, string(l.Status), "")
	}
	b = putText(b, causeTag, string(l.Cause), "")
	b = putInt(b, lineAttemptTag, int64(l.Attempt))
	b = putInt(b, lineRunTag, l.Run)
	b = putText(b, lineSoldierTag, l.SoldierID, "")
	b = putText(b, messageTag, l.Message, "")
	if l.Refused {
		b = putInt(b, refusedTag, 1)
	}
	return b
}

func putLines(b []byte, lines []contracts.HistoryLine) []byte {
	for _, l := range lines {
		b = putSection(b, func(b []byte) []byte { return putLine(b, l) })
	}
	return b
}

func readLine(text string) (l contracts.HistoryLine, err error) {
	r := reader{b: text}
	var made, delay int64
	for r.err == nil {
		switch tag := r.next(); tag {
		case madeTag:
			made = r.int64()
		case delayTag:
			delay = r.int64()
		case lineStatusTag:
			if l.Status, err = statusOf(byte(r.fixed(1))); err != nil { //nolint:gosec // one byte
				return l, err
			}
		case lineOtherTag:
			l.Status = contracts.Status(r.text())
		case causeTag:
			l.Cause = contracts.Cause(r.text())
		case lineAttemptTag:
			l.Attempt = r.int()
		case lineRunTag:
			l.Run = r.int64()
		case lineSoldierTag:
			l.SoldierID = r.text()
		case messageTag:
			l.Message = r.text()
		case refusedTag:
			l.Refused = r.int64() != 0
		case body:
			l.MadeAt, l.RecordedAt = contracts.FromMillis(made), contracts.FromMillis(made+delay)
			return l, r.err
		default:
			return l, unknownField(tag)
		}
	}
	return l, r.err
}

// readLines reads the lines of a row.
func readLines(text string) ([]contracts.HistoryLine, error) {
	var lines []contracts.HistoryLine
	for r := (reader{b: text}); r.b != ""; {
		l, err := readLine(r.section(4))
		if r.err != nil {
			err = r.err
		}
		if err != nil {
			return nil, err
		}
		lines = append(lines, l)
	}
	return lines, nil
}

func unknownField(tag byte) error { return fmt.Errorf("unknown field %d", tag) }
