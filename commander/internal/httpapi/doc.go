// Package httpapi is the commander's HTTP interface: contracts.OpenAPI, served.
//
// It reads requests strictly, asks whoever knows (Deps), and writes JSON. It decides nothing about missions.
//
// # A request's way
//
//	Host -> key -> route -> Origin (writes) -> parameters -> body, strictly -> handler -> JSON
//	                                   any error, from anywhere ──> problem.go ──> problem+json
//
// Handlers return errors; one place turns them into problems. What that place does not know is 500 `internal`: nothing
// of it is shown, and it is logged once, with the request's id.
//
// # Who may call
//
// The Host header must name this machine or an allowed name, so that a page of another site can't reach a loopback
// commander by a name that it points here (DNS rebinding). A write that says its Origin must come from such a host too.
// There is no CORS. Where an API key is set everything needs it but health, the JWKS and POST /tokens; that one takes
// the enrolment key. Keys are compared in constant time.
//
// # What fiber asks for
//
// Fiber reuses a request's memory once its handler has returned: every string and body is copied where it is read
// (request.go), and nothing touches the fiber.Ctx later. An event stream outlives its handler: it gets the connection,
// the copied parameters, and nothing else.
//
// # Stopping
//
// Streams never end by themselves, and a shutdown waits for open connections: so Stop ends the streams first, and exports after
// the lines that are made already, then lets the other requests finish.
package httpapi
