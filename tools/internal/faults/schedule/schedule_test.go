package schedule_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mission-control-dev/mission-control/tools/internal/faults/schedule"
)

func TestTheSameSeedGivesTheSameSchedule(t *testing.T) {
	c := schedule.Config{Seed: 7, Length: 10 * time.Minute}
	if diff := cmp.Diff(schedule.New(c), schedule.New(c)); diff != "" {
		t.Error(diff)
	}
	other := c
	other.Seed++
	if cmp.Equal(schedule.New(c), schedule.New(other)) {
		t.Error("two seeds gave one schedule")
	}
}

// TestTheScheduleOfASeedStays: a change here makes the seeds of earlier reports worthless; do it knowingly.
func TestTheScheduleOfASeedStays(t *testing.T) {
	var got []string
	for _, f := range schedule.New(schedule.Config{Seed: 1, Length: time.Minute}) {
		got = append(got, f.String())
	}
	want := []string{
		"   5.0 s  for   6.5 s  cut              soldier-3>commander-a",
		"  16.2 s  for   3.7 s  pause-rabbitmq   rabbitmq",
		"  23.0 s  for   1.0 s  kill-commander   commander-a",
		"  27.7 s  for  13.9 s  redis-full       redis",
		"  28.8 s  for  14.2 s  alarm            rabbitmq",
		"  49.0 s  for   0.6 s  kill-rabbitmq    rabbitmq",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFaultsKeepTheirDistance(t *testing.T) {
	for seed := range uint64(300) {
		for _, length := range []time.Duration{schedule.MinLength, 2 * time.Minute, 15 * time.Minute} {
			c := schedule.Config{Seed: seed, Length: length, Wipes: seed%2 == 0}
			all := schedule.New(c)
			for i, f := range all {
				if f.At < 5*time.Second || f.End() > length-5*time.Second || len(f.On) == 0 {
					t.Fatalf("seed %d, %v: %v", seed, length, f)
				}
				for _, later := range all[i+1:] {
					if later.At < f.At {
						t.Fatalf("seed %d: %v comes after %v", seed, later, f)
					}
					shared := slices.ContainsFunc(f.On, func(on string) bool { return slices.Contains(later.On, on) })
					if shared && later.At < f.End() {
						t.Fatalf("seed %d: %v and %v are on the same", seed, f, later)
					}
				}
			}
		}
	}
}

func TestARunOfAnHourHasAllKinds(t *testing.T) {
	for _, wipes := range []bool{false, true} {
		want := schedule.Kinds()
		if wipes {
			want = append(want, schedule.Wipes()...)
		}
		seen := map[schedule.Kind]bool{}
		for _, f := range schedule.New(schedule.Config{Seed: 3, Length: time.Hour, Wipes: wipes}) {
			seen[f.Kind] = true
		}
		if len(seen) != len(want) {
			t.Errorf("wipes %v: %d kinds of %d: %v", wipes, len(seen), len(want), seen)
		}
	}
}

// TestEachAlone: every kind as often as asked, one after the other, within twenty minutes for two of each.
func TestEachAlone(t *testing.T) {
	for seed := range uint64(50) {
		c := schedule.Config{Seed: seed, Each: 2, Freezes: seed%2 == 0, Wipes: seed%3 == 0}
		if err := c.Check(); err != nil {
			t.Fatal(err)
		}
		all := schedule.New(c)
		times, minutes := map[schedule.Kind]int{}, map[schedule.Kind]int{}
		for i, f := range all {
			times[f.Kind]++
			if f.For == time.Minute {
				minutes[f.Kind]++
			}
			if i > 0 && f.At < all[i-1].End()+schedule.Apart || len(f.On) == 0 || f.For <= 0 {
				t.Fatalf("seed %d: %v after %v", seed, f, all[i-1])
			}
			if (f.Kind == schedule.Delay) != (f.By > 0) {
				t.Fatalf("seed %d: %v", seed, f)
			}
		}
		for _, k := range schedule.All() {
			want := 2
			switch {
			case slices.Contains(schedule.Wipes(), k) && !c.Wipes, k == schedule.Absence:
				want = 0
			case minutes[k] > 0:
				want = 3
			}
			if times[k] != want {
				t.Errorf("seed %d: %s occurs %d times, not %d", seed, k, times[k], want)
			}
		}
		if frozen := len(minutes); c.Freezes && frozen != 4 || !c.Freezes && frozen != 0 {
			t.Errorf("seed %d: %d kinds of freezes of a minute", seed, frozen)
		}
		if l := schedule.LengthOf(c); !c.Freezes && l > 16*time.Minute {
			t.Errorf("seed %d: it takes %v, and what has to start again comes on top", seed, l)
		}
		if diff := cmp.Diff(all, schedule.New(c)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestTheAbsence(t *testing.T) {
	for name, c := range map[string]schedule.Config{
		"alone":   {Seed: 1, Only: []schedule.Kind{schedule.Absence}, Each: 1},
		"by time": {Seed: 1, Only: []schedule.Kind{schedule.Absence}, Length: 11 * time.Minute},
	} {
		all := schedule.New(c)
		if err := c.Check(); err != nil || len(all) != 1 || all[0].For != 10*time.Minute || all[0].Where() != "commanders" {
			t.Errorf("%s: %v, %v", name, all, err)
		}
		if l := schedule.LengthOf(c); l < 10*time.Minute+10*time.Second || l > 11*time.Minute {
			t.Errorf("%s: it takes %v", name, l)
		}
	}
}

func TestOnlyOneKind(t *testing.T) {
	for _, k := range append(schedule.Kinds(), schedule.Wipes()...) {
		t.Run(string(k), func(t *testing.T) {
			c := schedule.Config{Seed: 1, Length: 3 * time.Minute, Only: []schedule.Kind{k}, Wipes: true}
			if err := c.Check(); err != nil {
				t.Fatal(err)
			}
			all := schedule.New(c)
			if len(all) < 2 {
				t.Errorf("only %d", len(all))
			}
			for _, f := range all {
				if f.Kind != k || f.For < 0 || f.Where() == "" {
					t.Errorf("%+v", f)
				}
			}
		})
	}
}

func TestCheck(t *testing.T) {
	good := schedule.Config{Length: time.Minute}
	for name, tt := range map[string]struct {
		edit func(*schedule.Config)
		ok   bool
	}{
		"good":              {func(*schedule.Config) {}, true},
		"too short":         {func(c *schedule.Config) { c.Length = time.Second }, false},
		"unknown kind":      {func(c *schedule.Config) { c.Only = []schedule.Kind{"flood"} }, false},
		"a wipe unasked":    {func(c *schedule.Config) { c.Only = []schedule.Kind{schedule.WipeRedis} }, false},
		"no each":           {func(c *schedule.Config) { c.Each = -1 }, false},
		"each, and no time": {func(c *schedule.Config) { c.Each, c.Length = 1, 0 }, true},
		"freezes alone":     {func(c *schedule.Config) { c.Freezes = true }, false},
		"no time for it":    {func(c *schedule.Config) { c.Only = []schedule.Kind{schedule.Absence} }, false},
		"a wipe, asked for": {func(c *schedule.Config) { c.Only, c.Wipes = []schedule.Kind{schedule.WipeRedis}, true }, true},
	} {
		c := good
		tt.edit(&c)
		if err := c.Check(); (err == nil) != tt.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLinks(t *testing.T) {
	links := schedule.Links()
	if len(links) != 13 {
		t.Errorf("%d links: %v", len(links), links)
	}
	for _, l := range links {
		from, to := schedule.Ends(l)
		if !slices.Contains(schedule.Parts(), from) || !slices.Contains(schedule.Parts(), to) {
			t.Error(fmt.Errorf("%s leads from or to nobody", l))
		}
	}
}
