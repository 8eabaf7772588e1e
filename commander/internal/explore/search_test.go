package explore

import (
	"fmt"
	"hash/maphash"
	"strings"
	"time"
)

// seen holds the states that were reached, by their hashes of 64 bits, and whence each was first.
type seen struct {
	seed   maphash.Seed
	slots  []uint32
	hashes []uint64
	parent []uint32
}

func newSeen() *seen { return &seen{seed: maphash.MakeSeed(), slots: make([]uint32, 1<<12)} }

func (t *seen) hash(s *state) uint64 { return maphash.Bytes(t.seed, s.bytes()) }

// add returns the number of a state, and whether it is a new one.
func (t *seen) add(h uint64, parent uint32) (uint32, bool) {
	if len(t.hashes)*3 > len(t.slots)*2 {
		t.slots = make([]uint32, len(t.slots)*2)
		for i, h := range t.hashes {
			t.slots[t.slot(h)] = uint32(i + 1)
		}
	}
	j := t.slot(h)
	if n := t.slots[j]; n != 0 {
		return n - 1, false
	}
	t.hashes, t.parent = append(t.hashes, h), append(t.parent, parent)
	t.slots[j] = uint32(len(t.hashes))
	return uint32(len(t.hashes) - 1), true
}

// slot returns where a hash is, or may be put.
func (t *seen) slot(h uint64) uint64 {
	mask := uint64(len(t.slots) - 1)
	j := h & mask
	for t.slots[j] != 0 && t.hashes[t.slots[j]-1] != h {
		j = (j + 1) & mask
	}
	return j
}

// result of a search. broken is the promise, empty where all hold.
type result struct {
	broken               string
	states, steps, depth int
	cut                  bool // at the bound on states
	trace                []string
	events               map[string]int
	took                 time.Duration
}

func (r result) String() string {
	how := "all of them"
	if r.cut {
		how = "cut"
	}
	return fmt.Sprintf("%d states, %d steps, depth %d, %s, %v", r.states, r.steps, r.depth, how, r.took.Round(10*time.Millisecond))
}

// search explores a world, breadth first.
func search(c *config) result {
	began := time.Now()
	w, t := newWorld(c), newSeen()
	first := w.begin()
	t.add(t.hash(&first), 0)
	level, next := []state{first}, []state(nil)
	var r result
	var edges []uint32 // the protocol's own steps: all of a state's, one state after the other
	var edgesFrom []int
	ended := []bool{w.ended(&first)}
	number := uint32(0)
	for len(level) > 0 && r.broken == "" && !r.cut {
		next = next[:0]
		for i := range level {
			me := number
			number++
			edgesFrom = append(edgesFrom, len(edges))
			if w.over(&level[i]) {
				continue
			}
			w.successors(&level[i], func(w *world) {
				if r.broken != "" {
					return
				}
				r.steps++
				to, fresh := t.add(t.hash(&w.s), me)
				if w.kind == own {
					edges = append(edges, to)
				}
				if !fresh {
					return
				}
				ended = append(ended, w.ended(&w.s))
				next = append(next, w.s)
				if w.s.Broken != 0 {
					r.broken, r.trace = promises[w.s.Broken], trace(c, t, to)
				}
			})
			if r.cut = len(t.hashes) > c.max && r.broken == ""; r.cut || r.broken != "" {
				break
			}
		}
		level, next = next, level
		r.depth++
	}
	r.states, r.events = len(t.hashes), w.events
	if r.broken == "" && !r.cut {
		if stuck, found := stuckState(edges, append(edgesFrom, len(edges)), ended); found {
			r.broken, r.trace = "L", trace(c, t, stuck)
		}
	}
	r.took = time.Since(began)
	return r
}

// stuckState returns the first state from which no state where all missions have ended can be reached.
func stuckState(edges []uint32, from []int, ends []bool) (uint32, bool) {
	for changed := true; changed; {
		changed = false
		for i := len(ends) - 1; i >= 0; i-- {
			if ends[i] {
				continue
			}
			for _, to := range edges[from[i]:from[i+1]] {
				if ends[to] {
					ends[i], changed = true, true
					break
				}
			}
		}
	}
	for i, ok := range ends {
		if !ok {
			return uint32(i), true
		}
	}
	return 0, false
}

// trace tells the way to a state.
func trace(c *config, t *seen, to uint32) []string {
	way := []uint32{to}
	for way[len(way)-1] != 0 {
		way = append(way, t.parent[way[len(way)-1]])
	}
	w := newWorld(c)
	w.tracing = true
	s := w.begin()
	var lines []string
	for k := len(way) - 2; k >= 0; k-- {
		var next *state
		w.successors(&s, func(w *world) {
			if next == nil && t.hash(&w.s) == t.hashes[way[k]] {
				found := w.s
				next = &found
				lines = append(lines, [...]string{"", "FAULT: ", "USER: "}[w.kind]+w.said)
			}
		})
		s = *next
	}
	for i := range c.missions {
		lines = append(lines, fmt.Sprintf("then mission %d is %s", i, s.Now.Missions[i]))
	}
	return lines
}

// tell writes a trace down.
func (r result) tell() string {
	var b strings.Builder
	for i, line := range r.trace {
		fmt.Fprintf(&b, "\n%3d. %s", i+1, line)
	}
	return b.String()
}
