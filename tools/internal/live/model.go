package live

import (
	"fmt"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
)

const (
	// maxRunning is how many running missions are remembered, maxLatest how many that ended.
	maxRunning, maxLatest = 5_000, 200
	// maxSeen is how many missions' versions are remembered at least, the newest: enough for what comes twice.
	maxSeen = 20_000
	// maxText bounds each text of a mission, in characters: more than a line has room for.
	maxText = 300
)

// Link is the connection with the commander.
type Link struct {
	// Live: the stream stands. Otherwise it is being connected, for the first time or again.
	Live bool
	// Since is when it became so.
	Since time.Time
	// Why is why the last try failed.
	Why string
	// Stood: it was live at least once. Heard is then when it was last, while it is not.
	Stood bool
	Heard time.Time
}

// Row is what is kept of a mission.
type Row struct {
	ID, Name, Kind, Squad, Soldier, Note string
	Status                               contracts.Status
	// Began and Ended are of its last execution; Changed is when its status became what it is.
	Began, Ended, Changed time.Time
	Progress              int
}

func rowOf(m contracts.Mission) Row {
	r := Row{
		ID: text(m.MissionID), Name: text(m.Name), Kind: text(m.Kind), Squad: text(m.Squad), Soldier: text(m.SoldierID),
		Note: text(m.StatusReason), Status: m.Status, Began: m.StartedAt.Time, Ended: m.FinishedAt.Time, Changed: m.UpdatedAt.Time,
		Progress: m.Progress,
	}
	switch {
	case m.CancelRequested && !m.Status.Terminal():
		r.Note = "cancel requested"
	case m.Error != nil && m.Status == contracts.StatusFailed:
		r.Note = text(m.Error.Message)
	}
	return r
}

func text(s string) string { return cliout.Cut(cliout.Plain(s), maxText) }

// Model is what is known. Its zero value is not ready: see NewModel.
type Model struct {
	filter Filter
	link   Link
	stats  *client.Stats
	fleet  *client.Fleet
	health *client.Health

	running map[string]Row
	more    bool  // more missions run than are remembered
	latest  []Row // the newest last

	// seen are versions, in two generations: the younger one becomes the older one when it is full.
	seen, seenBefore map[string]int64
}

// NewModel returns one that knows nothing, at a time.
func NewModel(f Filter, now time.Time) *Model {
	return &Model{filter: f, link: Link{Since: now}, running: map[string]Row{}, seen: map[string]int64{}}
}

// Take takes an event that came now. It tells whether the missions must be listed: the stream stands for the first time, or
// changes were missed.
func (m *Model) Take(e client.Event, now time.Time) (list bool, err error) {
	switch e.Type {
	case client.EventConnected:
		list = !m.link.Stood
		m.link = Link{Live: true, Since: now, Stood: true}
	case client.EventDisconnected:
		if m.link.Live {
			m.link = Link{Since: now, Stood: true, Heard: now}
		}
		m.link.Why = text(e.Err.Error())
	case client.EventReset:
		clear(m.running)
		m.more = false
		return true, nil
	case client.EventMission:
		mission, err := e.Mission()
		if err != nil {
			return false, err
		}
		m.put(mission)
	case client.EventStats:
		m.stats, err = keep(m.stats)(e.Stats())
	case client.EventSoldiers:
		m.fleet, err = keep(m.fleet)(e.Soldiers())
	case client.EventHealth:
		m.health, err = keep(m.health)(e.Health())
	}
	return list, err
}

// keep takes the newer value, unless it can't be read.
func keep[T any](old *T) func(T, error) (*T, error) {
	return func(v T, err error) (*T, error) {
		if err != nil {
			return old, err
		}
		return &v, nil
	}
}

// TakeList takes missions that were listed, the oldest first. What came as an event meanwhile is newer, and stays.
func (m *Model) TakeList(missions []contracts.Mission) {
	for _, mission := range missions {
		m.put(mission)
	}
}

// put takes a picture of a mission, unless a newer one was seen.
func (m *Model) put(mission contracts.Mission) {
	if !m.filter.fitsAtAll(mission) {
		return
	}
	id := mission.MissionID
	last, known := m.seen[id]
	if !known {
		last, known = m.seenBefore[id]
	}
	if known && mission.Version < last {
		return
	}
	m.remember(id, mission.Version)
	_, runs := m.running[id]
	switch {
	case mission.Status != contracts.StatusInProgress || !m.filter.Fits(mission):
		delete(m.running, id)
	case runs || len(m.running) < maxRunning:
		m.running[id] = rowOf(mission)
	default:
		m.more = true
	}
	if again := known && mission.Version == last; !again && m.listsAsLatest(mission) {
		if m.latest = append(m.latest, rowOf(mission)); len(m.latest) >= 2*maxLatest {
			m.latest = append([]Row(nil), m.latest[len(m.latest)-maxLatest:]...)
		}
	}
}

// listsAsLatest tells whether the change belongs among the latest: an end, or what the filter asks for.
func (m *Model) listsAsLatest(mission contracts.Mission) bool {
	if m.filter.Status == "" {
		return mission.Status.Terminal()
	}
	return m.filter.Status == mission.Status && mission.Status != contracts.StatusInProgress
}

func (m *Model) remember(id string, version int64) {
	if len(m.seen) >= maxSeen {
		m.seenBefore, m.seen = m.seen, map[string]int64{}
	}
	m.seen[id] = version
}

// String is for failing tests.
func (m *Model) String() string {
	return fmt.Sprintf("%+v, %d running, %d latest, %d+%d seen", m.link, len(m.running), len(m.latest), len(m.seen), len(m.seenBefore))
}
