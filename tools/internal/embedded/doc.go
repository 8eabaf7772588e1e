// Package embedded is Mission Control in one process: the real commander, soldiers and dashboard, on a broker and a store
// in memory. It needs no server and no folder, and leaves nothing behind.
//
//	browser ──> dashboard ──HTTP──> commander ── memstore
//	                                 │     ▲
//	                          membroker   HTTP
//	                                 │     │
//	                                soldiers
//
// The settings are those of the programs, from the environment, but for what has no meaning here: the servers' addresses,
// the secrets (made anew for each process), the soldiers' names, and their drain: what they run goes with the process.
//
// What may fail: a taken port (*localstack.PortTakenError names the setting) and a wrong setting, at the start. After an
// error of Start nothing is left running.
package embedded
