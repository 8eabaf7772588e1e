package e2e

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
)

// TestLongMissions: a mission longer than two tokens and two leases completes without a refused update; so does one
// during which its soldiers get no token from its 5th to its 60th second.
func TestLongMissions(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes 75 seconds")
	}
	for name, block := range map[string]bool{"renewed": false, "tokens blocked": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gate := newGate(t)
			s := prepare(t, func(c *localstack.Config) {
				c.Soldiers = 1
				c.PartEnv = map[string][]string{localstack.SoldierName(1): {"COMMANDER_URL=" + gate.url}}
			})
			gate.before(s)
			s.start()
			id := s.submit("long", "70")
			if block {
				wait(t.Context(), 5*time.Second)
				gate.blocked.Store(true)
				wait(t.Context(), 55*time.Second)
				gate.blocked.Store(false)
				if gate.turnedAway.Load() == 0 {
					t.Fatal("no renewal was turned away: nothing was tested")
				}
			}
			m := s.ends(id, contracts.StatusCompleted)
			if n := s.refused(id); n > 0 || m.Run != 1 || m.Losses != 0 {
				t.Fatalf("%d updates refused, run %d, %d losses", n, m.Run, m.Losses)
			}
		})
	}
}

// gate stands before a commander. While it is blocked, every call looks like a cut connection.
type gate struct {
	url        string
	commander  atomic.Pointer[url.URL]
	blocked    atomic.Bool
	turnedAway atomic.Int32
}

func newGate(t *testing.T) *gate {
	t.Helper()
	g := &gate{}
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(g.commander.Load()) }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.blocked.Load() {
			g.turnedAway.Add(1)
			panic(http.ErrAbortHandler)
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	g.url = server.URL
	return g
}

// before puts the gate before the commander of a stack that has not started yet, or whose soldiers have not.
func (g *gate) before(s *stack) {
	s.t.Helper()
	target, err := url.Parse(s.CommanderURL())
	if err != nil {
		s.t.Fatal(err)
	}
	g.commander.Store(target)
}
