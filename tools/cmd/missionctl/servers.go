package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
	"github.com/mission-control-dev/mission-control/tools/internal/servers"
)

// newServers returns `missionctl servers`.
func newServers(io cliout.Streams, conn *connection) *cobra.Command {
	var install bool
	cmd := &cobra.Command{
		Use:   "servers",
		Short: "Check that RabbitMQ and Redis are installed, or install them",
		Long: `Check that RabbitMQ and Redis are installed. With --install, install what is missing: on Debian and Ubuntu, as root,
from the system's packages, without starting their services. Elsewhere it says what to install, and how.`,
		Example: `  missionctl servers
  missionctl servers --install`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if install {
				if err := servers.Install(cmd.Context(), io.Err); err != nil {
					return err
				}
			}
			if err := servers.Present("--install was not given"); err != nil {
				return err
			}
			if conn.output == cliout.JSON {
				return cliout.WriteJSON(io.Out, map[string][]string{"installed": {"redis-server", "rabbitmq-server"}})
			}
			fmt.Fprintln(io.Out, "redis-server and rabbitmq-server are installed")
			return nil
		},
	}
	cmd.Flags().BoolVar(&install, "install", false, "install what is missing")
	return cmd
}
