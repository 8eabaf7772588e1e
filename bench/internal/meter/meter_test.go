package meter_test

import (
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/bench/internal/meter"
)

func TestWorkCosts(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no /proc")
	}
	self := map[string]int{"self": os.Getpid(), "gone": 1 << 30}
	before := meter.Read(self)
	spent := func() float64 { return meter.Read(self)["self"].Minus(before["self"]).CPU }
	// Work until it shows, at the kernel's 10 ms; the deadline is for a meter that reads nothing.
	for deadline := time.Now().Add(time.Minute); spent() <= 0; {
		if time.Now().After(deadline) {
			t.Fatal("a minute's work cost nothing")
		}
	}
	if gone := meter.Read(self)["gone"]; gone != (meter.Cost{}) {
		t.Errorf("a process that is not there cost %+v", gone)
	}
}
