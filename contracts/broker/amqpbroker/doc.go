// Package amqpbroker keeps the promises of package broker on RabbitMQ 3.10 and 4.x, over AMQP 0-9-1.
//
// It keeps its own connections and uses no recovery of the client library: that gives up after a while, skips consumers
// that fail, and has no notion of which connection a delivery tag belongs to.
//
//	Broker ── keeper "publish" ── session ── one channel in confirm mode ── a writer goroutine
//	      └─ keeper "consume" ── session ─┬─ lease: one channel a subscription ── a clerk goroutine that writes acks
//	                                      ├─ short-lived channels: Declare, Browse, Ping
//	                                      └─ an idle channel for the next Depth
//
// A keeper connects for ever, with backoff and full jitter. What it connects is a session: one AMQP connection, with a
// number (epoch) that only grows. Everything hangs on a session and dies with it: the channel of the publisher, its
// unconfirmed messages (ErrUnavailable), every subscription's lease and the deliveries on it (ErrStaleDelivery). A
// delivery knows its lease and the lease its channel, so a late ack cannot reach another connection.
//
// Publishing and consuming have connections of their own, because RabbitMQ stops reading from connections that publish
// while it is short of memory or disk, and acks must still get through.
//
// # What may block
//
// Calls into the client library block without regard to any context while the peer does not read (a stopped server, a
// full socket), and hold locks that the library needs in order to notice that the connection is gone. Hence: only
// goroutines of this package call it, callers wait beside them with their context; and the socket closes itself when
// nothing came for one and a half heartbeats, which frees whoever is stuck in a write.
//
// # What may fail
//
// A queue that a subscription wants may be missing: only that subscription waits and tries again; Health lists it. A
// declared queue may exist with other arguments: then the connection counts as down, and Health's error says which queue and
// argument, and what to do. One that RabbitMQ 3 made and 4 took over lacks x-delivery-limit: it is used, and Health's warning
// says what to do. A quorum queue may have no leader: subscriptions to it and publishes to it wait, Depth is 0.
// RabbitMQ 3.10 leaves a queue so for good, and empty, that was first declared within half a second before the server
// was killed (its directory of queues is saved that often): delete it, and declare it again.
package amqpbroker
