// Package missiontest watches what rules do to a store, change by change.
//
// Store is a memory store for property tests. Every change that is applied through it must be one that docs/mission-states.md
// allows: an edge of contracts.Transitions with its cause, counted as it should be, with a due entry where one is owed.
// What is not terminal must have something behind it (Stranded). Writes can be made to fail before or after they are
// applied, and something else can be made to happen just before one, which is all that several commanders and their
// crashes can do to a store.
package missiontest
