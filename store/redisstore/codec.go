package redisstore

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// core is what a mission's creation fixed, without the payload. Names are short and defaults left out, because there is
// one for each mission that Redis remembers.
type core struct {
	Name     string            `json:"n,omitempty"` // first, for encodedBeginning
	Kind     string            `json:"k,omitempty"`
	Squad    string            `json:"q,omitempty"`
	Priority string            `json:"p,omitempty"`
	Labels   map[string]string `json:"l,omitempty"`
	Timeout  int               `json:"t,omitempty"`
	Created  int64             `json:"c,omitempty"`
}

// rest is what changes, without id, version, status, session and result.
type rest struct {
	Reason      string                  `json:"w,omitempty"`
	Cancel      bool                    `json:"x,omitempty"`
	Attempt     int                     `json:"a,omitempty"`
	MaxAttempts int                     `json:"m,omitempty"`
	Run         int64                   `json:"n,omitempty"`
	Losses      int                     `json:"l,omitempty"`
	Progress    int                     `json:"p,omitempty"`
	Soldier     string                  `json:"s,omitempty"`
	Error       *contracts.MissionError `json:"e,omitempty"`
	Updated     int64                   `json:"u,omitempty"`
	RunAt       int64                   `json:"r,omitempty"`
	Started     int64                   `json:"b,omitempty"`
	Finished    int64                   `json:"f,omitempty"`
	Execution   string                  `json:"i,omitempty"`
	Recorded    string                  `json:"o,omitempty"`
	Dispatches  int                     `json:"d,omitempty"`
	Refusals    int                     `json:"y,omitempty"`
}

// encodedBeginning is how the core of a mission begins, in small letters, whose name begins with the given text: the name
// stands first, and as no character's escape is the beginning of another's, escaping keeps beginnings.
func encodedBeginning(name string) (string, error) {
	text, err := json.Marshal(core{Name: name})
	if err != nil {
		return "", fmt.Errorf("encoding a name: %w", err)
	}
	return store.FoldName(strings.TrimSuffix(string(text), `"}`)), nil
}

func encodeRecord(r store.Record) (coreJSON, restJSON string, err error) {
	m := r.Mission
	c, err := json.Marshal(core{
		Name: m.Name, Kind: m.Kind, Squad: unless(m.Squad, contracts.DefaultSquad),
		Priority: unless(string(m.Priority), string(contracts.PriorityNormal)),
		Labels:   m.Labels, Timeout: m.TimeoutSeconds, Created: m.CreatedAt.Millis(),
	})
	if err != nil {
		return "", "", fmt.Errorf("encoding mission %s: %w", m.MissionID, err)
	}
	b, err := json.Marshal(rest{
		Reason: m.StatusReason, Cancel: m.CancelRequested, Attempt: m.Attempt, MaxAttempts: m.MaxAttempts, Run: m.Run,
		Losses: m.Losses, Progress: m.Progress, Soldier: m.SoldierID, Error: m.Error, Updated: m.UpdatedAt.Millis(),
		RunAt: m.RunAt.Millis(), Started: m.StartedAt.Millis(), Finished: m.FinishedAt.Millis(),
		Execution: r.Execution, Recorded: r.Recorded, Dispatches: r.Dispatches, Refusals: r.Refusals,
	})
	if err != nil {
		return "", "", fmt.Errorf("encoding mission %s: %w", m.MissionID, err)
	}
	return string(c), string(b), nil
}

