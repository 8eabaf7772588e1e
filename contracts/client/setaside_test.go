package client_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/mission-control-dev/mission-control/contracts/client"
)

func TestSetAside(t *testing.T) {
	c := newCommander(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		switch n {
		case 0, 6: // reads are tried again, actions are not
			writeProblem(w, http.StatusServiceUnavailable, "broker_unavailable", "RabbitMQ is away.")
		case 1:
			writeJSON(w, http.StatusOK, map[string]any{
				"messages": []any{map[string]any{"id": "a", "queue": "q", "size": 2, "body": map[string]any{}}},
				"counts":   []any{map[string]any{"queue": "q", "reason": "r", "messages": 1}}, "complete": true,
			})
		default:
			writeJSON(w, http.StatusOK, map[string]any{"messages": n, "skipped": 0, "complete": true})
		}
	})
	cl, ctx := c.client(t), t.Context()
	f := client.SetAsideFilter{Queue: "status_refused_queue", Reason: "a b"}
	l, err := cl.ListSetAside(ctx, f, 7)
	if err != nil || len(l.Messages) != 1 || string(l.Messages[0].Body) != "{}" || l.Counts[0].Messages != 1 || !l.Complete {
		t.Errorf("got %+v, %v", l, err)
	}
	for i, act := range []func() (client.SetAsideDone, error){
		func() (client.SetAsideDone, error) { return cl.ResendSetAside(ctx, "id") },
		func() (client.SetAsideDone, error) { return cl.DropSetAside(ctx, "id") },
		func() (client.SetAsideDone, error) { return cl.ResendAllSetAside(ctx, f) },
		func() (client.SetAsideDone, error) { return cl.DropAllSetAside(ctx, client.SetAsideFilter{Queue: "q"}) },
	} {
		if d, err := act(); err != nil || d.Messages != i+2 {
			t.Errorf("action %d: %+v, %v", i, d, err)
		}
	}
	if _, err := cl.DropSetAside(ctx, "id"); !client.Temporary(err) {
		t.Errorf("got %v", err)
	}
	var got []string
	for _, r := range c.requests() {
		got = append(got, r.method+" "+r.target)
	}
	want := []string{
		"GET /set-aside?limit=7&queue=status_refused_queue&reason=a+b", "GET /set-aside?limit=7&queue=status_refused_queue&reason=a+b",
		"POST /set-aside/id/resend", "DELETE /set-aside/id", "POST /set-aside/resend?queue=status_refused_queue&reason=a+b",
		"DELETE /set-aside?queue=q", "DELETE /set-aside/id",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("requests\n%v, want\n%v", got, want)
	}
}
