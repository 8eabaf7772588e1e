// Package live is the live view of missionctl watch: the whole of an installation on one terminal, as it changes.
//
//	Events (one stream, resumed) ─┐
//	List (at the start, at reset) ┼─> Model ──> Picture ──> Lines ──> Screen
//	keys, the terminal's size ────┘   Take      4 a second   View
//
// Model, Picture and Lines are plain values and functions; only Screen knows a terminal. What is shown is the commander's
// word: counts, rates, queues, the fleet and health as it tells them, missions by their newest picture. How much is
// remembered is bounded, however many missions there are and however fast they change, and so is how often the screen is drawn.
//
// There is one screen and there are two keys: golang.org/x/term and a dozen escape sequences do, where a framework would bring
// twenty modules.
package live
