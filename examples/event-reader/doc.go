// Event-reader is a small service beside Mission Control: it follows what happens to missions and tells somebody about
// each that FAILED. Take it as the start of a service of yours: billing, a chat bot, a search index.
//
// # What it relies on
//
// The commander's event stream, through contracts/client: every change of a mission is an event with an id. The client
// reconnects for ever, and resumes behind the last id. Where the commander can't tell any more what was missed, it sends
// a reset; then the reader lists the FAILED missions and looks which of them changed since.
//
//	commander ──events──> reader ──> sink (a line on standard output, or a POST to a webhook)
//	                        │  └──> state file: the last id, and what was told lately
//	                        └─ after a reset: GET /missions?status=FAILED
//
// # What it promises
//
// A failure is told at least once, also over restarts of either side: the id is written to the state file only after the
// sink took what came before it. It is told twice only where the reader dies between the two. The sink sees failures in
// the order of their events; while it fails, the reader waits for it, and reads on afterwards.
package main
