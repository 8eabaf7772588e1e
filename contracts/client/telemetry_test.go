package client_test

import (
	"net/http"
	"testing"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
)

const loggedLines = `"lines":[{"number":7,"attempt":2,"run":3,"at":"2026-01-02T03:04:05.678Z","level":"warn","text":"small","cut":true}],"dropped":6`

func wantLogged(t *testing.T, l client.Log) {
	t.Helper()
	want := contracts.NumberedLine{Number: 7, Attempt: 2, Run: 3, LogLine: contracts.LogLine{
		At: contracts.FromMillis(1767323045678), Level: contracts.LevelWarn, Text: "small", Cut: true,
	}}
	if len(l.Lines) != 1 || l.Lines[0] != want || l.Dropped != 6 {
		t.Errorf("got %+v, want %+v", l, want)
	}
}

func TestLogs(t *testing.T) {
	c := newCommander(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("{" + loggedLines + "}"))
	})
	for want, o := range map[string]client.LogOptions{"/logs": {}, "/logs?after=6&limit=1": {After: 6, Limit: 1}} {
		l, err := c.client(t).Logs(t.Context(), missionID, o)
		if err != nil {
			t.Fatal(err)
		}
		wantLogged(t, l)
		seen := c.requests()
		if got := seen[len(seen)-1].target; got != "/missions/"+missionID+want {
			t.Errorf("asked for %s", got)
		}
	}
}

func TestTelemetryEvents(t *testing.T) {
	c := newCommander(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		sse(w)("event: telemetry\ndata: {\"mission_id\":\"" + missionID + "\",\"run\":3,\"progress\":40,\"progress_text\":\"2 of 5\"," + loggedLines + "}\n\n")
		<-r.Context().Done()
	})
	for e, err := range c.client(t).Events(t.Context(), client.EventsOptions{MissionID: missionID}) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Type != client.EventTelemetry {
			continue
		}
		got, err := e.Telemetry()
		if err != nil || got.MissionID != missionID || got.Run != 3 || got.Progress != 40 || got.ProgressText != "2 of 5" || e.ID != "" {
			t.Errorf("got %+v, %v", got, err)
		}
		wantLogged(t, got.Log)
		break
	}
}
