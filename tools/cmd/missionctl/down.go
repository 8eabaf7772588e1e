package main

import (
	"github.com/spf13/cobra"

	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
	"github.com/mission-control-dev/mission-control/tools/internal/up"
)

// newDown returns `missionctl down`.
func newDown(io cliout.Streams) *cobra.Command {
	var stateDir, projectDir string
	cmd := &cobra.Command{
		Use:   "down",
		Short: "Stop the stack that `up` runs",
		Long:  "Stop the stack that `up` runs, on either ground, and wait until everything has ended. The data stays.",
		Example: `  missionctl down
  missionctl down --state-dir /var/lib/mission-control`,
		Args:        cobra.NoArgs,
		Annotations: forPeople(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return up.Down(cmd.Context(), stateDir, projectDir, io.Out)
		},
	}
	s := settings{flags: cmd.Flags()}
	s.text(&stateDir, "state-dir", "MISSIONCTL_STATE_DIR", defaultStateDir, "the state folder that `up` was given")
	s.text(&projectDir, "project-dir", "MISSIONCTL_PROJECT_DIR", ".", "where compose.yaml lies")
	return cmd
}
