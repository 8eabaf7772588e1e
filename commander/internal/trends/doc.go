// Package trends keeps the commander's numbers over time, and what missions fail with.
//
// A Recorder is told of what happens, in the moment in which it does: a lock and a few additions, no call of the store. Every
// 10 s of the shared clock a Keeper takes what was counted since, looks how many missions wait and how busy the fleet is, and
// adds both to documents in the store. So the numbers outlive every commander; what one counted after it last wrote is lost
// when it is killed.
//
//	rules ──> Recorder ── every 10 s ──> batch ──> trends-10s      6 steps a document, kept for 1 h
//	                                           ──> trends-1m       likewise, 24 h
//	                                           ──> trends-30m      likewise, 7 d
//	                                           ──> failures-5m     a document for 5 min, kept for 1 h
//	                                           ──> failures-1h     for an hour, 24 h
//
// # Several commanders
//
// Each adds its own counts to the same steps, on the condition that the document still is what it read; who comes too late reads again.
// A document says of each commander which of its batches it has. So a batch whose writing failed in an unknown way is
// written again without counting twice. How things are (missions that wait, slots) all commanders see alike: of that the last look stays.
//
// # While the store is away
//
// Batches wait in memory, an hour's at most. There are few of them: what is counted are changes that the store applied.
//
// # How exact
//
// Counts are exact but for changes whose answer from the store was lost, which nobody counts, and for what a kill, or a stop while the
// store is slow or away, loses. Durations are kept in buckets, at most a sixteenth wide, and a percentile is the upper bound of its bucket: never
// below the true value, and less than a tenth above. Buckets add up, over commanders and steps, which percentiles don't.
package trends
