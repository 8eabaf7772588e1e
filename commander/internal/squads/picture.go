package squads

import (
	"fmt"
	"maps"
	"slices"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/topology"
)

// picture is what is known at a moment. It is never changed: who knows more makes another one.
type picture struct {
	squads map[string]entry
	// queues are the orders queues of all, open those that orders may be published to.
	queues []string
	open   map[string]bool
	// looked: it is what the store said, or what we changed since.
	looked bool
	// served are the squads that a live soldier serves; nil where that is not known.
	served map[string]bool
}

// newPicture is what is known before anything was looked at. The default squad's queues are the commanders' own topology.
func newPicture() *picture {
	return (&picture{}).with(func(p *picture) {
		p.squads = map[string]entry{contracts.DefaultSquad: {Squad: Squad{Name: contracts.DefaultSquad}, declared: true}}
	})
}

// with returns a picture with a change to a copy of the squads.
func (p *picture) with(change func(next *picture)) *picture {
	next := *p
	next.squads = maps.Clone(p.squads)
	change(&next)
	next.open, next.queues = make(map[string]bool, 3*len(next.squads)), nil
	for _, name := range next.names() {
		e := next.squads[name]
		for _, queue := range topology.OfSquads(name).OrdersQueues() {
			next.queues = append(next.queues, queue)
			next.open[queue] = next.looked && e.declared && !e.Paused
		}
	}
	return &next
}

func (p *picture) names() []string { return slices.Sorted(maps.Keys(p.squads)) }

// room tells whether there may be some more squads.
func (p *picture) room(more int) bool { return len(p.squads)+more <= Most }

// List returns the squads by name; ok is false until the store was seen once.
func (r *Registry) List() (list []Squad, ok bool) {
	p := r.now.Load()
	for _, name := range p.names() {
		list = append(list, p.squads[name].Squad)
	}
	return list, p.looked
}

// Paused tells of each squad whether it is paused.
func (r *Registry) Paused() map[string]bool {
	out := map[string]bool{}
	for name, e := range r.now.Load().squads {
		out[name] = e.Paused
	}
	return out
}

// Queues returns the orders queues of all squads. The caller does not change them.
func (r *Registry) Queues() []string { return r.now.Load().queues }

// Topology returns the queues of all squads but the default one.
func (r *Registry) Topology() topology.Topology {
	names := r.now.Load().names()
	return topology.OfSquads(slices.DeleteFunc(names, func(name string) bool { return name == contracts.DefaultSquad })...)
}

// Open tells whether orders may be published to a queue.
func (r *Registry) Open(queue string) bool { return r.now.Load().open[queue] }

// Awaited says that a mission waits for a queue. Where its squad is not known, that is registered soon.
func (r *Registry) Awaited(queue string) { r.Noted(topology.SquadOf(queue)) }

// State says whether missions of a squad can start.
type State int

// The states.
const (
	Working State = iota
	Paused
	Unserved // no live soldier serves it
)

// Reason says why missions of a squad wait, where that is the squad's doing; it is empty where the squad is Working.
func (r *Registry) Reason(squad string) (why string, is State) {
	p := r.now.Load()
	switch {
	case p.squads[squad].Paused:
		return paused(squad), Paused
	case p.served != nil && !p.served[squad]:
		return fmt.Sprintf("no soldier serves squad %s: start one with SOLDIER_SQUADS=%s", squad, squad), Unserved
	}
	return "", Working
}

func paused(squad string) string {
	return fmt.Sprintf("squad %s is paused: resume it with POST /squads/%s/resume", squad, squad)
}
