package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
	"github.com/mission-control-dev/mission-control/tools/internal/ground"
	"github.com/mission-control-dev/mission-control/tools/internal/servers"
	"github.com/mission-control-dev/mission-control/tools/internal/up"
)

// newGround returns `missionctl ground`.
func newGround(io cliout.Streams, conn *connection) *cobra.Command {
	return &cobra.Command{
		Use:   "ground",
		Short: "Tell whether `up` would take containers, local processes or this one, and why",
		Long:  "Print compose, local or embedded: what `up` would take. The reason goes to standard error.",
		Example: `  missionctl ground
  missionctl ground --output json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			chosen, why, err := ground.Choose(cmd.Context(), os.Getenv("GROUND"), ground.Exec, lacking(up.InstallMissing))
			if err != nil {
				return cliout.Usage("%v", err)
			}
			if conn.output == cliout.JSON {
				return cliout.WriteJSON(io.Out, map[string]string{"ground": string(chosen), "reason": why})
			}
			fmt.Fprintln(io.Out, chosen)
			fmt.Fprintln(io.Err, why)
			return nil
		},
	}
}

// lacking asks this machine why it has no servers and can't get them.
func lacking(policy up.InstallPolicy) func() string {
	return func() string { return brief(up.Obtainable(policy)) }
}

// brief is why servers are missing; empty where the error, if any, is another.
func brief(err error) string {
	if missing, ok := errors.AsType[*servers.MissingError](err); ok {
		return missing.Brief()
	}
	return ""
}
