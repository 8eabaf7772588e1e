package commanderfx

import (
	"bytes"
	"context"
	"testing"

	"github.com/google/uuid"
	"go.uber.org/fx"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/config"
	"github.com/mission-control-dev/mission-control/commander/internal/dispatch"
	"github.com/mission-control-dev/mission-control/commander/internal/ingest"
	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/commander/internal/submit"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/broker/membroker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

// TestEveryPartHasItsKey: each key is there, no two are the same, and who signs has the one of who verifies.
func TestEveryPartHasItsKey(t *testing.T) {
	all := topology.Default()
	client := membroker.New().Connect(membroker.Config{Topology: &all})
	defer func() { _ = client.Close(context.Background()) }()
	var k keys
	var orders *dispatch.Dispatcher
	var missions *mission.Service
	var intake *ingest.Intake
	var submissions *submit.Intake
	app := fx.New(
		fx.Supply(config.Config{
			Addr: "127.0.0.1:0", RabbitMQURL: "amqp://127.0.0.1:1", RedisURL: "redis://127.0.0.1:1", Ground: "local",
			MasterSecret: []byte("a master secret of 32 bytes, yes"), EnrollmentKey: "a key for enrolment",
		}, zap.NewNop(), Ground{Name: Embedded}),
		fx.Provide(func() (store.Store, broker.Broker) { return memstore.New(memstore.Config{}), client }),
		Quiet, Module, fx.Populate(&k, &orders, &missions, &intake, &submissions),
	)
	if err := app.Err(); err != nil {
		t.Fatal(err)
	}
	made := map[string][]byte{"ticket": k.ticket, "marker": k.marker, "submission": k.submit, "order": k.order}
	for name, key := range made {
		if len(key) != 32 {
			t.Errorf("the %s key has %d bytes", name, len(key))
		}
		for other, same := range made {
			if name != other && bytes.Equal(key, same) {
				t.Errorf("the keys %s and %s are one", name, other)
			}
		}
	}
	for name, pair := range map[string][2][]byte{
		"orders are sealed": {orders.SealKey, k.order}, "markers are checked": {intake.MarkerKey, k.marker},
		"submissions are checked": {submissions.Key, k.submit},
	} {
		if !bytes.Equal(pair[0], pair[1]) {
			t.Errorf("%s with another key", name)
		}
	}
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := app.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	if got := tellUnknown(t, missions, k.order); got != "" {
		t.Errorf("a mission of an order of ours is refused as %s", got)
	}
	if got := tellUnknown(t, missions, k.ticket); got != mission.RefusedUnsealed {
		t.Errorf("a mission under another key's seal is refused as %q", got)
	}
}

// tellUnknown tells of a mission that the store, which is new, does not have. It returns why it is refused.
func tellUnknown(t *testing.T, missions *mission.Service, key []byte) mission.Refusal {
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	m := contracts.Mission{
		MissionID: id.String(), Name: "m", Kind: "k", Payload: []byte(`{}`), Priority: contracts.PriorityNormal, Squad: "default",
		Attempt: 1, MaxAttempts: 1, TimeoutSeconds: 60,
	}
	seal, err := mission.Seal(m, key)
	if err != nil {
		t.Fatal(err)
	}
	results, err := missions.Apply(t.Context(), []mission.Item{{Update: contracts.Update{
		Status: contracts.UpdateNoHandler, MissionID: m.MissionID, Attempt: 1, Mission: &m, Seal: seal,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return results[0].Refused
}
