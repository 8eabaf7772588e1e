// Package schedule decides what a fault drill breaks, and when. It is pure: the same seed, length and choice give the
// same schedule, on every machine, so that what a run found can be sought again.
//
// Faults begin one after another, a few seconds apart, and may overlap, but never two on the same part or link: what a
// fault did must be undone before the next one does something else there. All of them are over before the end. A fault's
// length depends on its kind; a run of ten minutes or more has long pauses among them.
//
// In a schedule of single faults nothing overlaps: each kind occurs some times, alone, and the next one waits until all is
// well. Its times are the earliest ones.
package schedule
