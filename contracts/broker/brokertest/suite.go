// Package brokertest is what an implementation of package broker must pass: the promises of the seam as tests, one named
// subtest each, with nothing in them that is about AMQP.
//
//	func TestConformance(t *testing.T) {
//		brokertest.Run(t, brokertest.Features{Durable: true, ...}, func(t *testing.T) broker.Broker { ... })
//	}
//
// Queues have names that are used once, so the suite may share its server with other tests. A subtest that hangs ends the test binary
// with all goroutines' stacks, as a go test timeout does, but naming the subtest.
package brokertest

import (
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts/broker"
)

// Features says in what an implementation differs from others by its nature, and how to do to its connections what a
// test cannot do through the seam. A nil func skips the subtests that need it.
type Features struct {
	// Durable: messages published as Persistent survive a restart of the server.
	Durable bool
	// Restart stops the server the hard way, and returns when it serves again. Clients come back by themselves. It may
	// first make the server save which queues there are; what is in them must not need it.
	Restart func(t *testing.T)
	// Disconnect cuts all connections of one client without a farewell; the client may connect again at once.
	Disconnect func(t *testing.T, b broker.Broker)
	// Freeze makes the server deaf and dumb towards one client, with connections left standing, until thaw.
	Freeze func(t *testing.T, b broker.Broker) (thaw func())
}

// limits of one subtest.
const (
	patience        = 60 * time.Second
	restartPatience = 4 * time.Minute
)

// suite is one run.
type suite struct {
	features  Features
	newBroker func(t *testing.T) broker.Broker
}

// Run runs the suite. newBroker returns a new client, started, always on the same server; the suite closes it.
func Run(t *testing.T, f Features, newBroker func(t *testing.T) broker.Broker) {
	t.Helper()
	s := suite{features: f, newBroker: newBroker}
	for _, test := range []struct {
		name  string
		run   func(*kit)
		needs bool // whether the implementation has what the test needs
		limit time.Duration
	}{
		{"Publish/MessageIsThere", testPublish, true, patience},
		{"Publish/EveryFieldTravels", testRoundTrip, true, patience},
		{"Publish/Unroutable", testUnroutable, true, patience},
		{"Publish/UnroutableAmongOthers", testUnroutableAmongOthers, true, patience},
		{"Publish/ManyAtOnce", testConcurrentPublishers, true, patience},
		{"Publish/ConfirmedIsKept", testConfirmedIsKept, f.Disconnect != nil, patience},
		{"Publish/ContextEndedBefore", testPublishEndedContext, true, patience},
		{"Publish/ContextEndsWaiting", testPublishFrozen, f.Freeze != nil, patience},
		{"PublishAll/MessagesAreThere", testPublishAll, true, patience},
		{"PublishAll/Unroutable", testPublishAllUnroutable, true, patience},
		{"PublishAll/OneUnfit", testPublishAllUnfit, true, patience},
		{"PublishAll/ManyAtOnce", testPublishAllConcurrent, true, patience},
		{"PublishAll/ConfirmedIsKept", testPublishAllKept, f.Disconnect != nil, patience},
		{"PublishAll/ContextEndsWaiting", testPublishAllFrozen, f.Freeze != nil, patience},
		{"Settle/AckRemoves", testAck, true, patience},
		{"Settle/RequeueRedelivers", testRequeue, true, patience},
		{"Settle/DeadLetter", testDeadLetter, true, patience},
		{"Settle/DeadLetterToNowhere", testDeadLetterDrops, true, patience},
		{"Settle/Twice", testSettleTwice, true, patience},
		{"Settle/InAnyOrder", testSettleInAnyOrder, true, patience},
		{"Settle/Stale", testStale, f.Disconnect != nil, patience},
		{"Queue/DeliveryLimit", testDeliveryLimit, true, patience},
		{"Queue/Order", testOrder, true, patience},
		{"Queue/Expiration", testExpiration, true, patience},
		{"Queue/ExpirationDeadLetters", testExpirationDeadLetters, true, patience},
		{"Queue/ExpirationOnLoan", testExpirationOnLoan, true, patience},
		{"Queue/RejectsWhenFull", testRejectsWhenFull, true, patience},
		{"Queue/MaxLength", testMaxLength, true, patience},
		{"Queue/MaxBytes", testMaxBytes, true, patience},
		{"Consume/Prefetch", testPrefetch, true, patience},
		{"Consume/Competing", testCompeting, true, patience},
		{"Consume/OneHandleAtATime", testOneHandleAtATime, true, patience},
		{"Consume/ContextEnds", testConsumeEnds, true, patience},
		{"Consume/ContextEndedBefore", testConsumeEndedContext, true, patience},
		{"Consume/SettleAfterwards", testSettleAfterwards, true, patience},
		{"Consume/MissingQueueAppears", testMissingQueue, true, patience},
		{"Consume/UpAndDown", testUpAndDown, f.Disconnect != nil, patience},
		{"Inbox/Delivers", testInbox, true, patience},
		{"Inbox/GoesWithItsOwner", testInboxGoes, true, patience},
		{"Inbox/NewAfterReconnect", testInboxReconnect, f.Disconnect != nil, patience},
		{"Declare/Idempotent", testDeclareTwice, true, patience},
		{"Declare/Mismatch", testDeclareMismatch, true, patience},
		{"Delete", testDelete, true, patience},
		{"Depth", testDepth, true, patience},
		{"Depth/OfMany", testDepthOfMany, true, patience},
		{"Browse/LooksAndGivesBack", testBrowse, true, patience},
		{"Browse/Settles", testBrowseSettles, true, patience},
		{"Browse/Steps", testBrowseSteps, true, patience},
		{"Browse/Acts", testBrowseActs, true, patience},
		{"Browse/Bytes", testBrowseBytes, true, patience},
		{"Browse/MissingQueue", testBrowseMissing, true, patience},
		{"Browse/Disconnect", testBrowseDisconnect, f.Disconnect != nil, patience},
		{"Ping", testPing, true, patience},
		{"Ping/Frozen", testPingFrozen, f.Freeze != nil, patience},
		{"Loss/Disconnect", testDisconnect, f.Disconnect != nil, patience},
		{"Loss/Restart", testRestart, f.Restart != nil, restartPatience},
		{"Close/EndsEverything", testClose, true, patience},
		{"Close/SendsLastAcks", testCloseSendsAcks, true, patience},
		{"Close/WhilePublishersWait", testCloseFrozen, f.Freeze != nil, patience},
	} {
		t.Run(test.name, func(t *testing.T) {
			if !test.needs {
				t.Skip("skipped: the implementation's Features lack what this needs")
			}
			test.run(newKit(t, s, test.limit))
		})
	}
}
