// Package soldier is the worker of Mission Control, as a library: register a handler for each kind of mission, start,
// and missions of these kinds are carried out, each by one soldier at a time.
//
//	s, err := soldier.New(soldier.Config{ID: "resizer-1", EnrollmentKey: key})
//	soldier.Handle(s, "resize", func(ctx context.Context, m soldier.Mission[ResizeIn]) (ResizeOut, error) { ... })
//	err = s.Start(ctx)
//
// # Who has authority
//
// The commander keeps the truth. A soldier takes an order from the broker, claims the mission, and calls the handler
// only on the commander's ticket and while its own lease is young. What it reports counts only for the execution that
// the commander holds for the current one.
//
//	orders_queue ──> intake ──> protocol machine ──> worker (your handlers)
//	                               │   ^                 │ outcome
//	status_queue <── report <──────┘   └──── inbox <─────┘
//	telemetry_queue <── what handlers report while they run: Progress, Logf
//	POST /tokens <── renew: session, lease, token
//
// The machine (internal/protocol) decides everything and does nothing by itself; the parts around it carry. They speak
// to it through internal/engine.
//
// # What may fail
//
// Broker and commander may be away at any time, from the start on and for any time: the soldier goes on with what runs,
// keeps the results until they are recorded, and comes back by itself. A handler may panic, hang or ignore its context.
// A killed soldier's missions start again on another one, about 40 s later: a handler must bear to be run again for the
// same mission, after a part of it was done. Mission.Run only grows from run to run; give it to whatever the handler
// writes to, so that a late writer can be refused there.
//
// An operator may ask a soldier to drain: it takes nothing more from then on, and closes DrainAsked, on which the program Stops it.
//
// A soldier that was paused (SIGSTOP, a suspended machine) or was cut off from everything for more than 35 s may for a
// moment run a mission beside its successor. One result is recorded.
package soldier
