package client_test

import (
	"context"
	"errors"
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

// Submit missions together, and take them as they end. The key makes it safe to do all of it again after a crash: the
// same missions are found, and those that have ended come at once.
func ExampleClient_WaitAll() {
	c, err := client.New(client.Config{})
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	covers := []contracts.MissionRequest{{Name: "cover 1", Kind: "resize"}, {Name: "cover 2", Kind: "resize"}}
	b, err := c.SubmitBatch(ctx, covers, client.SubmitOptions{IdempotencyKey: "covers-of-monday"})
	if err != nil {
		log.Fatal(err)
	}
	var ids []string
	for _, m := range b.Missions {
		ids = append(ids, m.MissionID)
	}
	for m, err := range c.WaitAll(ctx, ids...) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(m.Name, m.Status, string(m.Result))
	}
}

// Take the failures of a kind, newest first, and stop after ten.
func ExampleClient_List() {
	c, err := client.New(client.Config{})
	if err != nil {
		log.Fatal(err)
	}
	n := 0
	for m, err := range c.List(context.Background(), client.ListOptions{Kind: "resize", Status: contracts.StatusFailed}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(m.MissionID, m.Error.Message)
		if n++; n == 10 {
			break
		}
	}
}

// Tell a refusal from a commander that is away.
func ExampleProblem() {
	c, err := client.New(client.Config{})
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.Cancel(context.Background(), "0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b")
	var refused *client.Problem
	switch {
	case errors.As(err, &refused) && refused.Code == "wrong_status":
		fmt.Println("it had ended before")
	case client.Temporary(err):
		fmt.Println("try again later:", err)
	case err != nil:
		log.Fatal(err)
	}
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
