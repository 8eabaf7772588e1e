// Package faults holds the tests of the fault drill itself: builds of the commander that are broken on purpose, each in
// one place that a promise hangs on, and the drill has to find it.
//
// The broken builds are made with `go build -overlay`: a few lines of a source file are replaced for that one build, so
// that the product has no hooks for it. Where those lines have changed, the test says so; adapt the edit.
//
// They take minutes and run only where MISSION_CONTROL_FAULTS=1 is set, as ./task test:faults:broken does.
package faults
