// Package schedule orders missions at their times: by cron on the wall clock of a time zone, or every so many seconds.
//
// A schedule is a document of the store. Every commander looks at all of them, none leads: each wakes when a run is due, and
// what one did the others find done.
//
//	          decide                  order                 note
//	due ──────────────────> pending ──────────> created ──────────> next_at
//	     written if the             under an id          written if the
//	     document is the same       made of the time     document is the same
//
// # Once, and not less
//
// What is due is decided once: by the write that takes it from next_at to pending, on the condition that the document is
// still the one that was read. From then on any commander that finds it pending orders it. The mission's id is made from
// the schedule's own random id and the run's time, so that who orders it again finds it there. A crash at any point leaves either
// the run due, or pending, or ordered and pending: all of them go on by themselves, on whichever commander looks next.
//
// A run is ordered again only while it is pending, which is seconds. Its mission would have to end and be removed (package
// retention) in that time to be carried out twice.
//
// # What was missed
//
// Time is the store's clock, as for all else. Nothing is due while no commander runs, or the store is away; afterwards a
// run that is less than onTime late is ordered as if nothing had been, and the schedule's Missed says what becomes of those before.
package schedule
