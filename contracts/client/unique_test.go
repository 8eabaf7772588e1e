package client_test

import (
	"net/http"
	"testing"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
)

func TestWhoHasAUniqueKeyIsTold(t *testing.T) {
	c := newCommander(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n == 0 {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusConflict)
			_, _ = w.Write([]byte(`{"code":"unique_key_taken","status":409,"detail":"It is taken.","mission_id":"` + missionID + `"}`))
			return
		}
		writeProblem(w, http.StatusConflict, "mission_removed", "It is gone.")
	})
	submit := func() error {
		_, err := c.client(t).Submit(t.Context(), contracts.MissionRequest{Name: "recon", UniqueKey: "k"}, client.SubmitOptions{})
		return err
	}
	err := submit()
	if by, taken := client.TakenBy(err); !taken || by != missionID || client.Temporary(err) {
		t.Errorf("%q %v: %v", by, taken, err)
	}
	if by, taken := client.TakenBy(submit()); taken || by != "" {
		t.Errorf("%q has the key of another problem", by)
	}
}
