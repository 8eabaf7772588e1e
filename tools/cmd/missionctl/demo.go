package main

import (
	"github.com/spf13/cobra"

	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
	"github.com/mission-control-dev/mission-control/tools/internal/up"
)

// newDemo returns `missionctl demo`.
func newDemo(io cliout.Streams) *cobra.Command {
	cfg := up.EmbeddedConfig{
		Why:  "nothing to install, nothing left behind",
		Real: "The real thing, on RabbitMQ and Redis, is ./task up.",
	}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run the whole stack in this one process, without RabbitMQ and Redis",
		Long: `Run the commander, soldiers and the dashboard in this one process until Ctrl-C, with a broker and a store in memory.
It needs no server and writes no file. Missions live only as long as the process. Every flag's default comes from the
environment variable in brackets, where that is set; LOG_LEVEL=info shows more.`,
		Example: `  missionctl demo
  missionctl demo --soldiers 8 --commander-addr 127.0.0.1:8081`,
		Args:        cobra.NoArgs,
		Annotations: forPeople(),
		RunE:        func(cmd *cobra.Command, _ []string) error { return up.Embedded(cmd.Context(), cfg, io.Out) },
	}
	s := settings{flags: cmd.Flags()}
	s.addresses(&cfg.CommanderAddr, &cfg.DashboardAddr)
	s.number(&cfg.Soldiers, "soldiers", localstack.EnvSoldiers, 3, "how many soldiers run")
	cmd.PreRunE = func(*cobra.Command, []string) error { return s.err }
	return cmd
}
