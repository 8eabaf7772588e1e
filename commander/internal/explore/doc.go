// Package explore looks at every order of events of small worlds: the mission protocol, explored exhaustively on the
// commander's own code. It is all tests.
//
// # What is explored
//
// A state (state_test.go) is a small value: what the store has, what is in the queues, what the soldiers and commanders know,
// and how many faults are left. A step is what happens at once: one message settled, one order published, one
// answer heard, one connection lost. From one mission and two idle soldiers the search (search_test.go) goes breadth first
// through all states that can be reached, and stops at the first one that breaks a promise, with the shortest way there in words.
//
// What a commander does is done by the code that does it in the product:
//
//	status_queue   mission.Decide (so Claim, Finish, ...) on what the store has, committed under the change's own conditions
//	due entries    mission.Come
//	users          mission.Cancel, mission.Retry
//	renewals       session.Service.Extend
//	deaths         reap.Expirable, reap.Judge, reap.Sound, reap.Bury with mission.Lose
//
// The store behind them (ledger_test.go) is small enough to be copied a million times; a test holds it against memstore.
// The loops around these functions (dispatcher, intake, reaper, inboxes) and the soldier are written down anew, as
// docs/protocol.md and the packages' comments tell them: commander_test.go, soldier_test.go, world_test.go.
//
// # What must hold
//
//	S1   one result for an attempt; what has ended stays as it is, but for an operator's retry
//	S2   no two soldiers that were not interrupted run a mission at once
//	S3   no execution of a soldier that was not interrupted is given up
//	S3b  nor one whose final the broker has confirmed before the soldier was interrupted
//	S4   each grant has a higher run than all before
//	S5   nothing is stranded: QUEUED has a due entry, an order or an order to come; SCHEDULED a due entry; IN_PROGRESS a
//	     live session
//	S6   no handler of a soldier that was not interrupted starts a mission that is CANCELLED
//	L    from every state each mission can still end, by the protocol's own steps: without further faults or users
//
// Interrupted is a soldier that stood still, or was cut off from the commanders, while time passed, until a renewal finds
// its session live. What Redis lost with its tail excuses S2 to S4 and S6: see docs/guarantees.md.
//
// # What is abstracted
//
// Time is ticks, and only the order of the limits counts: a lease of 2 ticks that a healthy soldier renews in each, or, where
// suspicion is explored, of 4 ticks, renewed in every second one, with a grace of 2. Messages and answers may take any time.
// Queues are bags, so that messages overtake each other. A soldier has one slot; a mission one kind, which all serve. At most
// six messages and five answers are under way; beyond that a publish waits and an answer is lost. A renewal over HTTP is one
// step, but for the fault that it hangs on its way there or back. What two commanders do at once to one mission is one
// commander's step within another's, between its load and its commit. Left out: concurrency
// keys and pauses (package mission has tests of its own with them), unique keys, deadlines, packs, priorities, NO_HANDLER,
// submissions, wipes, refusals' history, idempotency keys, tokens (MACs and subjects hold).
//
// # Running it
//
// go test explores small worlds, in about 20 s; under the race detector the smallest of them. ./task explore explores larger
// ones, in about half an hour: it sets EXPLORE=all. EXPLORE may also be the beginning of the names of the worlds wanted, small
// and flawed ones included; -v tells the way to what a flaw breaks. A world has a bound on its states. Within it the
// search is exhaustive; one that is "cut" there proves nothing beyond the depth it reached, and nothing about L.
//
// # Adding to it
//
// A new rule becomes a field of rules, or is reached through one, and a step where its loop is written down. What it reads
// goes into the state, and into ledger if the store has it; normal must then say which of its values are the same. It is done
// when a flaw of it is found (flawedWorlds) and when what it brings has happened (everything).
package explore
