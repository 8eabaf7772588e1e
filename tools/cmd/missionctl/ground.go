package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
	"github.com/mission-control-dev/mission-control/tools/internal/ground"
)

// newGround returns `missionctl ground`.
func newGround(io cliout.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "ground",
		Short: "Tell whether `up` would take containers or local processes, and why",
		Long:  "Print compose or local: what `up` would take. The reason goes to standard error.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			chosen, why, err := ground.Choose(cmd.Context(), os.Getenv("GROUND"), ground.Exec)
			if err != nil {
				return cliout.Usage("%v", err)
			}
			fmt.Fprintln(io.Out, chosen)
			fmt.Fprintln(io.Err, why)
			return nil
		},
	}
}
