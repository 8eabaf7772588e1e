// Package system holds the tests of the whole in one process and in fake time: real commanders (commanderfx) and real
// soldiers, over a broker and a store in memory, in a testing/synctest bubble. Hours of leases, renewals and retries pass
// in seconds, the same way each time, so that what depends on time is tested here; what depends on servers, processes and
// browsers is tested in package e2e.
//
//	drill, client ──HTTP over net.Pipe──> commander ── dualstore ── a store that can be away ── memstore
//	soldiers ───────HTTP over net.Pipe──>    │
//	    └────────────────────────────── membroker.Server, which can be away
//
// A world is all of that. Its servers go and come at a test's word, its soldiers vanish or drain. What became of the
// missions is judged by the commander's answers, and by package drill, which asks the soldiers' journals too.
package system
