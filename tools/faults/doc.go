// Package faults holds the tests that need programs that are not the product: builds of it with a few lines replaced, for
// that one build, by `go build -overlay`, so that the product has no hooks for it. Where those lines have changed, the test
// says so; adapt the edit.
//
//	broken   commanders that break a promise on purpose, each in one place; the fault drill has to find it
//	kills    a commander that kills itself between a write and what follows it, on real servers
//	clocks   programs whose wall clock is wrong, in the fault drill: time.Now itself is replaced
//
// Most take minutes and run only where MISSION_CONTROL_FAULTS=1 is set, as ./task test:faults:broken and ./task
// test:faults:clocks do; ./task test:faults:kills sets MISSION_CONTROL_KILLS=50, without which there is one death at each
// place.
package faults
