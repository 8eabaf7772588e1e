package client_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
)

// Submit a mission and wait for its end. A commander that restarts meanwhile is waited for.
func Example() {
	c, err := client.New(client.Config{BaseURL: "http://127.0.0.1:8080"})
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	m, err := c.Submit(ctx, contracts.MissionRequest{Name: "recon over sector 7"}, client.SubmitOptions{})
	if err != nil {
		log.Fatal(err)
	}
	m, err = c.Wait(ctx, m.MissionID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.Status)
}

// Submit a mission that starts in an hour, and whose attempts are a minute apart.
func ExampleClient_Submit_later() {
	c, err := client.New(client.Config{})
	if err != nil {
		log.Fatal(err)
	}
	hour, minute, steadily := 3600, 60, 1.0
	m, err := c.Submit(context.Background(), contracts.MissionRequest{
		Name: "sync", DelaySeconds: &hour, MaxAttempts: 5,
		Retry: &contracts.RetryRequest{DelaySeconds: &minute, Factor: &steadily},
	}, client.SubmitOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.Status, m.RunAt)
}

// Follow all missions as they change.
func ExampleClient_Events() {
	c, err := client.New(client.Config{})
	if err != nil {
		log.Fatal(err)
	}
	for e, err := range c.Events(context.Background(), client.EventsOptions{}) {
		if err != nil {
			log.Fatal(err)
		}
		switch e.Type {
		case client.EventMission:
			m, err := e.Mission()
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println(m.MissionID, m.Status)
		case client.EventReset:
			// Changes were missed: list the missions again.
		}
	}
}
