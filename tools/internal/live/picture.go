package live

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
)

// Picture is a Model at a moment, in the order in which it is shown. It stays as it is while the Model goes on.
type Picture struct {
	At time.Time
	// URL is the commander's.
	URL    string
	Filter string
	Link   Link
	// Paused: the picture is kept though time goes on.
	Paused bool
	// Stats, Fleet and Health are nil until they are known.
	Stats  *client.Stats
	Fleet  *client.Fleet
	Health *client.Health
	// Running are those that run longest first, More that there are more. Latest are the newest first.
	Running []Row
	More    bool
	Latest  []Row
	// LatestOf names what Latest has: an end, or the status of the filter.
	LatestOf string
	// ListsRunning and ListsLatest are false where the filter chooses none of them.
	ListsRunning, ListsLatest bool
}

// Picture returns what is known now.
func (m *Model) Picture(url string, now time.Time) Picture {
	p := Picture{
		At: now, URL: url, Filter: m.filter.String(), Link: m.link, Stats: m.stats, Fleet: m.fleet, Health: m.health, More: m.more,
		LatestOf:     "ENDED",
		ListsRunning: m.filter.Status == "" || m.filter.Status == contracts.StatusInProgress,
		ListsLatest:  m.filter.Status != contracts.StatusInProgress,
	}
	if m.filter.Status != "" {
		p.LatestOf = string(m.filter.Status)
	}
	for _, r := range m.running {
		p.Running = append(p.Running, r)
	}
	slices.SortFunc(p.Running, func(a, b Row) int { return cmp.Or(a.Began.Compare(b.Began), strings.Compare(a.ID, b.ID)) })
	p.Latest = slices.Clone(m.latest)
	slices.Reverse(p.Latest)
	// Ends that came out of order, and those that were listed, find their place.
	slices.SortStableFunc(p.Latest, func(a, b Row) int { return b.Changed.Compare(a.Changed) })
	p.Latest = p.Latest[:min(len(p.Latest), maxLatest)]
	return p
}
