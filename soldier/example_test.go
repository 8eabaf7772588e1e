package soldier_test

import (
	"context"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/mission-control-dev/mission-control/soldier"
)

// Greet is the payload of a mission of kind greet.
type Greet struct {
	Name string `json:"name"`
}

// Greeting is its result.
type Greeting struct {
	Text string `json:"text"`
}

// A whole worker: it carries out missions of kind greet until it is told to stop, by a signal or by an operator.
func Example() {
	s, err := soldier.New(soldier.Config{
		ID: "greeter-1", EnrollmentKey: os.Getenv("SOLDIER_ENROLLMENT_KEY"), RabbitMQURL: os.Getenv("RABBITMQ_URL"),
	})
	if err != nil {
		log.Fatal(err)
	}
	soldier.Handle(s, "greet", func(ctx context.Context, m soldier.Mission[Greet]) (Greeting, error) {
		if m.Payload.Name == "" {
			return Greeting{}, &soldier.Error{Code: "nobody", Message: "the payload needs a name"}
		}
		return Greeting{Text: "Hello, " + m.Payload.Name}, nil
	})
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := s.Run(ctx); err != nil { // until a signal, or missionctl soldiers drain greeter-1
		log.Fatal(err)
	}
}
