package schedule

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Fault is one thing that is broken for a while.
type Fault struct {
	Kind Kind
	// On are the parts or links that it happens to.
	On []string
	// At is when it begins, counted from the drill's start; For is how long until it is undone.
	At, For time.Duration
	// By is how late bytes come, of Delay.
	By time.Duration
}

// End is when it is undone.
func (f Fault) End() time.Duration { return f.At + f.For }

// Where says in a few letters what a fault happens to.
func (f Fault) Where() string {
	switch {
	case f.Kind == KillAll:
		return "all"
	case f.Kind == Isolate:
		soldier, _ := Ends(f.On[0])
		return soldier
	case f.Kind == CommandersAway, f.Kind == PauseCommanders, f.Kind == Absence:
		return "commanders"
	case len(f.On) > 1:
		_, end := Ends(f.On[0])
		return "*>" + end
	}
	return f.On[0]
}

// String is the fault as one line of a printed schedule.
func (f Fault) String() string {
	s := fmt.Sprintf("%6.1f s  for %5.1f s  %-16s %s", f.At.Seconds(), f.For.Seconds(), f.Kind, f.Where())
	if f.By > 0 {
		s += fmt.Sprintf(" by %v", f.By)
	}
	return s
}

// Config says what is wanted.
type Config struct {
	Seed uint64
	// Length is that of the whole drill, without what it waits for afterwards. With Each it is not asked for.
	Length time.Duration
	// Each is how often each kind occurs alone, one fault after the other, with Apart between them; 0 is a schedule of
	// overlapping faults. Freezes adds one freeze of a minute for each kind that freezes one part.
	Each    int
	Freezes bool
	// Only are the kinds that are wanted; empty means Kinds, with Wipes where those are on.
	Only  []Kind
	Wipes bool
}

// Apart is how long all must be well between two faults that occur alone.
const Apart = 6 * time.Second

// MinLength is the shortest drill in which something can happen.
const MinLength = 20 * time.Second

// Margins and gaps of a schedule.
const (
	first = 5 * time.Second // the flow runs undisturbed before
	last  = 5 * time.Second // and afterwards
	// longRun is from when on long faults occur.
	longRun = 10 * time.Minute
	// recovery is how long a part or link is left alone afterwards: some have to start again.
	recovery = 6 * time.Second
)

// Check says what is wrong with a Config.
func (c Config) Check() error {
	switch {
	case c.Each < 0:
		return errors.New("each kind of fault occurs once at least")
	case c.Each == 0 && c.Freezes:
		return errors.New("freezes of a minute are for faults that occur alone: say with --each how often")
	case c.Each == 0 && c.Length < MinLength:
		return fmt.Errorf("a fault drill takes at least %v", MinLength)
	case c.Each == 0 && slices.Contains(c.Only, Absence) && c.Length < Absence.alone()+first+last:
		return fmt.Errorf("the fault %s takes %v: choose a longer drill, or --each 1", Absence, Absence.alone())
	}
	for _, k := range c.Only {
		if !k.Valid() {
			return fmt.Errorf("there is no fault %q; there are %s", k, names(All()))
		}
		if slices.Contains(Wipes(), k) && !c.Wipes {
			return errors.New("faults that wipe a server's data must be asked for with --wipes")
		}
	}
	return nil
}

func names(kinds []Kind) string {
	texts := make([]string, len(kinds))
	for i, k := range kinds {
		texts[i] = string(k)
	}
	return strings.Join(texts, ", ")
}

// New returns the schedule, by the beginning of its faults.
func New(c Config) []Fault {
	kinds := c.Only
	if len(kinds) == 0 {
		kinds = Kinds()
		if c.Wipes {
			kinds = append(kinds, Wipes()...)
		}
	}
	if c.Each > 0 {
		return alone(c, kinds)
	}
	r := rand.New(rand.NewPCG(c.Seed, uint64(c.Length))) //nolint:gosec // it has to repeat
	var all []Fault
	busy := map[string]time.Duration{} // until when
	var round []Kind
	misses := 0
	for at := first; at < c.Length-last && misses < 2*len(kinds); {
		// Every kind once, in another order each round, so that a run has as many kinds as fit.
		if len(round) == 0 {
			round = slices.Clone(kinds)
			r.Shuffle(len(round), func(i, j int) { round[i], round[j] = round[j], round[i] })
		}
		f := draw(r, round[0], c.Length)
		round = round[1:]
		f.At = at
		for _, on := range f.On {
			f.At = max(f.At, busy[on])
		}
		if f.End() > c.Length-last {
			misses++ // something shorter may fit
			continue
		}
		misses = 0
		for _, on := range f.On {
			busy[on] = f.End() + recovery
		}
		all = append(all, f)
		at = f.At + seconds{1, 7}.draw(r)
		if r.IntN(2) == 0 { // the next one waits until this one is over
			at += f.For
		}
	}
	slices.SortStableFunc(all, func(a, b Fault) int { return cmp.Compare(a.At, b.At) })
	return all
}

// alone returns each kind some times, one after the other: whole rounds, each in an order of its own, then the freezes.
func alone(c Config, kinds []Kind) []Fault {
	r := rand.New(rand.NewPCG(c.Seed, uint64(c.Each))) //nolint:gosec // it has to repeat
	var all []Fault
	at := first
	add := func(k Kind, length time.Duration) {
		f := Fault{Kind: k, On: k.on(r), At: at, For: length}
		if k == Delay {
			f.By = seconds{0.1, 1}.draw(r)
		}
		all = append(all, f)
		at = f.End() + Apart
	}
	for range c.Each {
		round := slices.Clone(kinds)
		r.Shuffle(len(round), func(i, j int) { round[i], round[j] = round[j], round[i] })
		for _, k := range round {
			add(k, k.alone())
		}
	}
	for _, k := range freezes() {
		if c.Freezes && slices.Contains(kinds, k) {
			add(k, freeze)
		}
	}
	return all
}

// LengthOf is how long a drill with this schedule is, without what it waits for.
func LengthOf(c Config) time.Duration {
	if c.Each == 0 {
		return c.Length
	}
	all := New(c)
	return all[len(all)-1].End() + last
}

func draw(r *rand.Rand, k Kind, length time.Duration) Fault {
	f := Fault{Kind: k, On: k.on(r), For: k.lengths().draw(r)}
	if long, ok := k.long(); ok && length >= longRun && r.IntN(3) == 0 {
		f.For = long.draw(r)
	}
	if k == Delay {
		f.By = seconds{0.1, 1}.draw(r)
	}
	return f
}
