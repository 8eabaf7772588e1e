package live

import (
	"context"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
)

// firstLatest is how many missions that ended are listed of each status at the start: the newest that were submitted, which
// is not quite the newest that ended. firstRunning is how many of those that run.
const firstLatest, firstRunning = 20, 1_000

// List lists what runs, and what came last, for a filter.
func List(ctx context.Context, c *client.Client, f Filter) ([]contracts.Mission, error) {
	var all []contracts.Mission
	for _, s := range contracts.Statuses() {
		asked := f.Status == s || f.Status == "" && (s.Terminal() || s == contracts.StatusInProgress)
		if !asked {
			continue
		}
		most := firstLatest
		if s == contracts.StatusInProgress {
			most = firstRunning
		}
		o := client.ListOptions{Status: s, Kind: f.Kind, Squad: f.Squad, Label: f.Label, PageSize: min(most, contracts.MaxListLimit)}
		n := 0
		for m, err := range c.List(ctx, o) {
			if err != nil {
				return nil, err
			}
			all = append(all, m)
			if n++; n == most {
				break
			}
		}
	}
	return all, nil
}
