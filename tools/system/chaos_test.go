package system

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/tools/internal/drill"
)

// TestChaos: for half an hour everything comes and goes as chance will have it; then every mission must end, and none
// may have been started again without a good reason.
func TestChaos(t *testing.T) {
	seeds := 3
	if testing.Short() {
		seeds = 1
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			inWorld(t, func(w *world) { chaos(w, rand.New(rand.NewPCG(uint64(seed), 0))) })
		})
	}
}

func chaos(w *world, rnd *rand.Rand) {
	units := w.fleet(3)
	recruits := len(units)
	// About as long as the half hour takes to carry them out.
	longest := 900.0
	running := w.drill(150, func(c *drill.Config) { c.MaxSeconds, c.Strict, c.ReadsPerSecond = &longest, false, 0 })
	storeThere, brokerThere, commanderThere := true, true, true
	for end := time.Now().Add(30 * time.Minute); time.Now().Before(end); {
		i := rnd.IntN(len(units))
		switch rnd.IntN(9) {
		case 0:
			if storeThere = !storeThere; storeThere {
				w.store.comeTo()
			} else {
				w.store.leave()
			}
		case 1:
			if brokerThere = !brokerThere; brokerThere {
				w.broker.Up()
			} else {
				w.broker.Down()
			}
		case 2:
			if brokerThere {
				w.broker.Restart()
			}
		case 3:
			if commanderThere {
				w.retire()
			} else {
				w.serve()
			}
			commanderThere = !commanderThere
		case 4, 5:
			units[i].link.Cut()
		case 6:
			thaw := units[i].link.Freeze()
			time.Sleep(time.Duration(rnd.IntN(30)) * time.Second)
			thaw()
		case 7:
			if rnd.IntN(2) == 0 {
				units[i].kill()
			} else {
				_ = units[i].drain() // may well leave work undone
			}
			recruits++
			units[i] = w.recruit(fmt.Sprintf("soldier-%d", recruits))
		}
		time.Sleep(time.Duration(rnd.IntN(60)) * time.Second)
	}
	w.store.comeTo()
	w.broker.Up()
	if !commanderThere {
		w.serve()
	}
	r := running.verdict()
	w.Logf("%d missions in %d executions, %d soldiers, %d notes", r.Missions.Asked, r.Executions.Started, recruits, len(r.Notes))
}
