package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
)

// newSubmit returns `missionctl submit`.
func newSubmit(streams cliout.Streams, conn *connection) *cobra.Command {
	var (
		kind, payload, key string
		priority, squad    string
		concurrencyKey     string
		uniqueKey          string
		labels             []string
		timeoutSeconds     int
		wait, noKey        bool
		when               timing
	)
	cmd := &cobra.Command{
		Use:   "submit NAME",
		Short: "Submit a mission",
		Long: "Submit a mission, and print it as the commander accepted it. With --wait, print it once it has ended,\n" +
			"and exit with 3 unless it is COMPLETED.\n\n" +
			"While Redis is away only what has no idempotency key is accepted, by RabbitMQ alone: see --no-key.",
		Example: `  missionctl submit "Recon over sector 7" --wait
  missionctl submit short --payload '{"min_seconds":0,"max_seconds":1,"failure_rate":0}'
  missionctl submit "Patrol" --label team:blue --label env:prod
  missionctl submit "Recon at dusk" --delay 1h --max-attempts 5 --retry-delay 30s --retry-factor 1.5
  missionctl submit "Rescue" --priority high
  missionctl submit "Sync" --concurrency-key customer-42
  missionctl submit "Render" --squad gpu
  missionctl submit "Nightly report" --unique-key nightly-report --deadline 6h
  jq .input job.json | missionctl submit resize --kind resize --payload -`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := readPayload(streams.In, payload)
			if err != nil {
				return err
			}
			labelled, err := readLabels(labels)
			if err != nil {
				return err
			}
			r := contracts.MissionRequest{
				Name: args[0], Kind: kind, Payload: body, Priority: contracts.Priority(priority), Squad: squad, Labels: labelled,
				TimeoutSeconds: timeoutSeconds, ConcurrencyKey: concurrencyKey, UniqueKey: uniqueKey,
			}
			if err := when.apply(cmd.Flags(), &r); err != nil {
				return err
			}
			c, err := conn.client(client.Retry{})
			if err != nil {
				return err
			}
			ctx, cancel := conn.call(cmd.Context())
			defer cancel()
			m, err := c.Submit(ctx, r, client.SubmitOptions{IdempotencyKey: key, NoKey: noKey})
			if err != nil {
				return err
			}
			if !wait {
				return printMission(streams.Out, conn.output, m)
			}
			if conn.output == cliout.Table {
				fmt.Fprintf(streams.Err, "accepted as %s, waiting for its end\n", m.MissionID)
			}
			ctx, cancel = conn.follow(cmd.Context())
			defer cancel()
			if m, err = c.Wait(ctx, m.MissionID); err != nil {
				return err
			}
			if err := printMission(streams.Out, conn.output, m); err != nil {
				return err
			}
			return verdictOf(m.Mission)
		},
	}
	f := cmd.Flags()
	f.StringVar(&kind, "kind", "", "which handler carries it out (default simulate)")
	f.StringVar(&payload, "payload", "", "the handler's input, a JSON object: itself, @FILE, or - for standard input")
	f.StringVar(&priority, "priority", "", "which missions go first, where several wait: high, normal or low (default normal)")
	f.StringVar(&squad, "squad", "", "whose soldiers carry it out (default the squad default)")
	f.StringVar(&uniqueKey, "unique-key", "", "submit only while no other mission that has not ended has this key; at most 200 bytes")
	f.StringArrayVar(&labels, "label", nil, "a label, KEY:VALUE; may be repeated")
	f.StringVar(&concurrencyKey, "concurrency-key", "",
		"run one at a time with all others of this key, or as many as its limit says: see missionctl limits")
	f.IntVar(&timeoutSeconds, "timeout-seconds", 0, "bounds one attempt, 1 to 86400 (default 300)")
	when.flags(cmd)
	f.StringVar(&key, "idempotency-key", "",
		"submit once under this key, however often the command is repeated within 24 hours (default a random one)")
	f.BoolVar(&noKey, "no-key", false,
		"send no idempotency key: accepted also while Redis is away, and not repeated when no answer comes")
	cmd.MarkFlagsMutuallyExclusive("idempotency-key", "no-key")
	f.BoolVar(&wait, "wait", false, "wait until the mission has ended")
	return cmd
}

// readLabels reads labels as KEY:VALUE; nil for none.
func readLabels(args []string) (map[string]string, error) {
	var labels map[string]string
	for _, arg := range args {
		l, err := readLabel(arg)
		if err != nil {
			return nil, err
		}
		if _, twice := labels[l.Key]; twice {
			return nil, cliout.Usage("--label gives %s twice", cliout.Plain(l.Key))
		}
		if labels == nil {
			labels = map[string]string{}
		}
		labels[l.Key] = l.Value
	}
	return labels, nil
}

func readLabel(arg string) (contracts.Label, error) {
	l, err := contracts.ParseLabel(arg)
	if err != nil {
		return l, cliout.Usage("--%v, got %s", err, cliout.Cut(cliout.Plain(arg), 60))
	}
	return l, nil
}

// readPayload reads JSON from where arg says; nil for none.
func readPayload(in io.Reader, arg string) (json.RawMessage, error) {
	var b []byte
	var err error
	switch {
	case arg == "":
		return nil, nil
	case arg == "-":
		b, err = io.ReadAll(in)
	case strings.HasPrefix(arg, "@"):
		b, err = os.ReadFile(arg[1:])
	default:
		b = []byte(arg)
	}
	if err != nil {
		return nil, cliout.Usage("--payload can't be read: %v", err)
	}
	b = bytes.TrimSpace(b)
	if !json.Valid(b) || b[0] != '{' {
		return nil, cliout.Usage(`--payload must be a JSON object such as '{"min_seconds":1}', got %s`,
			cliout.Cut(cliout.Plain(string(b)), 60))
	}
	return b, nil
}

// verdictOf returns an error unless the mission, which has ended, did so well.
func verdictOf(m contracts.Mission) error {
	switch {
	case m.Status == contracts.StatusCompleted:
		return nil
	case m.Error != nil:
		return cliout.Verdict("mission %s is %s: %s", m.MissionID, m.Status, cliout.Plain(m.Error.Message))
	}
	return cliout.Verdict("mission %s is %s", m.MissionID, m.Status)
}
