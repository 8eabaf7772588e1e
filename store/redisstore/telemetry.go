package redisstore

import (
	"context"
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/redis/rueidis"
)

// What was reported of a mission is a list, so that a line is written once: its head, and the lines behind it, oldest first.
// Numbers are big-endian.
//
//	head   number of the newest line (8), bytes of all lines (8), run (8), seq of its last report (8), how many lines it
//	       has said (8), percent (1), the progress' text
//	line   number (8), at in ms (8), run (8), attempt (4), level (1), cut (1), text
const (
	headBytes = 41
	lineBytes = 30
	noPercent = 255
)

// levels in the order of their numbers, which must stay.
var levels = []contracts.LogLevel{contracts.LevelDebug, contracts.LevelInfo, contracts.LevelWarn, contracts.LevelError} //nolint:gochecknoglobals // constant

// AddReports implements store.Telemetry.
func (s *Store) AddReports(ctx context.Context, reports ...store.Report) error {
	if err := store.CheckReports(reports); err != nil || len(reports) == 0 {
		return err
	}
	keys := make([]string, 0, 2*len(reports)+1)
	args := append(make([]string, 0, 3*len(reports)+3), strconv.Itoa(contracts.MaxLogLines), strconv.Itoa(contracts.MaxLogBytes))
	for _, r := range reports {
		r = newest(r)
		id, _ := parseID(r.MissionID)
		keys = append(keys, s.keys.mission(id), s.keys.telemetry(id))
		fixed, text := put64(put64(put64(nil, r.Run), r.Seq), r.Before), ""
		if p := r.Progress; p != nil {
			fixed, text = append(fixed, byte(p.Percent)), p.Text
		} else {
			fixed = append(fixed, noPercent)
		}
		args = append(args, rueidis.BinaryString(fixed), text, rueidis.BinaryString(putLogLines(r)))
	}
	_, err := s.run(ctx, "add reports", s.scripts.report, keys, args)
	return err
}

// newest leaves the oldest of a report's lines away that would not be kept, since those behind them need all the room. They count as
// said before.
func newest(r store.Report) store.Report {
	from, size := len(r.Lines), 0
	for from > 0 && size+store.LineSize(r.Lines[from-1]) <= contracts.MaxLogBytes {
		from--
		size += store.LineSize(r.Lines[from])
	}
	r.Before, r.Lines = r.Before+int64(from), r.Lines[from:]
	return r
}

// putLogLines are a report's lines, but for their numbers, each behind its length.
func putLogLines(r store.Report) []byte {
	var b []byte
	for _, l := range r.Lines {
		b = binary.BigEndian.AppendUint32(b, uint32(lineBytes-8+len(l.Text))) //nolint:gosec // texts are short
		b = put64(put64(b, l.At.Millis()), r.Run)
		b = binary.BigEndian.AppendUint32(b, uint32(r.Attempt)) //nolint:gosec // it is small
		b = append(b, levelByte(l.Level), flag(l.Cut))
		b = append(b, l.Text...)
	}
	return b
}

func levelByte(l contracts.LogLevel) byte {
	for i, known := range levels {
		if known == l {
			return byte(i) //nolint:gosec // there are four
		}
	}
	return 1 // info
}

// Progress implements store.Telemetry.
func (s *Store) Progress(ctx context.Context, ids ...string) ([]store.Progress, error) {
	all := make([]store.Progress, len(ids))
	if len(ids) == 0 {
		return all, nil
	}
	err := s.do(ctx, "read progress", func(ctx context.Context, client rueidis.Client) error {
		commands := make([]rueidis.Completed, len(ids), len(ids)+1)
		for i, id := range ids {
			raw, _ := parseID(id)
			commands[i] = client.B().Lindex().Key(s.keys.telemetry(raw)).Index(0).Build()
		}
		results, err := s.read(ctx, client, commands...)
		if err != nil {
			return err
		}
		for i, result := range results {
			head, err := result.ToString()
			if rueidis.IsRedisNil(err) {
				continue
			}
			if err != nil {
				return err
			}
			found, err := readHead(ids[i], head)
			if err != nil {
				return err
			}
			all[i] = found.Progress
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// Log implements store.Telemetry.
func (s *Store) Log(ctx context.Context, id string, after int64) (store.Log, error) {
	raw, ok := parseID(id)
	if !ok {
		return store.Log{}, store.ErrNotFound
	}
	reply, err := s.run(ctx, "read log", s.scripts.log, []string{s.keys.mission(raw), s.keys.telemetry(raw)},
		[]string{strconv.FormatInt(after, 10)})
	switch {
	case err != nil:
		return store.Log{}, err
	case len(reply) == 0:
		return store.Log{}, store.ErrNotFound
	case reply[1] == "":
		return store.Log{}, nil
	}
	log, err := readHead(id, reply[1])
	if err != nil {
		return store.Log{}, err
	}
	kept, err := strconv.ParseInt(reply[0], 10, 64)
	if err != nil {
		return store.Log{}, fmt.Errorf("log of mission %s in redis has %q lines: %w", id, reply[0], err)
	}
	log.Dropped = log.Last - kept
	for _, text := range reply[2:] {
		l, err := readLogLine(id, text)
		if err != nil {
			return store.Log{}, err
		}
		if l.Number > after {
			log.Lines = append(log.Lines, l)
		}
	}
	return log, nil
}

func readHead(id, head string) (store.Log, error) {
	if len(head) < headBytes {
		return store.Log{}, fmt.Errorf("telemetry of mission %s in redis is unreadable: its head has %d bytes", id, len(head))
	}
	return store.Log{
		Last: number64(head),
		Progress: store.Progress{
			Run: number64(head[16:]), Progress: contracts.Progress{Percent: int(head[headBytes-1]), Text: head[headBytes:]},
		},
	}, nil
}

func readLogLine(id, text string) (contracts.NumberedLine, error) {
	if len(text) < lineBytes || int(text[28]) >= len(levels) {
		return contracts.NumberedLine{}, fmt.Errorf("telemetry of mission %s in redis is unreadable: a line has %d bytes", id, len(text))
	}
	return contracts.NumberedLine{
		Number: number64(text), Run: number64(text[16:]), Attempt: int(binary.BigEndian.Uint32([]byte(text[24:28]))),
		LogLine: contracts.LogLine{
			At: contracts.FromMillis(number64(text[8:])), Level: levels[text[28]], Cut: text[29] != 0, Text: text[lineBytes:],
		},
	}, nil
}

func number64(s string) int64 {
	return int64(binary.BigEndian.Uint64([]byte(s[:8]))) //nolint:gosec // as it was written
}
