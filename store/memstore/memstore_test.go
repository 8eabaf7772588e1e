package memstore_test

import (
	"testing"

	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
	"github.com/mission-control-dev/mission-control/store/storetest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store { return memstore.New(memstore.Config{}) })
}

func TestGates(t *testing.T) {
	storetest.RunGates(t, func(*testing.T) store.Store { return memstore.New(memstore.Config{}) })
}

func TestEventsAreTrimmed(t *testing.T) {
	storetest.RunTrimmed(t, memstore.New(memstore.Config{EventsKept: 10}), 11)
}
