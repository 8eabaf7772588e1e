package amqpbroker

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/mission-control-dev/mission-control/contracts/broker"
)

// TestEncodeRefuses covers what would cost the connection if it reached the broker.
func TestEncodeRefuses(t *testing.T) {
	long := strings.Repeat("x", 256)
	for name, c := range map[string]struct {
		queue string
		m     broker.Message
	}{
		"no queue":            {"", broker.Message{}},
		"long queue":          {long, broker.Message{}},
		"long id":             {"q", broker.Message{ID: long}},
		"long type":           {"q", broker.Message{Type: long}},
		"long header name":    {"q", broker.Message{Headers: map[string]string{long: ""}}},
		"large headers":       {"q", broker.Message{Headers: map[string]string{"a": strings.Repeat("x", 64<<10)}}},
		"large body":          {"q", broker.Message{Body: make([]byte, 16<<20+1)}},
		"negative expiration": {"q", broker.Message{Expiration: -1}},
	} {
		if _, err := encode(c.queue, c.m, "c"); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestEncodeExpiration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "", 1: "1", time.Millisecond: "1", 1500 * time.Microsecond: "2", time.Hour: "3600000",
	} {
		p, err := encode("q", broker.Message{Expiration: d}, "c")
		if err != nil || p.Expiration != want {
			t.Errorf("expiration %v is sent as %q (%v), want %q", d, p.Expiration, err, want)
		}
	}
}

// TestDecode reads what others publish, RabbitMQ's own headers included.
func TestDecode(t *testing.T) {
	got := decode(&amqp.Delivery{
		MessageId:  "id",
		Expiration: "never",
		Headers:    amqp.Table{"a": "b", "x-delivery-count": int64(3), "x-death": []any{amqp.Table{}}},
	})
	want := broker.Message{ID: "id", Headers: map[string]string{"a": "b"}, Durability: broker.Transient}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
