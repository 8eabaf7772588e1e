package localstack

import "testing"

func TestWarning(t *testing.T) {
	for _, tt := range []struct{ part, line, want string }{
		{Commander, "2026-01-02T03:04:05.000Z\tINFO\tmessage\t{}", ""},
		{Commander, "2026-01-02T03:04:05.000Z\twarn\tmessage", "warn  message"},
		{Commander, "2026-01-02T03:04:05.000Z\tERROR\tmessage\t{\"a\": 1}", "ERROR  message  {\"a\": 1}"},
		{Commander, "warn of nothing", ""},
		{"soldier-1", `{"level":"error","msg":"m"}`, `{"level":"error","msg":"m"}`},
		{"soldier-1", `{"level":"info","msg":"warn"}`, ""},
		{"soldier-1", `{"level":`, ""},
		{"soldier-1", "", ""},
		{Redis, "1:M 02 Jan 2026 03:04:05.000 # WARNING Memory overcommit must be enabled!", ""},
		{RabbitMQ, "2026-01-02 [warning] <0.1.0> closing AMQP connection", ""},
		{RabbitMQ, "2026-01-02 [error] <0.1.0> crash", ""},
		{RabbitMQ, "2026-01-02 [info] <0.1.0> Running boot step rabbit_alarm", ""},
		{RabbitMQ, "2026-01-02 [warning] <0.1.0> memory resource limit alarm set", "2026-01-02 [warning] <0.1.0> memory resource limit alarm set"},
	} {
		if got := warning(tt.part, tt.line); got != tt.want {
			t.Errorf("%s %q: got %q", tt.part, tt.line, got)
		}
	}
}
