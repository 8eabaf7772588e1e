package explore

import (
	"os"
	"slices"
	"testing"
	"unsafe"
)

// explore explores worlds and expects of each what it says.
func explore(t *testing.T, worlds []config) map[string]int {
	t.Helper()
	events := map[string]int{}
	for _, c := range worlds {
		if raced && c.big {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			r := search(&c)
			for what, n := range r.events {
				events[what] += n
			}
			t.Log(r)
			switch {
			case r.broken != c.want && r.broken != "":
				t.Fatalf("%s is broken, want %q:%s", r.broken, c.want, r.tell())
			case r.broken != c.want:
				t.Fatalf("nothing is broken, want %s", c.want)
			case r.broken != "" && len(r.trace) < 2:
				t.Fatal("no way there was told")
			case r.broken != "":
				t.Logf("%s is broken:%s", r.broken, r.tell())
			}
		})
	}
	return events
}

// everything is what must have happened in the small worlds: else they would prove little.
var everything = []string{
	"answer granted", "answer refused", "answer recorded", "answer session_dead",
	"refused held", "refused terminal", "refused stale_attempt", "refused scheduled", "refused superseded",
	"reply dead", "reply cancelled", "reply superseded", "reply recorded", "reply unlisted",
	"due publish", "due queue", "update conflict",
	"burial", "burial refused", "marker unsound", "lost and QUEUED", "lost and CANCELLED",
	"suspect guilty", "suspect cleared", "suspect unheard",
}

func TestSmallWorlds(t *testing.T) {
	events := explore(t, smallWorlds())
	t.Log(events)
	if raced || t.Failed() || len(events) == 0 {
		return
	}
	for _, what := range everything {
		if events[what] == 0 {
			t.Errorf("never happened: %s", what)
		}
	}
}

func TestFlawsAreFound(t *testing.T) {
	explore(t, flawedWorlds())
}

func TestLargerWorlds(t *testing.T) {
	switch only := os.Getenv("EXPLORE"); only {
	case "":
		t.Skip("half an hour: ./task explore")
	case "all":
		explore(t, largerWorlds())
	default:
		worlds := chosen(slices.Concat(smallWorlds(), largerWorlds(), flawedWorlds()), only)
		if len(worlds) == 0 {
			t.Fatalf("no world's name begins with EXPLORE=%q; they are in worlds_test.go", only)
		}
		explore(t, worlds)
	}
}

// Equal states must have equal bytes: no field may need padding or a pointer.
func TestAStateHasNoGaps(t *testing.T) {
	var s state
	fields := int(unsafe.Sizeof(s.Now)*2 + unsafe.Sizeof(s.Orders) + unsafe.Sizeof(s.Queue) + unsafe.Sizeof(s.Answers) +
		unsafe.Sizeof(s.Calls) + unsafe.Sizeof(s.Posts) + unsafe.Sizeof(s.Soldiers) + unsafe.Sizeof(s.Commanders) + unsafe.Sizeof(s.TopRun))
	if rest := len(s.bytes()) - fields; rest != 6 || unsafe.Alignof(s) != 1 {
		t.Fatalf("a state of %d bytes has %d beside its large fields, aligned to %d", len(s.bytes()), rest, unsafe.Alignof(s))
	}
	t.Logf("a state has %d bytes", len(s.bytes()))
}