// decodeRecord reads the fields of a mission's hash; head is its field v.
func decodeRecord(id, head, coreJSON, restJSON string) (store.Record, error) {
	version, tail, ok1 := strings.Cut(head, "|")
	status, session, ok2 := strings.Cut(tail, "|")
	v, err := strconv.ParseInt(version, 10, 64)
	if !ok1 || !ok2 || err != nil {
		return store.Record{}, fmt.Errorf("mission %s in redis has an unreadable field v: %q", id, head)
	}
	var c core
	if err := json.Unmarshal([]byte(coreJSON), &c); err != nil {
		return store.Record{}, fmt.Errorf("mission %s in redis has an unreadable field c: %w", id, err)
	}
	var b rest
	if err := json.Unmarshal([]byte(restJSON), &b); err != nil {
		return store.Record{}, fmt.Errorf("mission %s in redis has an unreadable field r: %w", id, err)
	}
	return store.Record{
		Mission: contracts.Mission{
			MissionID: id, Name: c.Name, Kind: c.Kind, Squad: orDefault(c.Squad, contracts.DefaultSquad),
			Priority: contracts.Priority(orDefault(c.Priority, string(contracts.PriorityNormal))),
			Labels:   c.Labels, TimeoutSeconds: c.Timeout, CreatedAt: contracts.FromMillis(c.Created),
			Status: contracts.Status(status), StatusReason: b.Reason, CancelRequested: b.Cancel,
			Attempt: b.Attempt, MaxAttempts: b.MaxAttempts, Run: b.Run, Losses: b.Losses, Progress: b.Progress,
			SoldierID: b.Soldier, Error: b.Error, UpdatedAt: contracts.FromMillis(b.Updated),
			RunAt: contracts.FromMillis(b.RunAt), StartedAt: contracts.FromMillis(b.Started),
			FinishedAt: contracts.FromMillis(b.Finished), Version: v,
		},
		Execution: b.Execution, Session: session, Recorded: b.Recorded,
		Dispatches: b.Dispatches, Refusals: b.Refusals,
	}, nil
}

// unless returns s, or nothing where s is the usual.
func unless(s, usual string) string {
	if s == usual {
		return ""
	}
	return s
}

func orDefault(s, usual string) string {
	if s == "" {
		return usual
	}
	return s
}

// line is a history line as it is kept.
type line struct {
	Made     int64            `json:"m,omitempty"`
	Recorded int64            `json:"r,omitempty"`
	Status   contracts.Status `json:"s,omitempty"`
	Cause    contracts.Cause  `json:"c,omitempty"`
	Attempt  int              `json:"a,omitempty"`
	Run      int64            `json:"n,omitempty"`
	Soldier  string           `json:"w,omitempty"`
	Message  string           `json:"t,omitempty"`
	Refused  bool             `json:"x,omitempty"`
}

func encodeLine(l contracts.HistoryLine) (string, error) {
	b, err := json.Marshal(line{
		Made: l.MadeAt.Millis(), Recorded: l.RecordedAt.Millis(), Status: l.Status, Cause: l.Cause, Attempt: l.Attempt,
		Run: l.Run, Soldier: l.SoldierID, Message: l.Message, Refused: l.Refused,
	})
	return string(b), err
}

func decodeLine(s string) (contracts.HistoryLine, error) {
	var l line
	if err := json.Unmarshal([]byte(s), &l); err != nil {
		return contracts.HistoryLine{}, err
	}
	return contracts.HistoryLine{
		MadeAt: contracts.FromMillis(l.Made), RecordedAt: contracts.FromMillis(l.Recorded), Status: l.Status,
		Cause: l.Cause, Attempt: l.Attempt, Run: l.Run, SoldierID: l.Soldier, Message: l.Message, Refused: l.Refused,
	}, nil
}

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
}

func encodeSoldier(s store.Session) (string, error) {
	b, err := json.Marshal(soldier{
		SoldierID: s.SoldierID, Squads: s.Squads, Kinds: s.Kinds, Slots: s.Slots, Version: s.Version, Inbox: s.Inbox,
		Running: s.Running, Seq: s.Seq,
	})
	return string(b), err
}

// decodeSession reads the fields of a session's hash, in the order st, j, a, n, u.
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
		Slots: s.Slots, Version: s.Version, Inbox: s.Inbox, Running: s.Running, Seq: s.Seq,
		StartedAt: times[0], RenewedAt: times[1], LeaseUntil: times[2],
	}.Clone(), nil
}
