// Package scale shows once what a busy benchmark can't: what a million missions do to our own stack, and what many soldiers
// and many listeners cost it.
//
//	a warm stack ── rate of an empty queue
//	├─ backlog: a million missions and no soldier ── memory of Redis and the commander, pages of the list, a restart
//	├─ drain: a soldier comes ── the rate beside that of the empty queue, memory of the commander
//	├─ fleet: a thousand sessions renew ── the commander's CPU time
//	├─ streams: thousands of listeners ── what each got, the commander's CPU time and memory
//	└─ sweep: throughput by slots, soldiers and number of missions, drawn as a picture
//
// Each step adds lines to a Report. Steps go on with what those before left.
package scale
