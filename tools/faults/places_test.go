package faults

import (
	"slices"
	"strings"
	"testing"
)

// place is a line between a write and what has to follow it, where a commander is made to kill itself.
type place struct {
	name string
	edit edit // puts the death there
}

// orderVar names the file in which a commander reads where to die.
const orderVar = "MISSION_CONTROL_KILL_ORDER"

// places are those between a write to Redis and what RabbitMQ or the client is told of it, or the other way round.
func places() []place {
	return []place{
		{
			"mission written, not answered, order not published",
			edit{"internal/mission/service.go", `	case store.Applied:
		return s.accepted(d, o), nil
`, `	case store.Applied:
		dieHere("mission written, not answered, order not published", id)
		return s.accepted(d, o), nil
`},
		},
		{
			"mission written and answered, order not published",
			edit{"internal/dispatch/publish.go", `		results := d.try(ctx, queue, left, messages)
`, `		dieHere("mission written and answered, order not published", messages[0].ID)
		results := d.try(ctx, queue, left, messages)
`},
		},
		{
			"order published, not confirmed",
			edit{"../contracts/broker/amqpbroker/publish.go", `		close(r.written)
`, `		if q := r.parcels[0].queue; len(q) >= 12 && q[:12] == "orders_queue" {
			dieHere("order published, not confirmed", r.parcels[0].message.MessageId)
		}
		close(r.written)
`},
		},
		{
			"order confirmed, due entry not cleared",
			edit{"internal/dispatch/publish.go", `		d.ended(o, published)
`, `		d.ended(o, published)
		dieHere("order confirmed, due entry not cleared", id)
`},
		},
		{
			"claim granted, not answered",
			edit{"internal/mission/updates.go", `			rec := s.applied(&changes[k])
`, `			rec := s.applied(&changes[k])
			if u := items[i].Update; u.Status == contracts.UpdateInProgress && u.Ticket == nil {
				dieHere("claim granted, not answered", u.MissionID)
			}
`},
		},
		{
			"result recorded, not answered, delivery not acked",
			edit{"internal/mission/updates.go", `			if decisions[k].Dispatch == DispatchNow {
`, `			if u := items[i].Update; u.Status.Final() {
				dieHere("result recorded, not answered, delivery not acked", u.MissionID)
			}
			if decisions[k].Dispatch == DispatchNow {
`},
		},
	}
}

// dieHere is what the edits call. What was under way besides gets out before the death: a 202, the bytes of an order.
const dieHere = `package PACKAGE

import (
	"os"
	"syscall"
	"time"
)

func dieHere(place, missionID string) {
	order := os.Getenv("` + orderVar + `")
	text, err := os.ReadFile(order)
	if err != nil || string(text) != place || os.Rename(order, order+".taken") != nil {
		return
	}
	time.Sleep(50 * time.Millisecond)
	_ = os.WriteFile(order+".hit", []byte(missionID), 0o600)
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}
`

// mortal is the commander that dies where it is told to, by edits, with others besides.
func mortal(besides ...edit) []edit {
	edits := slices.Clone(besides)
	for _, p := range places() {
		edits = append(edits, p.edit)
	}
	for _, folder := range []string{"internal/mission", "internal/dispatch", "../contracts/broker/amqpbroker"} {
		pkg := folder[strings.LastIndex(folder, "/")+1:]
		edits = append(edits, edit{file: folder + "/die_here.go", with: strings.Replace(dieHere, "PACKAGE", pkg, 1)})
	}
	return edits
}

// withoutSweep is a commander that publishes an order once and never again.
func withoutSweep() edit {
	return edit{
		"internal/dispatch/dispatch.go",
		`		for d.take(ctx) || d.refill(ctx) {
`, `		for _ = d.take; d.refill(ctx); {
`,
	}
}

// TestTheDeathsFit: each line that the deaths are put at stands once in its file. Whether the result can be built only the
// tests that build it tell.
func TestTheDeathsFit(t *testing.T) {
	overlay(t, mortal(withoutSweep()))
}
