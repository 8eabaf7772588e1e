// Package membroker keeps the promises of package broker in memory, within one process: for tests, and for the embedded
// ground. It passes the same suite as amqpbroker (package brokertest), and behaves as RabbitMQ's quorum queues do:
// confirms, redelivery, prefetch, dead-lettering, delivery limits, expiration at the queue's head, bounded queues,
// mandatory publishes, exclusive inboxes.
//
//	Server ─┬─ queues: ready messages, and the leases that consume them
//	        └─ Client ── connection ─┬─ lease: one subscription, and the messages that it has on loan
//	                                 └─ what was written to it while it was frozen
//
// # Who has authority
//
// Everything is behind the Server's one mutex, so each step is atomic and a confirm comes at once. A Client has one
// connection at a time; leases hang on it and die with it, so a late ack reaches nothing. Handle, Up, Down and the hooks
// of Config are called without the mutex: they may call anything but Close.
//
// # What may fail
//
// Nothing by itself. Tests break things: Client.Cut cuts one connection, Client.Freeze makes the server deaf and dumb
// towards one client, Server.Down, Up and Restart take it away and bring it back, Server.Wipe takes all it had. Connections come back at once, without
// backoff.
//
// No goroutine runs but those that call in, and the only timers are for messages that expire into a dead-letter queue;
// so it works in a testing/synctest bubble, in which the Server must be made.
package membroker
