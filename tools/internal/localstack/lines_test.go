package localstack

import "testing"

func TestIsWarning(t *testing.T) {
	for _, tt := range []struct {
		part, line string
		want       bool
	}{
		{Commander, "2026-01-02T03:04:05.000Z\tINFO\tmessage\t{}", false},
		{Commander, "2026-01-02T03:04:05.000Z\twarn\tmessage", true},
		{Commander, "2026-01-02T03:04:05.000Z\tERROR\tmessage\t{}", true},
		{Commander, "warn of nothing", false},
		{"soldier-1", `{"level":"error","msg":"m"}`, true},
		{"soldier-1", `{"level":"info","msg":"warn"}`, false},
		{"soldier-1", `{"level":`, false},
		{"soldier-1", "", false},
		{Redis, "1:M 02 Jan 2026 03:04:05.000 # WARNING Memory overcommit must be enabled!", false},
		{RabbitMQ, "2026-01-02 03:04:05.000000+00:00 [warning] <0.1.0> closing AMQP connection", false},
		{RabbitMQ, "2026-01-02 03:04:05.000000+00:00 [error] <0.1.0> crash", true},
	} {
		if got := isWarning(tt.part, tt.line); got != tt.want {
			t.Errorf("%s %q: got %v", tt.part, tt.line, got)
		}
	}
}
