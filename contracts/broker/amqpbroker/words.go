package amqpbroker

// The arguments of the client library's calls, by name.
const (
	defaultExchange = "" // routes to the queue that is named like the routing key

	mandatory    = true // return what no queue takes
	notImmediate = false

	awaitReply = false // noWait

	durable    = true
	transient  = false
	autoDelete = true
	lasting    = false // not auto-deleted
	exclusive  = true
	shared     = false // not exclusive

	evenUsed = false // ifUnused
	evenFull = false // ifEmpty

	manualAck = false // autoAck
	anyOrigin = false // noLocal

	anyPrefetchSize = 0
	eachConsumer    = false // qos global

	one        = false // multiple
	upTo       = true  // multiple
	requeue    = true
	deadLetter = false // requeue
)
