package e2e

import (
	"net"
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
	if testing.Short() {
		t.Skip("takes 75 seconds")
	}
	for name, block := range map[string]bool{"renewed": false, "tokens blocked": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := freeAddr(t)
			gate := newGate(t, addr)
			s := run(t, func(c *localstack.Config) {
				c.CommanderAddr, c.Soldiers = addr, 1
				c.PartEnv = map[string][]string{localstack.SoldierName(1): {"COMMANDER_URL=" + gate.url}}
			})
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
	blocked    atomic.Bool
	turnedAway atomic.Int32
}

func newGate(t *testing.T, addr string) *gate {
	t.Helper()
	target, err := url.Parse("http://" + addr)
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{}
	forward := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.blocked.Load() {
			g.turnedAway.Add(1)
			panic(http.ErrAbortHandler)
		}
		r.Host = addr
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	g.url = server.URL
	return g
}

func freeAddr(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}
