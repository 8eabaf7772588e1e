// Package redisserver runs a private Redis as a child process: for tests that need the real server, and for a stack
// of local processes.
//
// Private means that it disturbs nothing on the machine: its own folder and port, loopback only, no configuration of
// the system's. It writes an append-only file, and by default it answers a write only when that is on disk
// (appendfsync always), because an answered write is a promise. A start after a crash cuts what was half written off the
// file's end, as a whole transaction: what Redis itself leaves of one could come to life in part later.
//
//	Kill   SIGKILL, data stays    Restart  the same server on the same data and port
//	Pause  SIGSTOP                Stop     graceful
//
// Authority: the Server that started the process is the only one that ends it. On Linux it also dies with the process
// that started it, however that ends. Data belongs to Config.Dir and outlives the server.
//
// What may fail: Redis may not be installed (ErrNotInstalled), the port may be taken (PortTakenError), the server may
// end while it starts (the error carries its last lines). Redis 7 and 8 are supported.
package redisserver
