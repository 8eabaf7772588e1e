package httpapi

import (
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
)

// BenchmarkReadBatch reads the body of a batch of 500 small missions.
func BenchmarkReadBatch(b *testing.B) {
	const missions = 500
	one := `{"name":"noop","kind":"noop","payload":{"n":1}}`
	body := []byte(`{"missions":[` + strings.Repeat(one+",", missions-1) + one + `]}`)
	now := time.Now()
	b.ReportAllocs()
	var rs []contracts.MissionRequest
	for b.Loop() {
		var err error
		if rs, err = readBatch(body, now); err != nil {
			b.Fatal(err)
		}
	}
	if len(rs) != missions {
		b.Fatal(len(rs))
	}
}
