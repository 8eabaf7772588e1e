package scale

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mission-control-dev/mission-control/contracts"
)

func TestThePictureIsAnSVGWithEveryPoint(t *testing.T) {
	r := &Report{}
	r.point("slots", 4, 281)
	r.point("slots", 1024, 2573)
	r.point("soldiers", 1, 1500)
	file := filepath.Join(t.TempDir(), "sweep.svg")
	if err := r.Draw(file); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for d := xml.NewDecoder(strings.NewReader(string(text))); ; {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"slots 4: 281/s", "slots 1024: 2573/s", "soldiers 1: 1500/s", ">3000<"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is not in the picture", want)
		}
	}
	if strings.Contains(string(text), "%!") || strings.Contains(string(text), "NaN") {
		t.Errorf("a number is not drawn: %s", text)
	}
}

func TestNothingIsDrawnOfNoSweep(t *testing.T) {
	if err := (&Report{}).Draw(filepath.Join(t.TempDir(), "sweep.svg")); err == nil {
		t.Error("an empty picture")
	}
}

func TestABacklogHasOneInTenOfEachTenantAndOfTheOtherKind(t *testing.T) {
	kinds, labels := map[string]int{}, map[string]int{}
	for i := range 1000 {
		var m contracts.MissionRequest
		if err := json.Unmarshal(mission(i), &m); err != nil {
			t.Fatal(err)
		}
		kinds[m.Kind]++
		labels[m.Labels["tenant"]]++
	}
	if kinds["other"] != 100 || kinds["noop"] != 900 || len(labels) != tenants || labels["t3"] != 100 {
		t.Errorf("%v, %v", kinds, labels)
	}
}

func TestWhatAProcessHas(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("needs Linux' /proc")
	}
	if got := status(os.Getpid(), "VmRSS"); got < mebibyte {
		t.Errorf("this process has %f bytes", got)
	}
	if got := status(os.Getpid(), "VmNothing"); got != 0 {
		t.Errorf("%f", got)
	}
}
