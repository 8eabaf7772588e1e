package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
)

// filter is the flags that choose missions among all there are.
type filter struct{ status, kind, squad, label, q string }

func (f *filter) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.status, "status", "", "only missions in this status")
	flags.StringVar(&f.kind, "kind", "", "only missions of this kind")
	flags.StringVar(&f.squad, "squad", "", "only missions of this squad")
	flags.StringVar(&f.label, "label", "", "only missions with this label, KEY:VALUE")
	flags.StringVar(&f.q, "q", "", "only the mission with this id, or missions whose name begins so")
}

func (f *filter) empty() bool { return *f == filter{} }

// bulk is the filter as a bulk job has it.
func (f *filter) bulk() (contracts.BulkFilter, error) {
	o, err := f.options()
	b := contracts.BulkFilter{Status: o.Status, Kind: o.Kind, Squad: o.Squad, Query: o.Search}
	if f.label != "" {
		b.Label = o.Label.String()
	}
	return b, err
}

// options is the filter as lists have it.
func (f *filter) options() (client.ListOptions, error) {
	o := client.ListOptions{Status: contracts.Status(strings.ToUpper(f.status)), Kind: f.kind, Squad: f.squad, Search: f.q}
	if f.status != "" && !o.Status.Valid() {
		return o, cliout.Usage("--status must be one of %v, got %q", contracts.Statuses(), f.status)
	}
	if f.label == "" {
		return o, nil
	}
	var err error
	o.Label, err = readLabel(f.label)
	return o, err
}
