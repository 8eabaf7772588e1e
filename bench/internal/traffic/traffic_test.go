package traffic

import "testing"

func TestWhatServersSay(t *testing.T) {
	if got := redisBytes("# Stats\r\ntotal_net_input_bytes:40\r\ntotal_net_output_bytes:2\r\ntotal_net_repl_output_bytes:7\r\n"); got != 42 {
		t.Errorf("redis: %v", got)
	}
	if got := rabbitBytes("recv_oct\tsend_oct\n30\t10\n1\t1\n"); got != 42 {
		t.Errorf("rabbitmq: %v", got)
	}
}
