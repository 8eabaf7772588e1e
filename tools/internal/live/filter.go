package live

import (
	"strings"

	"github.com/mission-control-dev/mission-control/contracts"
)

// Filter chooses missions. Empty fields choose all.
type Filter struct {
	// Status chooses changes into this status.
	Status      contracts.Status
	Kind, Squad string
	Label       contracts.Label
}

// Fits tells whether the filter chooses a change.
func (f Filter) Fits(m contracts.Mission) bool {
	return f.fitsAtAll(m) && (f.Status == "" || f.Status == m.Status)
}

// fitsAtAll leaves the status, which alone changes, aside.
func (f Filter) fitsAtAll(m contracts.Mission) bool {
	value, labelled := m.Labels[f.Label.Key]
	return (f.Kind == "" || f.Kind == m.Kind) && (f.Squad == "" || f.Squad == m.Squad) &&
		(f.Label == (contracts.Label{}) || labelled && value == f.Label.Value)
}

// String is the filter for people; empty where it chooses all.
func (f Filter) String() string {
	var parts []string
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+" "+value)
		}
	}
	add("status", string(f.Status))
	add("kind", f.Kind)
	add("squad", f.Squad)
	if f.Label != (contracts.Label{}) {
		add("label", f.Label.String())
	}
	return strings.Join(parts, ", ")
}
