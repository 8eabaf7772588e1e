package amqpbroker

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	amqp "github.com/rabbitmq/amqp091-go"
	"go.yaml.in/yaml/v3"

	"github.com/mission-control-dev/mission-control/contracts/topology"
)

func TestArguments(t *testing.T) {
	unlimited := topology.Queue{Name: "q", DeliveryLimit: topology.NoDeliveryLimit}
	orders := topology.Queue{Name: "q", DeliveryLimit: 1000, DeadLetterTo: "dead"}
	for name, c := range map[string]struct {
		queue   topology.Queue
		version int
		want    amqp.Table
	}{
		"before 4 there is no limit to switch off": {unlimited, 3, amqp.Table{"x-queue-type": "quorum"}},
		"since 4 there is":                         {unlimited, 4, amqp.Table{"x-queue-type": "quorum", "x-delivery-limit": int64(-1)}},
		"bounded": {
			topology.Queue{Name: "q", DeliveryLimit: topology.NoDeliveryLimit, MaxLength: 5}, 3,
			amqp.Table{"x-queue-type": "quorum", "x-max-length": int64(5), "x-overflow": "drop-head"},
		},
		"bounded in bytes": {
			topology.Queue{Name: "q", DeliveryLimit: topology.NoDeliveryLimit, MaxBytes: 5}, 3,
			amqp.Table{"x-queue-type": "quorum", "x-max-length-bytes": int64(5), "x-overflow": "reject-publish"},
		},
		"dead-lettering at least once": {orders, 3, amqp.Table{
			"x-queue-type": "quorum", "x-delivery-limit": int64(1000), "x-overflow": "reject-publish",
			"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead", "x-dead-letter-strategy": "at-least-once",
		}},
	} {
		if diff := cmp.Diff(c.want, arguments(c.queue, c.version)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestContractHasTheArguments: asyncapi.yaml tells other languages what commanders declare.
func TestContractHasTheArguments(t *testing.T) {
	b, err := os.ReadFile("../../asyncapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Channels map[string]struct {
			Address   string
			Arguments map[string]any `yaml:"x-arguments"`
			Since4    map[string]any `yaml:"x-arguments-rabbitmq-4"`
		}
	}
	if err := yaml.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	documented := map[string]map[int]map[string]any{}
	for _, c := range doc.Channels {
		if c.Arguments != nil {
			documented[c.Address] = map[int]map[string]any{3: c.Arguments, 4: c.Arguments}
			if c.Since4 != nil {
				documented[c.Address][4] = c.Since4
			}
		}
	}
	declared := map[string]map[int]map[string]any{}
	for _, q := range topology.Default().Queues {
		declared[q.Name] = map[int]map[string]any{}
		if strings.HasPrefix(q.Name, topology.Orders+".") { // asyncapi.yaml has one channel for them, and says so
			documented[q.Name] = documented[topology.Orders]
		}
		for _, version := range []int{3, 4} {
			args := map[string]any{}
			for name, value := range arguments(q, version) {
				if n, ok := value.(int64); ok {
					value = int(n) // as YAML has it
				}
				args[name] = value
			}
			declared[q.Name][version] = args
		}
	}
	if diff := cmp.Diff(declared, documented); diff != "" {
		t.Errorf("arguments by queue and RabbitMQ's major version (-declared +asyncapi.yaml):\n%s", diff)
	}
}

func TestServerVersion(t *testing.T) {
	for version, want := range map[string]int{"3.10.8": 3, "4.1.0": 4, "4.0.0-rc.1": 4, "": 0, "x.y": 0} {
		if got := serverVersion(amqp.Table{"version": version}); got != want {
			t.Errorf("serverVersion(%q) = %d, want %d", version, got, want)
		}
	}
	if got := serverVersion(nil); got != 0 {
		t.Errorf("serverVersion(nil) = %d, want 0", got)
	}
}

func TestDeclareError(t *testing.T) {
	mismatch := &amqp.Error{Code: amqp.PreconditionFailed, Reason: "PRECONDITION_FAILED - inequivalent arg 'x-delivery-limit' for queue 'orders_queue' in vhost '/': received '5' but current is '1000'"}
	for _, c := range []struct {
		err  error
		want []string
	}{
		{mismatch, []string{"queue orders_queue exists", "x-delivery-limit", "'5'", "'1000'", "rabbitmqctl delete_queue orders_queue"}},
		{&amqp.Error{Code: amqp.PreconditionFailed, Reason: "PRECONDITION_FAILED - invalid arg"}, []string{"queue orders_queue", "invalid arg"}},
		{&amqp.Error{Code: amqp.AccessRefused, Reason: "no"}, []string{"queue orders_queue", "403"}},
	} {
		got := declareError("orders_queue", c.err)
		for _, want := range c.want {
			if !strings.Contains(got.Error(), want) {
				t.Errorf("declareError(%v) = %q, lacks %q", c.err, got, want)
			}
		}
		if !errors.Is(got, c.err) {
			t.Errorf("declareError(%v) does not wrap it", c.err)
		}
	}
}
