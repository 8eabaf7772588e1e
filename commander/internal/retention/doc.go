// Package retention removes missions that ended long ago, so that Redis does not fill up with them.
//
// Each status has a rule: for how long missions are kept after their end, and how many, those created last. What one of the two
// lets go is removed, with its payload, result and history, for good.
//
// # Who decides
//
// Every commander removes, none leads: each removal is one atomic step of the store that a change of the same mission forbids, so two who
// do the same do it once. Steps are small (store.MaxTrim missions) and follow each other with a pause, so that Redis never
// serves them for more than a few milliseconds. A sweep goes through a status from the oldest mission on, for as long as there
// may be something to remove; the next one begins after every, or after as long as this one took.
//
//	sweep ──> step ─ pause ─> step ─ pause ─> nothing left ── rest ──> sweep
//
// # What is left alone
//
// A mission that the store does not know may be adopted, for contracts.AdoptionPeriod after a wipe, from an order or a ticket of
// before (docs/adr/0019). So for as long nothing goes that is older than the epoch: it would be carried out again.
package retention
