package httpapi

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// BenchmarkGetMission answers GET /missions/{id} for a finished mission, without a socket and with a store that has it at hand.
func BenchmarkGetMission(b *testing.B) {
	at := contracts.At(time.Now())
	m := contracts.Mission{
		MissionID: "0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b", Name: "noop", Kind: "noop", Payload: []byte(`{"n":1}`),
		Priority: contracts.PriorityNormal, Squad: "default", Status: contracts.StatusCompleted, Attempt: 1, MaxAttempts: 1, Run: 1,
		TimeoutSeconds: 300, Progress: 100, SoldierID: "bench-1", Result: []byte(`null`), CreatedAt: at, UpdatedAt: at, StartedAt: at,
		FinishedAt: at, Version: 3,
	}
	s := newTestServer(b, Config{}).server
	s.deps.Store = atHand{Store: s.deps.Store, record: store.Record{Mission: m}}
	handle := s.app.Handler()
	var ctx fasthttp.RequestCtx
	b.ReportAllocs()
	for b.Loop() {
		ctx.Request.Reset()
		ctx.Response.Reset()
		ctx.ResetUserValues()
		ctx.Request.SetRequestURI("/missions/" + m.MissionID)
		ctx.Request.Header.SetHost("127.0.0.1:8080")
		handle(&ctx)
		if ctx.Response.StatusCode() != http.StatusOK {
			b.Fatal(ctx.Response.String())
		}
	}
}

// atHand is a store that has one mission.
type atHand struct {
	Store
	record store.Record
}

func (a atHand) Get(context.Context, string) (store.Record, store.Source, error) {
	return a.record, store.Source{}, nil
}

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
