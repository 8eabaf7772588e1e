// Package traffic asks servers how many bytes they have read and written over the network.
package traffic

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/rueidis"

	"github.com/mission-control-dev/mission-control/contracts/broker/rabbitserver"
)

// Redis returns the bytes since the server started.
func Redis(ctx context.Context, addr string) (float64, error) {
	c, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{addr}, DisableCache: true, ForceSingleClient: true})
	if err != nil {
		return 0, fmt.Errorf("connecting to redis: %w", err)
	}
	defer c.Close()
	info, err := c.Do(ctx, c.B().Info().Section("stats").Build()).ToString()
	if err != nil {
		return 0, fmt.Errorf("asking redis for its traffic: %w", err)
	}
	return redisBytes(info), nil
}

func redisBytes(info string) float64 {
	var sum float64
	for line := range strings.Lines(info) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if name == "total_net_input_bytes" || name == "total_net_output_bytes" {
			n, _ := strconv.ParseFloat(value, 64) // the server's own
			sum += n
		}
	}
	return sum
}

// RabbitMQ returns the bytes of the connections that are open now, since they were opened. It takes one to three seconds.
func RabbitMQ(ctx context.Context, s *rabbitserver.Server) (float64, error) {
	said, err := s.Ctl(ctx, "--quiet", "list_connections", "recv_oct", "send_oct")
	if err != nil {
		return 0, fmt.Errorf("asking rabbitmq for its traffic: %w", err)
	}
	return rabbitBytes(said), nil
}

// rabbitBytes adds the numbers; the line of names has none.
func rabbitBytes(said string) float64 {
	var sum float64
	for field := range strings.FieldsSeq(said) {
		if n, err := strconv.ParseFloat(field, 64); err == nil {
			sum += n
		}
	}
	return sum
}
