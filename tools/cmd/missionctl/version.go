package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
)

// newVersion returns `missionctl version`.
func newVersion(io cliout.Streams, conn *connection) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the release of missionctl",
		Long:  "Print the release of missionctl, or dev where it was built from a working tree without one.",
		Example: `  missionctl version
  missionctl version --output json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			version := "dev"
			if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
				version = info.Main.Version
			}
			if conn.output == cliout.JSON {
				return cliout.WriteJSON(io.Out, map[string]string{"version": version})
			}
			_, err := fmt.Fprintln(io.Out, "missionctl", version)
			return err
		},
	}
}
